/**
 * Several hosts, each a network namespace with an agent of its own over one store in memory, joined by switches and a router; and workloads behind
 * them, from which real packets are sent. I/O.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import type { Store } from '#appliance/datastore/store.ts';
import { type Agent, startAgent } from '#appliance/felix/agent/agent.ts';
import { environmentLayer } from '#appliance/felix/config/layers.ts';
import { openKernel } from '#appliance/kernel/open.ts';
import { createLogger, silentLogger } from '#appliance/lib/log.ts';
import { addMachine, type Machine } from '../dataplane/real-lab.ts';
import { createNamespace, type TestNamespace } from '../netlink/namespace.ts';

export const root = '/calico/resources/v3/projectcalico.org';

export interface Host {
  readonly name: string;
  readonly namespace: TestNamespace;
  exec(program: string, ...args: string[]): Promise<string>;
  /** Ends the agent and starts one that remembers nothing. */
  restart(settings?: Record<string, string>): Promise<void>;
  stop(): Promise<void>;
}

export interface ClusterLab extends AsyncDisposable {
  readonly store: Store;
  readonly fabric: TestNamespace;
  put(key: string, value: unknown): Promise<void>;
  delete(key: string): Promise<void>;
  read(key: string): Promise<Stored>;
  /** A host on the switch of `subnet` (0 or 1): 192.0.2.0/24 or 198.51.100.0/24, and fd00:0::/64 or fd00:1::/64. */
  addHost(name: string, subnet: 0 | 1, number: number): Promise<Host>;
  /** A workload of a host with addresses of `nets`, known to the store. */
  addWorkload(host: Host, name: string, nets: readonly string[], labels: Record<string, string>): Promise<Machine>;
}

