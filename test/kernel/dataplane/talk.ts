/** A live connection between two namespaces, watched: `talk.py` at both ends. I/O. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./talk.py', import.meta.url));

export interface Talk extends Disposable {
  /** True when the client hears of the server again and again within `ms`, and never misses it. */
  isAlive(ms?: number): Promise<boolean>;
  /** True once the client has heard nothing for `ms`; false when that does not come true within `limitMs`. */
  isCut(limitMs?: number, ms?: number): Promise<boolean>;
  /** True once the client hears of the server again; TCP may take seconds to try. */
  isBack(limitMs?: number): Promise<boolean>;
}

export interface TalkOptions {
  readonly kind?: 'tcp' | 'udp-stream';
  readonly port: number;
  /** Where the client finds the server, if not at the address that the server has. */
  readonly via?: string;
}

/** `server` and `client` are names of network namespaces. */
export async function talk(client: string, server: string, address: string, options: TalkOptions): Promise<Talk> {
  const { kind = 'tcp', port, via = address } = options;
  const answering = start(server, 'server', kind, address, port);
  await firstLine(answering);
  const asking = start(client, 'client', kind, via, port);
  const heard: { readonly word: string; readonly atMs: number }[] = [];
  asking.stdout?.setEncoding('utf8').on('data', (text: string) => {
    for (const word of text.split('\n').filter(Boolean)) heard.push({ word, atMs: performance.now() });
  });
  await firstLine(asking).catch(() => undefined); // what it hears, or that it hears nothing; one that is not let in says nothing
  const since = (atMs: number) => heard.filter((one) => one.atMs >= atMs).map(({ word }) => word);
  return {
    async isAlive(ms = 1000) {
      const startMs = performance.now();
      await pause(ms);
      const words = since(startMs);
      return words.length > 3 && words.every((word) => word === 'ok');
    },
    async isCut(limitMs = 10_000, ms = 700) {
      const endMs = performance.now() + limitMs + ms;
      while (performance.now() < endMs) {
        await pause(50);
        if (!since(performance.now() - ms).includes('ok')) return true;
      }
      return false;
    },
    async isBack(limitMs = 10_000) {
      const startMs = performance.now();
      while (performance.now() < startMs + limitMs) {
        await pause(50);
        if (since(startMs).includes('ok')) return true;
      }
      return false;
    },
    [Symbol.dispose]() {
      asking.kill('SIGKILL');
      answering.kill('SIGKILL');
    },
  };
}

function start(namespace: string, ...args: readonly (string | number)[]): ChildProcess {
  const command = ['netns', 'exec', namespace, 'python3', script, ...args.map(String)];
  return spawn('ip', command, { stdio: ['ignore', 'pipe', 'ignore'] });
}

function firstLine(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', () => reject(new Error('ended before it was ready')));
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
