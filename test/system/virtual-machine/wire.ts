/** Looks at what is on the wire between hosts of a lab while something is done. I/O. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestNamespace } from '../../kernel/netlink/namespace.ts';

export interface Seen {
  readonly wireguard: number;
  readonly vxlan: number;
  readonly ipip: number;
  /** Echo requests and answers, as such. */
  readonly icmp: number;
  readonly tcp: number;
  /** Frames of any kind that hold the text. */
  readonly readable: number;
}

/** What passes `link` of a namespace while `work` is done and a second more. */
export async function watchWire(
  namespace: TestNamespace,
  link: string,
  text: string,
  seconds: number,
  work: () => Promise<unknown>,
): Promise<Seen> {
  const program = ['netns', 'exec', namespace.name, 'python3', join(import.meta.dirname, 'sniff.py')];
  const child = spawn('ip', [...program, link, String(seconds), text], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  await work();
  const { value } = await lines.next();
  if (child.exitCode === null) await once(child, 'exit');
  return JSON.parse(String(value));
}