/** What of a stored object tests look at. */
export interface Stored {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

const subnets = ['192.0.2', '198.51.100'] as const;

export async function openClusterLab(settings: Record<string, string> = {}): Promise<ClusterLab> {
  const store = await openMemoryStore();
  const fabric = await createNamespace();
  const folder = mkdtempSync(join(tmpdir(), 'calico-cluster-'));
  const opened: AsyncDisposable[] = [fabric];
  const agents = new Map<string, Agent>();
  for (const [i, net] of subnets.entries()) {
    await fabric.exec('ip', 'link', 'add', `br${i}`, 'type', 'bridge');
    await fabric.exec('ip', 'link', 'set', `br${i}`, 'up');
    await fabric.exec('ip', 'addr', 'add', `${net}.254/24`, 'dev', `br${i}`);
    await fabric.exec('ip', 'addr', 'add', `fd00:${i}::fe/64`, 'dev', `br${i}`, 'nodad');
  }
  await fabric.exec('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
  const put = async (key: string, value: unknown) =>
    void (await store.put(Buffer.from(key), Buffer.from(JSON.stringify(value))));

  return {
    store,
    fabric,
    put,
    delete: async (key) => void (await store.delete({ key: Buffer.from(key) })),
    async read(key) {
      const entry = (await store.range({ key: Buffer.from(key) })).entries[0];
      return entry === undefined ? undefined : JSON.parse(entry.value.toString());
    },
    async addHost(name, subnet, number) {
      const namespace = await createNamespace();
      opened.push(namespace);
      const net = subnets[subnet];
      const { exec } = namespace;
      await fabric.exec(
        'ip',
        'link',
        'add',
        'name',
        name,
        'type',
        'veth',
        'peer',
        'name',
        'eth0',
        'netns',
        namespace.name,
      );
      await fabric.exec('ip', 'link', 'set', 'dev', name, 'master', `br${subnet}`, 'up');
      await exec('ip', 'addr', 'add', `${net}.${number}/24`, 'dev', 'eth0');
      await exec('ip', 'addr', 'add', `fd00:${subnet}::${number}/64`, 'dev', 'eth0', 'nodad');
      await exec('ip', 'link', 'set', 'eth0', 'up');
      await exec('ip', 'route', 'add', 'default', 'via', `${net}.254`);
      await exec('ip', '-6', 'route', 'add', 'default', 'via', `fd00:${subnet}::fe`);
      const start = async (more: Record<string, string> = {}) => {
        const agent = await startAgent({
          store,
          kernel: openKernel({ netnsPath: namespace.path }),
          nodename: name,
          local: [environmentLayer({ FELIX_REPORTINGINTERVALSECS: '0', ...settings, ...more })],
          runDir: join(folder, name),
          dataDir: join(folder, `${name}-data`),
          environment: {
            CALICO_NETWORKING_BACKEND: 'vxlan',
            IP: `${net}.${number}/24`,
            IP6: `fd00:${subnet}::${number}/64`,
          },
          hostAddresses: () => [],
          stamps: { now: () => new Date(), uuid: () => crypto.randomUUID() },
          log: process.env.LAB_LOG === undefined ? silentLogger : createLogger('debug').child({ component: name }),
          setLogLevel: () => undefined,
        });
        agents.set(name, agent);
        await agent.started;
      };
      const stop = async () => void (await agents.get(name)?.close());
      await start();
      return {
        name,
        namespace,
        exec,
        stop,
        async restart(more) {
          await stop();
          await start(more);
        },
      };
    },
    async addWorkload(host, name, nets, labels) {
      const v4 = nets.find((net) => !net.includes(':')) ?? '169.254.0.1/32';
      const machine = await addMachine(host.namespace, `cali${name}`, v4, '169.254.1.1');
      opened.unshift(machine);
      await machine.exec('ip', 'link', 'set', 'eth0', 'mtu', '1300');
      for (const net of nets.filter((one) => one.includes(':'))) {
        await machine.exec('ip', 'addr', 'add', net, 'dev', 'eth0', 'nodad');
        const { mac, local } = JSON.parse(await host.exec('sh', '-c', linkLocal(`cali${name}`)));
        await machine.exec('ip', '-6', 'neigh', 'replace', local, 'lladdr', mac, 'dev', 'eth0');
        await machine.exec('ip', '-6', 'route', 'add', 'default', 'via', local, 'dev', 'eth0');
      }
      await put(`${root}/workloadendpoints/default/${host.name.replaceAll('-', '--')}-lab-${name}-eth0`, {
        kind: 'WorkloadEndpoint',
        metadata: { labels },
        spec: { node: host.name, interfaceName: `cali${name}`, ipNetworks: nets, profiles: ['open'] },
      });
      return machine;
    },
    async [Symbol.asyncDispose]() {
      for (const agent of agents.values()) await agent.close().catch(() => undefined);
      for (const one of opened) await Promise.resolve(one[Symbol.asyncDispose]()).catch(() => undefined);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Prints a link's MAC and link-local address as JSON. */
function linkLocal(link: string): string {
  return `ip -j addr show dev ${link} | python3 -c 'import json,sys; d=json.load(sys.stdin)[0]; print(json.dumps({"mac": d["address"], "local": [a["local"] for a in d["addr_info"] if a["family"] == "inet6"][0]}))'`;
}

/** A block of IPAM without addresses given. */
export function blockOf(cidr: string, host: string): [string, unknown] {
  const v6 = cidr.includes(':');
  const size = 2 ** ((v6 ? 128 : 32) - Number(cidr.split('/')[1]));
  const value = {
    cidr,
    affinity: `host:${host}`,
    allocations: new Array(size).fill(null),
    unallocated: Array.from({ length: size }, (_, i) => i),
    attributes: [],
    sequenceNumber: 1,
    deleted: false,
  };
  return [`/calico/ipam/v2/assignment/ipv${v6 ? 6 : 4}/block/${cidr.replace('/', '-')}`, value];
}

/** Throws when it does not become true in time. */
export async function until(what: string, check: () => Promise<boolean>, ms = 10_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
