/**
 * One host with the agent over a real etcd, a client on its uplink and a workload behind it, all in network namespaces of their own: for
 * programs that keep rules of their own beside ours. I/O.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { freePort } from '../../appliance/datastore/etcd/etcd-server.ts';
import { until } from '../../appliance/felix/status/test-store.ts';
import { type Backend, iptablesText } from '../../kernel/dataplane/backend-lab.ts';
import { addMachine, type Machine } from '../../kernel/dataplane/real-lab.ts';
import { createNamespace, type TestNamespace } from '../../kernel/netlink/namespace.ts';

/** A connection that is tried: from a machine's address to an address and port. */
export interface Probe {
  readonly name: string;
  /** Absent: the client. */
  readonly from?: string;
  readonly source: string;
  readonly target: string;
  readonly port: number;
  /** What our policy says. */
  readonly isOurs: boolean;
}

export interface World extends AsyncDisposable {
  readonly folder: string;
  readonly host: TestNamespace;
  /** What enforces our policy. Beside `iptables-legacy`, everybody's iptables is the older one. */
  readonly backend: Backend;
  exec(program: string, ...args: string[]): Promise<string>;
  /** Runs until the world ends, or is ended by `end()`. */
  spawn(name: string, command: readonly string[], env?: Readonly<Record<string, string>>): { end(): Promise<void> };
  etcdctl(...words: string[]): Promise<string>;
  addMachine(name: string, link: string, address: string, gateway: string): Promise<Machine>;
  listen(machine: string, ...ports: number[]): Promise<void>;
  startAgent(): Promise<void>;
  /** The kernel keeps what it has. */
  stopAgent(): Promise<void>;
  /** The agent has run all the time since it was started. */
  isAgentRunning(): boolean;
  /** Names of the probes that are answered. */
  answered(probes: readonly Probe[]): Promise<string[]>;
  /** As `nft flush ruleset` does it, and for the older iptables what comes closest. */
  flushAll(): Promise<void>;
  /** Our table, or our chains and IP sets, and everything else: its lines sorted, each once, for a program that reloads may put them in another order. Counters left out. */
  rules(): Promise<{ readonly ours: string; readonly theirs: string }>;
}

export const root = '/calico/resources/v3/projectcalico.org';
const portsProgram = join(import.meta.dirname, '../../kernel/ports.ts');
const agentProgram = join(import.meta.dirname, '../../../bin/calico-node');

export const clientAddress = '10.9.0.2';
export const hostAddress = '10.9.0.1';
export const workloadAddress = '10.65.0.1';

/** Of every world. */
export const commonProbes: readonly Probe[] = [
  { name: 'host 8001', source: clientAddress, target: hostAddress, port: 8001, isOurs: true },
  { name: 'host 8002', source: clientAddress, target: hostAddress, port: 8002, isOurs: true },
  { name: 'host 8003', source: clientAddress, target: hostAddress, port: 8003, isOurs: false },
  { name: 'host 8001 v6', source: 'fd09::2', target: 'fd09::1', port: 8001, isOurs: true },
  { name: 'host 8003 v6', source: 'fd09::2', target: 'fd09::1', port: 8003, isOurs: false },
  { name: 'workload 80', source: clientAddress, target: workloadAddress, port: 80, isOurs: true },
  { name: 'workload 81', source: clientAddress, target: workloadAddress, port: 81, isOurs: false },
];

const tcp = (action: string, ...ports: number[]) => ({ action, protocol: 'TCP', destination: { ports } });
const objects: Readonly<Record<string, unknown>> = {
  'hostendpoints/here-eth0': {
    kind: 'HostEndpoint',
    metadata: { labels: { part: 'host' } },
    spec: { node: 'here', interfaceName: 'eth0' },
  },
  'workloadendpoints/shop/here-vm-a-eth0': {
    kind: 'WorkloadEndpoint',
    metadata: { labels: { part: 'workload' } },
    spec: { node: 'here', interfaceName: 'calia', ipNetworks: [`${workloadAddress}/32`] },
  },
  'globalnetworkpolicies/default.host': {
    kind: 'GlobalNetworkPolicy',
    spec: {
      selector: "part == 'host'",
      ingress: [tcp('Allow', 8001, 8002), { action: 'Allow', protocol: 'ICMPv6' }],
      egress: [{ action: 'Allow' }],
    },
  },
  'globalnetworkpolicies/default.no-8082': {
    kind: 'GlobalNetworkPolicy',
    spec: { selector: "part == 'host'", preDNAT: true, applyOnForward: true, ingress: [tcp('Deny', 8082)] },
  },
  'globalnetworkpolicies/default.workload': {
    kind: 'GlobalNetworkPolicy',
    spec: { selector: "part == 'workload'", ingress: [tcp('Allow', 80)], egress: [{ action: 'Allow' }] },
  },
};

