/**
 * The quickstart's playground: a namespace that is the host, one for each workload, the two daemons running inside the host's. I/O.
 * Everything has a random name and goes away with it; the machine's own network is never touched.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { getJson } from '../get-json.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface WorkloadSpec {
  readonly name: string;
  readonly interfaceName: string;
  readonly addresses: readonly string[];
  readonly ports: readonly number[];
}

/** What we need of a started process. */
interface Child extends PromiseLike<unknown> {
  kill(signal: NodeJS.Signals): boolean;
}

export type Daemon = 'calico-apiserver' | 'calico-node';

export interface Playground {
  readonly hostNamespace: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Runs calicoctl and returns what it printed. */
  calicoctl(...args: string[]): Promise<string>;
  /** Waits until the kernel has everything the store has now. */
  settled(): Promise<void>;
  /** Opens a TCP connection from a workload; whether it was answered. */
  connect(from: string, address: string, port: number): Promise<boolean>;
  /** Ends a daemon with `signal`, waits for its end, starts it again; does not wait until it is of use. */
  restart(daemon: Daemon, signal: NodeJS.Signals): Promise<void>;
  /** Waits until both daemons answer. */
  ready(): Promise<void>;
  /** Packets counted so far, by the counter's name (which is the policy's). */
  counters(): Promise<ReadonlyMap<string, number>>;
  close(): Promise<void>;
}

