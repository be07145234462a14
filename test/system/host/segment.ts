/**
 * A network segment for hosts under test: a bridge in a network namespace of its own, with an address from which a test looks at the hosts. I/O.
 * Nothing of this machine's own network is touched; when the namespace goes, all of it goes.
 */
import { execa } from 'execa';

const commandMsMax = 20_000;
export const gateway = '10.77.0.1';

export interface Segment {
  /** Of the namespace. */
  readonly path: string;
  readonly bridge: string;
  /** Runs a command where the bridge is; its stdout. */
  run(command: string, ...words: string[]): Promise<string>;
  close(): Promise<void>;
}

export async function createSegment(): Promise<Segment> {
  const name = `calico-segment-${process.pid}`;
  const path = `/run/netns/${name}`;
  const bridge = 'br0';
  await ip('netns', 'add', name);
  const run = async (command: string, ...words: string[]) =>
    (await execa('nsenter', [`--net=${path}`, command, ...words], { stdin: 'ignore', timeout: commandMsMax })).stdout;
  await run('ip', 'link', 'set', 'lo', 'up');
  await run('ip', 'link', 'add', bridge, 'type', 'bridge', 'forward_delay', '0');
  await run('ip', 'address', 'add', `${gateway}/24`, 'dev', bridge);
  await run('ip', 'link', 'set', bridge, 'up');
  return { path, bridge, run, close: () => ip('netns', 'delete', name) };
}

async function ip(...words: string[]): Promise<void> {
  await execa('ip', words, { stdin: 'ignore', timeout: commandMsMax });
}