/** The host's links are up, everybody listens, nothing of ours is in the kernel yet. */
export async function openWorld(backend: Backend = 'nftables'): Promise<World> {
  const cleanup = new AsyncDisposableStack();
  try {
    return await buildWorld(backend, cleanup);
  } catch (error) {
    await cleanup.disposeAsync();
    throw error;
  }
}

async function buildWorld(backend: Backend, cleanup: AsyncDisposableStack): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'calico-coexist-'));
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
  const host = cleanup.use(await createNamespace());
  const children = new Set<ReturnType<typeof start>>();
  cleanup.defer(async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children);
  });
  const machines = new Map<string, { readonly name: string }>([['host', host]]);
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  let agent: ReturnType<typeof start> | undefined;

  function start(namespace: string, command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const child = execa('ip', ['netns', 'exec', namespace, ...command], {
      env,
      reject: false,
      all: true,
      stdin: 'pipe',
      buffer: { all: true, stdout: false, stderr: false },
      maxBuffer: 1_000_000,
    });
    children.add(child);
    return child;
  }

  const world: Omit<World, typeof Symbol.asyncDispose> = {
    folder,
    host,
    backend,
    exec: (...command) => host.exec(...asHere(command)),
    etcdctl: (...words) => host.exec('etcdctl', '--endpoints', endpoint, ...words),
    spawn(_name, command, env) {
      const child = start(host.name, asHere(command), env);
      return {
        async end() {
          child.kill('SIGTERM');
          await child;
          children.delete(child);
        },
      };
    },
    async addMachine(name, link, address, gateway) {
      const machine = cleanup.use(await addMachine(host, link, address, gateway));
      machines.set(name, machine);
      return machine;
    },
    async listen(machine, ...ports) {
      const child = start(machines.get(machine)!.name, [
        process.execPath,
        portsProgram,
        'listen',
        ...ports.map(String),
      ]);
      await new Promise<void>((resolve, reject) => {
        child.stdout.once('data', () => resolve());
        child.then(() => reject(new Error(`no listener in ${machine}`)));
      });
    },
    async startAgent() {
      agent = start(host.name, [agentProgram], {
        DATASTORE_TYPE: 'etcdv3',
        ETCD_ENDPOINTS: endpoint,
        CALICO_CONFIG_DIR: join(folder, 'etc'),
        CALICO_DATA_DIR: join(folder, 'data'),
        CALICO_RUN_DIR: join(folder, 'run'),
        CALICO_NETWORKING_BACKEND: 'none',
        NODENAME: 'here',
        ...agentSettings[backend],
      });
      await until(async () => (await world.rules()).ours.includes('gnp/default.workload') || pause(), 30_000);
    },
    async stopAgent() {
      agent?.kill('SIGTERM');
      await agent;
      if (agent !== undefined) children.delete(agent);
      agent = undefined;
    },
    isAgentRunning: () => agent !== undefined && agent.exitCode === null,
    async answered(probes) {
      const froms = new Set(probes.map(({ from = 'client' }) => from));
      const answers = await Promise.all([...froms].map((from) => ask(from, probes)));
      return answers.flat();
    },
    async flushAll() {
      await host.exec('nft', 'flush', 'ruleset');
      if (backend !== 'iptables-legacy') return;
      for (const family of ['iptables', 'ip6tables']) {
        await world.exec('sh', '-c', `printf "$0" | ${family}-restore`, emptyTables);
      }
    },
    async rules() {
      if (backend !== 'nftables') return iptablesRules(host, backend);
      const text = await host.exec('nft', 'list', 'ruleset');
      const tables = text.replace(/packets \d+ bytes \d+/g, 'packets 0 bytes 0').split(/^(?=table )/m);
      const isOurs = (table: string) => table.startsWith('table inet calico {');
      return {
        ours: tables.filter(isOurs).join(''),
        theirs: uniqueLines(tables.filter((table) => !isOurs(table)).join('')),
      };
    },
  };

  /** A file in place of another for this command alone: `ip netns exec` gives each one mounts of its own. */
  function asHere<Command extends readonly [string, ...string[]] | readonly string[]>(command: Command): Command {
    if (backend !== 'iptables-legacy') return command;
    const script = 'mount --bind /usr/sbin/xtables-legacy-multi /usr/sbin/xtables-nft-multi && exec "$0" "$@"';
    return ['sh', '-c', script, ...command] as readonly string[] as Command;
  }

  async function ask(from: string, probes: readonly Probe[]): Promise<string[]> {
    const asked = probes.filter((probe) => (probe.from ?? 'client') === from);
    const text = ({ source, target, port }: Probe) => `${source}>${target}>${port}`;
    const words = [process.execPath, portsProgram, 'probe', ...asked.map(text)];
    const { stdout } = await execa('ip', ['netns', 'exec', machines.get(from)!.name, ...words], { stdin: 'ignore' });
    const open = new Set(JSON.parse(stdout) as string[]);
    return asked.filter((probe) => open.has(text(probe))).map(({ name }) => name);
  }

  start(host.name, [
    ...['etcd', '--data-dir', join(folder, 'etcd'), '--listen-client-urls', endpoint],
    ...['--advertise-client-urls', endpoint, '--listen-peer-urls', `http://127.0.0.1:${await freePort()}`],
  ]);
  const client = await world.addMachine('client', 'eth0', `${clientAddress}/24`, hostAddress);
  for (const last of [3, 4]) await client.exec('ip', 'addr', 'add', `10.9.0.${last}/24`, 'dev', 'eth0');
  await client.exec('ip', 'addr', 'add', 'fd09::2/64', 'dev', 'eth0', 'nodad');
  await host.exec('ip', 'addr', 'add', `${hostAddress}/24`, 'dev', 'eth0');
  await host.exec('ip', 'addr', 'add', 'fd09::1/64', 'dev', 'eth0', 'nodad');
  // the host answers for a workload's gateway only when it has a way there
  await host.exec('ip', 'route', 'add', 'default', 'via', clientAddress);
  await world.addMachine('workload', 'calia', `${workloadAddress}/32`, '169.254.1.1');
  await world.listen('host', 8001, 8002, 8003);
  await world.listen('workload', 80, 81);
  const { etcdctl } = world;
  await until(() => etcdctl('get', 'x').then(() => true, pause), 20_000);
  for (const [key, value] of Object.entries(objects)) await etcdctl('put', `${root}/${key}`, JSON.stringify(value));
  return Object.assign(world, { [Symbol.asyncDispose]: () => cleanup.disposeAsync() });
}

