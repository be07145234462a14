/** Starts the two daemons in a namespace of their own over a given folder, and asks them and /proc how they are. I/O. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { openEtcdStore } from '#appliance/datastore/etcd/open.ts';
import type { PutOp } from '#appliance/datastore/store.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { getJson } from '../../tools/get-json.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What we need of a started process. */
interface Child extends PromiseLike<unknown> {
  readonly pid?: number | undefined;
  kill(signal: NodeJS.Signals): boolean;
}

export interface PassFigures {
  readonly operations: number;
  readonly bytes: number;
  readonly kernelMs: number;
  readonly totalMs: number;
}

export interface Daemons {
  readonly coldStartMs: number;
  put(op: PutOp): Promise<number>;
  remove(key: string): Promise<number>;
  wait(revision: number): Promise<void>;
  lastPass(): Promise<PassFigures>;
  passText(): Promise<string>;
  memoryText(): Promise<string>;
  pids(): { readonly node: number; readonly apiserver: number };
  /** The longest since the last call, in milliseconds. */
  takeStallMs(): Promise<number>;
  cpuSeconds(): { node: number; apiserver: number };
  [Symbol.asyncDispose](): Promise<void>;
}

/** `settings`: more of the environment. */
export async function startDaemons(folder: string, settings: Record<string, string> = {}): Promise<Daemons> {
  const namespace = `cb${randomBytes(3).toString('hex')}`;
  const runDir = join(folder, 'run');
  const env = {
    CALICO_RUN_DIR: runDir,
    CALICO_DATA_DIR: join(folder, 'data'),
    CALICO_CONFIG_DIR: join(folder, 'config'),
    CALICO_LOG_LEVEL: 'warn',
    CALICO_NETWORKING_BACKEND: 'none',
    NODENAME: 'bench',
    ...settings,
  };
  await execa('ip', ['netns', 'add', namespace]);
  const start = (program: string) =>
    execa('ip', ['netns', 'exec', namespace, join(root, 'bin', program)], {
      env,
      stdout: 'inherit',
      stderr: 'inherit',
      reject: false,
    });
  const apiserver = start('calico-apiserver');
  const nodeSocket = join(runDir, 'node.sock');
  await until(() => getJson(join(runDir, 'api.sock'), '/readyz'));
  const store = openEtcdStore({ endpoints: [`unix:${join(runDir, 'etcd.sock')}`], log: silentLogger });
  const { current } = await store.revisions();
  const started = performance.now();
  const node = start('calico-node');
  await until(() => getJson(nodeSocket, `/wait?revision=${current}&timeoutMs=300000`));
  const coldStartMs = performance.now() - started;
  const status = () => getJson(nodeSocket, '/status') as Promise<{ lastPass: PassFigures; eventLoopStallMs: number }>;

  return {
    coldStartMs,
    put: async (op) => (await store.put(op.key, op.value)).revision,
    remove: async (key) => (await store.delete({ key: Buffer.from(key) })).revision,
    async wait(revision) {
      await getJson(nodeSocket, `/wait?revision=${revision}`);
    },
    lastPass: async () => (await status()).lastPass,
    async passText() {
      const { operations, bytes, kernelMs, totalMs } = (await status()).lastPass;
      return `last pass: ${totalMs.toFixed(0)} ms, of which kernel ${kernelMs.toFixed(0)} ms; ${operations} operations, ${bytes} bytes`;
    },
    memoryText: async () => `agent ${memory(node)}, API server ${memory(apiserver)}`,
    pids: () => ({ node: node.pid!, apiserver: apiserver.pid! }),
    takeStallMs: async () =>
      ((await getJson(nodeSocket, '/status?resetStall=1')) as { eventLoopStallMs: number }).eventLoopStallMs,
    cpuSeconds: () => ({ node: cpuSeconds(node), apiserver: cpuSeconds(apiserver) }),
    async [Symbol.asyncDispose]() {
      await store.close();
      for (const child of [node, apiserver]) child.kill('SIGTERM');
      await Promise.all([node, apiserver]);
      await execa('ip', ['netns', 'del', namespace], { reject: false });
    },
  };
}

/** `ip netns exec` and the launchers exec, so the child's pid is the daemon's. */
function memory(child: Child): string {
  const text = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const mib = (name: string) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1] ?? 0) / 1024);
  return `${mib('VmRSS')} MiB (peak ${mib('VmHWM')})`;
}

function cpuSeconds(child: Child): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function until(attempt: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + 300_000;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(5);
    }
  }
}
