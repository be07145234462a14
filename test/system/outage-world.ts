/** An agent on a host of its own and a store on another: two namespaces and a cable between them that a test can cut. I/O. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { execa } from 'execa';
import { call } from '../appliance/apiserver-process.ts';
import { until } from '../appliance/felix/status/test-store.ts';
import { createNamespace, type TestNamespace } from '../kernel/netlink/namespace.ts';

const bin = join(import.meta.dirname, '../../bin');
const root = '/calico/resources/v3/projectcalico.org';
const storeAddress = '192.0.2.2';
/** Without a scheme etcdctl 3.4 names it as HTTP/2 wants it. */
const faceUrl = '127.0.0.1:2379';

/** What a test does to the store, and undoes. */
export interface Outage {
  readonly begin: (world: OutageWorld) => unknown;
  readonly end: (world: OutageWorld) => unknown;
}

export interface Daemon extends PromiseLike<unknown> {
  readonly pid?: number | undefined;
  kill(signal: NodeJS.Signals): boolean;
}

export interface OutageWorld {
  readonly host: TestNamespace;
  readonly far: TestNamespace;
  readonly folder: string;
  readonly agent: Daemon;
  /** The store's servers. */
  readonly servers: Daemon[];
  readonly endpoints: string;
  ruleset(): Promise<string>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  status(): Promise<any>;
  /** Runs where the store is. */
  etcdctl(...words: string[]): Promise<string>;
  /** Lets TCP connections to a port of the workload in, by a policy of that name. */
  allow(port: number, policy?: string): Promise<string>;
}

export interface WorldOptions {
  /** How many etcds make the store; 0 for our own API server, on the host itself. */
  readonly etcds?: number;
}

/** Starts both; the agent enforces a policy when this resolves. */
export async function openOutageWorld(t: ExecutionContext, options: WorldOptions = {}): Promise<OutageWorld> {
  const [host, far] = [await createNamespace(), await createNamespace()];
  await layCable(host, far);
  const folder = mkdtempSync(join(tmpdir(), 'calico-outage-'));
  const count = options.etcds ?? 1;
  const environment = {
    CALICO_CONFIG_DIR: join(folder, 'etc'),
    CALICO_DATA_DIR: join(folder, 'data'),
    CALICO_RUN_DIR: join(folder, 'run'),
    CALICO_ETCD_LISTEN: `unix:${join(folder, 'run/etcd.sock')},http://${faceUrl}`,
    CALICO_NETWORKING_BACKEND: 'none',
    CALICO_POLICY_FORM: 'linear', // so that a rule's port can be read in the listing
    NODENAME: 'here',
  };
  const servers = Array.from({ length: count }, (_, i) => startEtcd(far, folder, i, count));
  if (count === 0) servers.push(start(host, [join(bin, 'calico-apiserver')], environment));
  const endpoints = count === 0 ? faceUrl : servers.map((_, i) => clientUrl(i)).join(',');
  const agent = start(host, [join(bin, 'calico-node')], {
    ...environment,
    ...(count === 0 ? {} : { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: endpoints }),
  });
  const place = { dir: folder, env: {}, socket: join(folder, 'run/node.sock') };
  const world: OutageWorld = {
    host,
    far,
    folder,
    agent,
    servers,
    endpoints,
    ruleset: () => host.exec('nft', 'list', 'ruleset'),
    status: async () => (await call(place, 'GET', '/status').catch(() => ({ body: {} }))).body,
    etcdctl: (...words) => (count === 0 ? host : far).exec('etcdctl', '--endpoints', endpoints, ...words),
    allow: (port, name = 'only') =>
      world.etcdctl('put', `${root}/globalnetworkpolicies/${name}`, JSON.stringify(policy(port))),
  };
  t.teardown(async () => {
    for (const child of [agent, ...servers]) child.kill('SIGKILL');
    await Promise.all([agent, ...servers]);
    await Promise.all([host[Symbol.asyncDispose](), far[Symbol.asyncDispose]()]);
    rmSync(folder, { recursive: true, force: true });
  });
  await until(async () => (await world.status()).isStoreReady === true, 30_000);
  await world.etcdctl('put', `${root}/workloadendpoints/shop/here-vm-a-eth0`, JSON.stringify(endpoint));
  await world.allow(25);
  await until(async () => (await world.ruleset()).includes('dport 25'), 30_000);
  return world;
}

/** One of the store's etcds, on data that stay when it is started again. */
export function startEtcd(far: TestNamespace, folder: string, index: number, count: number): Daemon {
  const peer = (i: number) => `http://${storeAddress}:${2480 + i}`;
  const members = Array.from({ length: count }, (_, i) => `m${i}=${peer(i)}`).join(',');
  return start(far, [
    ...['etcd', '--name', `m${index}`, '--data-dir', join(folder, `etcd${index}`), '--logger', 'zap'],
    ...['--listen-client-urls', clientUrl(index), '--advertise-client-urls', clientUrl(index)],
    ...['--heartbeat-interval', '50', '--election-timeout', '500'],
    ...['--listen-peer-urls', peer(index), '--initial-advertise-peer-urls', peer(index), '--initial-cluster', members],
  ]);
}

export function clientUrl(index: number): string {
  return `http://${storeAddress}:${2379 + index}`;
}

/** What an etcd tells of itself, in Prometheus' form. */
export function readMetrics(far: TestNamespace, index: number): Promise<string> {
  const { hostname, port } = new URL(clientUrl(index));
  return far.exec('sh', '-c', `printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' | nc -q 1 ${hostname} ${port}`);
}

function start(namespace: TestNamespace, command: string[], env: Record<string, string> = {}): Daemon {
  return execa('ip', ['netns', 'exec', namespace.name, ...command], {
    env,
    reject: false,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'ignore',
  });
}

async function layCable(host: TestNamespace, far: TestNamespace): Promise<void> {
  await host.exec('ip', 'link', 'add', 'cable0', 'type', 'veth', 'peer', 'name', 'cable1', 'netns', far.name);
  for (const [end, link, address] of [
    [host, 'cable0', '192.0.2.1/24'],
    [far, 'cable1', `${storeAddress}/24`],
  ] as const) {
    await end.exec('ip', 'address', 'add', address, 'dev', link);
    await end.exec('ip', 'link', 'set', link, 'up');
  }
}

const endpoint = {
  kind: 'WorkloadEndpoint',
  metadata: { labels: { part: 'a' } },
  spec: { node: 'here', interfaceName: 'calia', ipNetworks: ['10.65.0.1/32'] },
};

function policy(port: number) {
  const ingress = [{ action: 'Allow', protocol: 'TCP', destination: { ports: [port] } }];
  return { kind: 'GlobalNetworkPolicy', spec: { selector: "part == 'a'", ingress } };
}
