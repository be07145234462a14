/** Runs the linearizability checker (`checker/`, Go, on porcupine); builds it when it is not there as it stands in the sources. I/O. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { CheckerInput } from './rules/judge.ts';

/** `unknown` when the search ran out of time. */
export interface Verdict {
  readonly result: 'Ok' | 'Illegal' | 'Unknown';
  readonly operations: number;
  readonly millis: number;
}

const sources = join(import.meta.dirname, 'checker');
const cache = join(import.meta.dirname, '../../node_modules/.cache/robustness');

/** The checker's verdict; `picture` names a file for porcupine's drawing of the history. */
export async function checkLinearizable(input: CheckerInput, picture?: string): Promise<Verdict> {
  const program = await buildChecker();
  const { stdout } = await execa(program, picture === undefined ? [] : [picture], { input: JSON.stringify(input) });
  return JSON.parse(stdout) as Verdict;
}

let built: Promise<string> | undefined;

/** The path of the built checker, the same for all who ask. Needs Go, and its module proxy the first time. */
export function buildChecker(): Promise<string> {
  built ??= build();
  return built;
}

async function build(): Promise<string> {
  const program = join(cache, `checker-${digest()}`);
  if (!existsSync(program)) {
    // Elsewhere first: another run may build at the same time.
    const fresh = `${program}.${process.pid}`;
    await execa('go', ['build', '-o', fresh, '.'], { cwd: sources, env: { GOFLAGS: '-mod=readonly -buildvcs=false' } });
    await rename(fresh, program);
  }
  return program;
}

function digest(): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(sources).sort()) hash.update(name).update(readFileSync(join(sources, name)));
  return hash.digest('hex').slice(0, 16);
}