export async function openPlayground(workloads: readonly WorkloadSpec[]): Promise<Playground> {
  const id = randomBytes(3).toString('hex');
  const hostNamespace = `cq${id}-host`;
  const namespaces = [hostNamespace, namespaceOf('outside'), ...workloads.map((w) => namespaceOf(w.name))];
  const folder = mkdtempSync(join(tmpdir(), 'calico-quickstart-'));
  const environment = {
    CALICO_RUN_DIR: join(folder, 'run'),
    CALICO_DATA_DIR: join(folder, 'data'),
    CALICO_CONFIG_DIR: join(folder, 'config'),
    CALICO_LOG_LEVEL: 'warn',
    CALICO_NETWORKING_BACKEND: 'none',
    NODENAME: 'quickstart',
  };
  const children: Child[] = [];
  const daemons = new Map<Daemon, Child>();
  const players = new Map<string, ReturnType<typeof startPlayer>>();
  try {
    for (const namespace of namespaces) await addNamespace(namespace);
    await addUplink();
    for (const workload of workloads) await plugIn(workload);
    for (const daemon of ['calico-apiserver', 'calico-node'] as const) startDaemon(daemon);
    for (const workload of workloads) players.set(workload.name, startPlayer(workload));
    await Promise.all([...players.values()].map((p) => p.ready));
    await waitForSockets(environment.CALICO_RUN_DIR);
  } catch (error) {
    await close();
    throw error;
  }

  return {
    hostNamespace,
    environment,
    async calicoctl(...args) {
      const { stdout } = await execa(join(root, 'bin/calicoctl'), args, { env: environment });
      return stdout;
    },
    async settled() {
      await waitForSockets(environment.CALICO_RUN_DIR);
      const list = '/apis/projectcalico.org/v3/tiers?limit=1';
      const { metadata } = (await getJson(join(environment.CALICO_RUN_DIR, 'api.sock'), list)) as {
        metadata: { resourceVersion: string };
      };
      await getJson(join(environment.CALICO_RUN_DIR, 'node.sock'), `/wait?revision=${metadata.resourceVersion}`);
    },
    connect: (from, address, port) => players.get(from)!.connect(address, port),
    async restart(daemon, signal) {
      const child = daemons.get(daemon)!;
      child.kill(signal);
      await child;
      startDaemon(daemon);
    },
    ready: () => waitForSockets(environment.CALICO_RUN_DIR),
    async counters() {
      const { stdout } = await execa('ip', ['netns', 'exec', hostNamespace, 'nft', '-j', 'list', 'counters']);
      const { nftables } = JSON.parse(stdout) as { nftables: { counter?: { name: string; packets: number } }[] };
      return new Map(nftables.flatMap(({ counter }) => (counter ? [[counter.name, counter.packets] as const] : [])));
    },
    close,
  };

  function startDaemon(daemon: Daemon): void {
    daemons.set(daemon, inHost([join(root, 'bin', daemon)]));
  }

  function namespaceOf(name: string): string {
    return `cq${id}-${name}`;
  }

  function inHost(command: string[]): Child {
    return execa('ip', ['netns', 'exec', hostNamespace, ...command], {
      env: environment,
      stdin: 'ignore',
      stdout: 'inherit',
      stderr: 'inherit',
      reject: false,
    });
  }

  /** The host's way out, and with it the default route that proxy ARP needs to answer for any address. */
  async function addUplink(): Promise<void> {
    const outside = namespaceOf('outside');
    await ip(hostNamespace, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', outside);
    for (const [namespace, address] of [
      [hostNamespace, '10.66.0.1/24'],
      [outside, '10.66.0.2/24'],
    ] as const) {
      await ip(namespace, 'link', 'set', 'eth0', 'up');
      await ip(namespace, 'address', 'add', address, 'dev', 'eth0');
    }
    await ip(hostNamespace, 'route', 'add', 'default', 'via', '10.66.0.2');
  }

  /** A veth pair as a container runtime would make it: the host's end has the endpoint's name, the other a default route to the host. */
  async function plugIn(workload: WorkloadSpec): Promise<void> {
    const inside = namespaceOf(workload.name);
    await ip(
      hostNamespace,
      'link',
      'add',
      workload.interfaceName,
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      inside,
    );
    await ip(hostNamespace, 'link', 'set', workload.interfaceName, 'address', 'ee:ee:ee:ee:ee:ee', 'up');
    await ip(inside, 'link', 'set', 'eth0', 'up');
    for (const address of workload.addresses) {
      const isV6 = address.includes(':');
      const gateway = isV6 ? 'fe80::ecee:eeff:feee:eeee' : '169.254.1.1';
      await ip(inside, 'address', 'add', address, 'dev', 'eth0', ...(isV6 ? ['nodad'] : []));
      if (!isV6) await ip(inside, 'route', 'add', gateway, 'dev', 'eth0', 'scope', 'link');
      await ip(inside, ...(isV6 ? ['-6'] : []), 'route', 'add', 'default', 'via', gateway, 'dev', 'eth0');
    }
  }

  function startPlayer(workload: WorkloadSpec) {
    const command = [
      join(root, 'bin/run-ts'),
      join(root, 'tools/quickstart/workload.ts'),
      ...workload.ports.map(String),
    ];
    const child = execa('ip', ['netns', 'exec', namespaceOf(workload.name), ...command], {
      reject: false,
      stderr: 'inherit',
    });
    children.push(child);
    const answers = new Map<number, (isOpen: boolean) => void>();
    let next = 1;
    const ready = new Promise<void>((resolve, reject) => {
      void child.then(() => reject(new Error(`workload ${workload.name} ended before it was ready`)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        const message = JSON.parse(line) as { ready?: boolean; id: number; isOpen: boolean };
        if (message.ready) resolve();
        else answers.get(message.id)?.(message.isOpen);
      });
    });
    return {
      ready,
      connect: (host: string, port: number) =>
        new Promise<boolean>((resolve) => {
          const number = next++;
          answers.set(number, resolve);
          child.stdin.write(`${JSON.stringify({ id: number, host, port })}\n`);
        }),
    };
  }

  async function close(): Promise<void> {
    const all = [...daemons.values(), ...children];
    for (const child of all) child.kill('SIGTERM');
    await Promise.allSettled(all);
    for (const namespace of namespaces) await execa('ip', ['netns', 'del', namespace], { reject: false });
    rmSync(folder, { recursive: true, force: true });
  }
}

async function addNamespace(name: string): Promise<void> {
  await execa('ip', ['netns', 'add', name]);
  await ip(name, 'link', 'set', 'lo', 'up');
  await execa('ip', [
    'netns',
    'exec',
    name,
    'sysctl',
    '-qw',
    'net.ipv6.conf.all.accept_dad=0',
    'net.ipv6.conf.default.accept_dad=0',
  ]);
}

async function ip(namespace: string, ...words: string[]): Promise<void> {
  await execa('ip', ['-n', namespace, ...words]);
}

/** Both daemons come up in their own time and in any order. */
async function waitForSockets(runDir: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    try {
      await getJson(join(runDir, 'api.sock'), '/readyz');
      await getJson(join(runDir, 'node.sock'), '/status');
      return;
    } catch (error) {
      if (performance.now() > deadline) throw new Error('the daemons did not come up', { cause: error });
      await sleep(50);
    }
  }
}