/** What both decide is to be seen, so what our policy accepts is asked of theirs too. */
const both = { FELIX_IPTABLESFILTERALLOWACTION: 'Return', FELIX_IPTABLESMANGLEALLOWACTION: 'Return' };
const agentSettings: Readonly<Record<Backend, Readonly<Record<string, string>>>> = {
  nftables: {},
  'iptables-nft': { FELIX_NFTABLESMODE: 'Disabled', FELIX_IPTABLESBACKEND: 'NFT', ...both },
  'iptables-legacy': { FELIX_NFTABLESMODE: 'Disabled', FELIX_IPTABLESBACKEND: 'Legacy', ...both },
};

const emptyTables = `*raw\n:PREROUTING ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n*mangle\nCOMMIT\n*nat\nCOMMIT
*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n`;
const saves = ['iptables-nft-save', 'ip6tables-nft-save', 'iptables-legacy-save', 'ip6tables-legacy-save'];
const isEmptyChain = (line: string) => /^:(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING) ACCEPT /.test(line);

/** In tables that everybody shares a line says whose it is; chains of the kernel come with the first rule of anybody. */
async function iptablesRules(host: TestNamespace, backend: Exclude<Backend, 'nftables'>) {
  const isOurs = (line: string) => line.includes('cali-') || line.includes('cali4') || line.includes('cali6');
  const ours = (await iptablesText(host, backend)).split('\n').filter(isOurs).join('\n');
  const theirs: string[] = [];
  for (const program of saves) {
    let table = '';
    for (const line of (await host.exec(program)).split('\n')) {
      if (line.startsWith('*')) table = line;
      if (!/^[:-]/.test(line) || isOurs(line) || isEmptyChain(line)) continue;
      theirs.push(`${program} ${table} ${line.replace(/\[\d+:\d+\]/, '')}`);
    }
  }
  const native = (await host.exec('nft', 'list', 'ruleset')).replace(/packets \d+ bytes \d+/g, 'packets 0 bytes 0');
  const tables = native.replace(/^#.*\n/gm, '').split(/^(?=table )/m);
  const isShared = (table: string) => /^table ip6? (raw|mangle|nat|filter) /.test(table);
  return { ours, theirs: uniqueLines([...theirs, ...tables.filter((table) => !isShared(table))].join('\n')) };
}

function uniqueLines(text: string): string {
  return [...new Set(text.split('\n').map((line) => line.trim()))].sort().join('\n');
}

/** What `until()` asks starts a program: not all the time. */
export async function pause(): Promise<false> {
  await sleep(100);
  return false;
}
