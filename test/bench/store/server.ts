/**
 * The two servers that are compared, each a process of its own over a directory of its own on the same disk, and what the kernel says of
 * them. Both sync every write before they answer; `rest.ts` counts it. I/O.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { load } from './load.ts';

export type ServerName = 'ours' | 'etcd';

const root = join(import.meta.dirname, '../../..');
const startMsMax = 120_000;
const clockTicksPerSecond = 100;

/** A running server. */
export class Server {
  readonly name: ServerName;
  readonly directory: string;
  /** `host:port`, the same after a restart. */
  readonly target: string;
  /** From the start of the process to its first answer. */
  startMs = 0;
  #child: ChildProcess | undefined;

  constructor(name: ServerName, directory: string, target: string) {
    this.name = name;
    this.directory = directory;
    this.target = target;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  /** Starts over what the directory holds; resolves at the first answer. */
  async start(): Promise<void> {
    const startedMs = performance.now();
    const log = openSync(join(this.directory, 'output'), 'a');
    const { command, args, env } = this.name === 'ours' ? this.#ours() : this.#etcd();
    this.#child = spawn(command, args, { stdio: ['ignore', log, log], env: { ...process.env, ...env } });
    while (!(await accepts(this.target))) {
      if (this.#child.exitCode !== null || performance.now() - startedMs > startMsMax)
        throw new Error(`${this.name} does not start: ${readFileSync(join(this.directory, 'output'), 'utf8')}`);
      await sleep(2);
    }
    await load('status', this.target, {});
    this.startMs = performance.now() - startedMs;
  }

  async stop(): Promise<void> {
    const child = this.#child!;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await gone;
    }
  }

  /** Processor time used so far. */
  cpuSeconds(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond;
  }

  /** True while a tracer is attached to every thread. */
  isTraced(): boolean {
    const tracers = readdirSync(`/proc/${this.pid}/task`).map((id) =>
      readFileSync(`/proc/${this.pid}/task/${id}/status`, 'utf8'),
    );
    return tracers.every((status) => !/^TracerPid:\s+0$/m.test(status));
  }

  /** Memory now and at most so far, MiB. */
  memory(): { readonly rss: number; readonly pss: number; readonly peak: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const rollup = readFileSync(`/proc/${this.pid}/smaps_rollup`, 'utf8');
    return { rss: mib(status, 'VmRSS'), pss: mib(rollup, 'Pss'), peak: mib(status, 'VmHWM') };
  }

  /** What the server keeps on disk, MiB really allotted. */
  databaseMib(): number {
    return allotted(join(this.directory, 'data')) / 1024 / 1024;
  }

  #ours() {
    mkdirSync(join(this.directory, 'data'), { recursive: true });
    const env = {
      CALICO_CONFIG_DIR: this.directory,
      CALICO_DATA_DIR: join(this.directory, 'data'),
      CALICO_RUN_DIR: this.directory,
      CALICO_ETCD_LISTEN: `http://${this.target}`,
      CALICO_LOG_LEVEL: 'warn',
    };
    return { command: join(root, 'bin/calico-apiserver'), args: [], env };
  }

  #etcd() {
    const peer = 'http://127.0.0.1:0';
    const args = ['--data-dir', join(this.directory, 'data'), '--log-level', 'error', '--logger', 'zap'];
    args.push('--listen-client-urls', `http://${this.target}`, '--advertise-client-urls', `http://${this.target}`);
    args.push('--listen-peer-urls', peer, '--quota-backend-bytes', String(8 * 2 ** 30));
    return { command: 'etcd', args, env: {} };
  }
}

/** Starts a server over an empty directory below `parent`. */
export async function startServer(name: ServerName, parent: string): Promise<Server> {
  const directory = join(parent, `${name}-${process.hrtime.bigint()}`);
  mkdirSync(directory);
  const server = new Server(name, directory, `127.0.0.1:${await freePort()}`);
  await server.start();
  return server;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function accepts(target: string): Promise<boolean> {
  const [host, port] = target.split(':') as [string, string];
  return new Promise((resolve) => {
    const socket = connect(Number(port), host);
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}

function mib(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1024;
}

function allotted(path: string): number {
  const entry = statSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return 0;
  if (!entry.isDirectory()) return entry.blocks * 512;
  return readdirSync(path).reduce((sum, name) => sum + allotted(join(path, name)), 0);
}
