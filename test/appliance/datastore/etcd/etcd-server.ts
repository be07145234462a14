/** A real etcd on loopback with a directory of its own, that a test can kill, freeze and start again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface EtcdServer extends AsyncDisposable {
  readonly endpoint: string;
  /** Starts it again on the same address and data. */
  start(): Promise<void>;
  /** SIGKILL, or another signal; resolves when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  freeze(): void;
  thaw(): void;
}

export interface EtcdServerOptions {
  /** Loopback of either family. */
  readonly host?: '127.0.0.1' | '[::1]';
  readonly scheme?: 'http' | 'https';
  /** Further flags, as certificates. */
  readonly flags?: readonly string[];
}

/**
 * Starts an etcd; resolves once it serves: one that is killed before it has stored its own membership never serves again. A port that was free a
 * moment ago may be taken by then, so one that ends at once is started anew on others.
 */
export async function startEtcd(options: EtcdServerOptions = {}): Promise<EtcdServer> {
  for (let attempt = 1; ; attempt++) {
    const server = await tryStartEtcd(options).catch((error: unknown) => error as Error);
    if (!(server instanceof Error)) return server;
    if (attempt === 3) throw server;
  }
}

async function tryStartEtcd(options: EtcdServerOptions): Promise<EtcdServer> {
  const { host = '127.0.0.1', scheme = 'http', flags = [] } = options;
  const directory = await mkdtemp(join(tmpdir(), 'calico-test-etcd-'));
  const [clientPort, peerPort, healthPort] = [await freePort(), await freePort(), await freePort()];
  const endpoint = `${scheme}://${host}:${clientPort}`;
  let child: ChildProcess | undefined;
  const server: EtcdServer = {
    endpoint,
    async start() {
      const arguments_ = etcdArguments(directory, endpoint, `http://127.0.0.1:${peerPort}`);
      const health = ['--listen-metrics-urls', `http://127.0.0.1:${healthPort}`];
      child = spawn('etcd', [...arguments_, ...health, ...flags], { stdio: 'ignore' });
      await unlessGone(child, accepting(clientPort, host));
    },
    async kill(signal = 'SIGKILL') {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGCONT');
      child.kill(signal);
      await gone;
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      await server.kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
  try {
    await server.start();
    await unlessGone(child!, serving(healthPort));
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

/** Starts three that are one cluster; resolves once it serves. */
export async function startCluster(): Promise<EtcdServer[]> {
  const peers = await Promise.all([freePort(), freePort(), freePort()]);
  const url = (port: number) => `http://127.0.0.1:${port}`;
  const members = peers.map((port, i) => `m${i}=${url(port)}`).join(',');
  const flagsOf = (port: number, i: number) => [
    ...['--name', `m${i}`, '--initial-cluster', members, '--heartbeat-interval', '50', '--election-timeout', '500'],
    ...['--listen-peer-urls', url(port), '--initial-advertise-peer-urls', url(port)],
  ];
  return Promise.all(peers.map((port, i) => startEtcd({ flags: flagsOf(port, i) })));
}

function etcdArguments(directory: string, client: string, peer: string): string[] {
  return [
    ...['--data-dir', join(directory, 'data'), '--name', 'test', '--logger', 'zap'],
    ...['--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `test=${peer}`],
  ];
}

/** A port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Rejects when the process ends before. */
async function unlessGone(child: ChildProcess, waiting: Promise<void>): Promise<void> {
  const ended = new Promise<never>((_resolve, reject) => child.once('exit', () => reject(new Error('etcd ended'))));
  ended.catch(() => undefined); // most end long after anybody waits
  await Promise.race([waiting, ended]);
}

async function accepting(port: number, host: string): Promise<void> {
  for (let attempts = 0; attempts < 400; attempts++) {
    if (await canConnect(port, host)) return;
    await sleep(25);
  }
  throw new Error(`nobody listens on port ${port}`);
}

async function serving(healthPort: number): Promise<void> {
  for (let attempts = 0; attempts < 1_200; attempts++) {
    const answer = await fetch(`http://127.0.0.1:${healthPort}/health`).catch(() => undefined);
    if (answer?.ok === true) return;
    await sleep(25);
  }
  throw new Error('etcd does not come to serve');
}

function canConnect(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, host.replace(/[[\]]/g, ''));
    const answer = (connected: boolean) => {
      socket.destroy();
      resolve(connected);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}
