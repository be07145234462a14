/** Runs `prober.ts` on a segment while a test does something to a host, and reads what it saw. I/O. */
import { join } from 'node:path';
import { execa } from 'execa';
import { root } from '../../../tools/quickstart/playground.ts';
import type { Segment } from './segment.ts';

const probeMsMax = 240_000;

export interface Seen {
  readonly asked: number;
  readonly answered: number;
  readonly silent: number;
  readonly firstMs?: number;
  readonly lastMs?: number;
  readonly gapMs: number;
}

/** What was heard of each port of `address` while `work` ran. */
export async function probeDuring(
  segment: Segment,
  address: string,
  ports: readonly (number | `flow:${number}`)[],
  work: () => Promise<void>,
): Promise<Readonly<Record<string, Seen>>> {
  const words = [`--net=${segment.path}`, process.execPath, join(root, 'test/system/host/prober.ts'), address];
  const prober = execa('nsenter', [...words, ...ports.map(String)], {
    stdin: 'ignore',
    timeout: probeMsMax,
    reject: false,
  });
  try {
    await work();
  } finally {
    prober.kill('SIGTERM');
  }
  const { stdout, stderr } = await prober;
  if (stdout === '') throw new Error(`the prober said nothing: ${stderr}`);
  return JSON.parse(stdout);
}
