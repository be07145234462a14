/**
 * Tries what the agent needs of a machine, in a network namespace that exists for this alone: nothing of the machine's own is touched. I/O.
 * Each probe says what is lost where it fails.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Kernel, NftOperation, NftSet } from '#appliance/kernel/kernel.ts';
import type { Expression } from '#appliance/kernel/netlink/expression.ts';
import { openKernel } from '#appliance/kernel/open.ts';
import { errorText } from '../errors.ts';

const run = promisify(execFile);

export interface ProbeResult {
  readonly name: string;
  readonly verdict: 'OK' | 'WARN' | 'FAIL';
  /** What is wrong, and what is lost by it. */
  readonly problem?: string;
}

export interface ProbeWorld {
  readonly kernel: Kernel;
  /** Of the namespace, for `nsenter`. */
  readonly netnsPath: string;
  readonly dataDir: string;
}

interface Probe {
  readonly name: string;
  readonly lost: string;
  /** A machine without it can do the rest. */
  readonly isOptional?: boolean;
  /** Throws, or resolves to what is wrong. */
  readonly attempt: (world: ProbeWorld) => Promise<string | undefined>;
}

/** All probes, in order. Throws when no namespace can be made. */
export async function probeSystem(dataDir: string): Promise<ProbeResult[]> {
  const holder = spawn('unshare', ['--net', 'sleep', '120'], { stdio: 'ignore' });
  try {
    const netnsPath = await namespaceOf(holder);
    const kernel = openKernel({ netnsPath });
    try {
      const results: ProbeResult[] = [];
      for (const probe of probes) results.push(await attempt(probe, { kernel, netnsPath, dataDir }));
      return results;
    } finally {
      kernel.close();
    }
  } finally {
    holder.kill('SIGKILL');
  }
}

async function namespaceOf(holder: ChildProcess): Promise<string> {
  const failed = once(holder, 'error').then(([error]) => Promise.reject(error));
  failed.catch(() => undefined);
  const own = readlinkSync('/proc/self/ns/net');
  for (let attempts = 0; attempts < 200; attempts++) {
    await Promise.race([sleep(10), failed]);
    if (holder.exitCode !== null) throw new Error('a network namespace cannot be made');
    const path = `/proc/${holder.pid}/ns/net`;
    if (existsSync(path) && readlinkSync(path) !== own) return path;
  }
  throw new Error('a network namespace cannot be made');
}

async function attempt({ name, lost, isOptional, attempt }: Probe, world: ProbeWorld): Promise<ProbeResult> {
  let problem: string | undefined;
  try {
    problem = await attempt(world);
  } catch (error) {
    problem = errorText(error);
  }
  if (problem === undefined) return { name, verdict: 'OK' };
  return { name, verdict: isOptional === true ? 'WARN' : 'FAIL', problem: `${problem}; without it: ${lost}` };
}

const table = 'calico-probe';
const hooks = ['prerouting', 'input', 'forward', 'output', 'postrouting'] as const;
const bytes = (length: number) => new Uint8Array(length);
const meta = (key: 'mark' | 'iifname' | 'l4proto', register = 0): Expression => ({ type: 'meta', key, register });
const payload: Expression = { type: 'payload', base: 'network', offset: 12, length: 4, register: 0 };
const accept: Expression = { type: 'verdict', verdict: { code: 'accept' } };

/** Makes the table, does what is asked in it, and takes it away. */
async function inTable({ kernel }: ProbeWorld, operations: readonly NftOperation[]): Promise<string | undefined> {
  const result = await kernel.nft.apply([{ type: 'add-table', table }, ...operations]);
  if (!result.ok) return result.refusals.map(({ code, message }) => `${code}: ${message}`).join(', ');
  await kernel.nft.apply([{ type: 'delete-table', table }]);
  return undefined;
}

/** A probe of one rule. */
function rule(name: string, lost: string, ...expressions: readonly Expression[]): Probe {
  return {
    name,
    lost,
    attempt: (world) =>
      inTable(world, [
        ...objects,
        base('filter', 'forward'),
        { type: 'add-rule', table, chain: 'filter-forward', expressions },
      ]),
  };
}

function base(kind: 'filter' | 'nat', hook: (typeof hooks)[number]): NftOperation {
  return { type: 'add-chain', table, chain: `${kind}-${hook}`, base: { kind, hook, priority: 0 } };
}

const plainSet: NftSet = { name: 'addresses', keyType: 7, keyLength: 4 };
const objects: readonly NftOperation[] = [
  { type: 'add-set', table, set: plainSet },
  { type: 'add-counter', table, counter: 'named' },
];

function set(name: string, lost: string, shape: NftSet): Probe {
  return { name, lost, attempt: (world) => inTable(world, [{ type: 'add-set', table, set: shape }]) };
}

const probes: readonly Probe[] = [
  { name: 'kernel version', lost: 'what is new since 5.10', attempt: async () => kernelVersion() },
  { name: 'nf_tables', lost: 'all enforcement', attempt: (world) => inTable(world, []) },
  {
    name: 'nf_tables filter chains',
    lost: 'policy',
    attempt: (world) =>
      inTable(
        world,
        hooks.map((hook) => base('filter', hook)),
      ),
  },
  {
    name: 'nf_tables nat chains',
    lost: 'natOutgoing of pools and floating addresses',
    attempt: (world) => inTable(world, [base('nat', 'prerouting'), base('nat', 'postrouting')]),
  },
  set('sets of addresses', 'selectors and network sets', plainSet),
  set('sets of several fields', 'selectors and network sets', {
    name: 'pairs',
    keyType: 0,
    keyLength: 8,
    fields: [4, 4],
  }),
  set('sets of intervals', 'CIDRs in selectors and network sets', { ...plainSet, isInterval: true }),
  set('maps of verdicts', 'dispatch to endpoints', { name: 'dispatch', keyType: 41, keyLength: 16, data: 'verdict' }),
  rule('matching packets', 'policy', payload, { type: 'cmp', op: 'eq', register: 0, data: bytes(4) }, accept),
  rule(
    'ranges and masks',
    'rules with ports and CIDRs',
    payload,
    { type: 'bitwise', source: 0, destination: 0, mask: bytes(4), xor: bytes(4) },
    { type: 'range', op: 'eq', register: 0, from: bytes(4), to: Uint8Array.of(255, 255, 255, 255) },
    accept,
  ),
  rule('marks', 'tiers and profiles', meta('mark'), { type: 'meta-set', key: 'mark', register: 0 }),
  rule('lookups in sets', 'selectors', payload, { type: 'lookup', set: 'addresses', register: 0 }, accept),
  rule('connection tracking', 'stateful policy', { type: 'ct', key: 'state', register: 0 }),
  rule('reverse path checks', 'protection against forged addresses', {
    type: 'fib',
    result: 'oif',
    flags: ['saddr', 'iif'],
    register: 0,
  }),
  rule('named counters', 'counters of rules', { type: 'counter-ref', name: 'named' }),
  rule('rejecting', 'the action Reject of ours', { type: 'reject' }),
  {
    ...rule('logging', 'the action Log', { type: 'log', prefix: 'calico-probe', level: 5 }),
    isOptional: true,
  },
  {
    ...rule('rate limits', 'limits of the action Log', { type: 'limit', rate: 10n, unitSeconds: 1, burst: 5 }),
    isOptional: true,
  },
  {
    name: 'untracked traffic',
    lost: 'policies with doNotTrack',
    isOptional: true,
    attempt: (world) =>
      inTable(world, [
        { type: 'add-chain', table, chain: 'raw', base: { kind: 'filter', hook: 'prerouting', priority: -300 } },
        { type: 'add-rule', table, chain: 'raw', expressions: [{ type: 'notrack' }] },
      ]),
  },
  {
    name: 'masquerading',
    lost: 'natOutgoing of pools',
    isOptional: true,
    attempt: (world) =>
      inTable(world, [
        base('nat', 'postrouting'),
        {
          type: 'add-rule',
          table,
          chain: 'nat-postrouting',
          expressions: [{ type: 'masquerade', isFullyRandom: true }],
        },
      ]),
  },
  {
    name: 'conntrack entries',
    lost: 'ending connections of workloads that are gone',
    isOptional: true,
    attempt: async ({ kernel }) => void (await kernel.deleteConntrack('192.0.2.1')),
  },
  {
    name: 'links and routes',
    lost: 'routes to workloads',
    attempt: async ({ kernel }) => {
      await kernel.routes(4);
      return (await kernel.links()).some(({ name }) => name === 'lo') ? undefined : 'the link lo is not there';
    },
  },
  {
    name: 'sysctls',
    lost: 'forwarding and proxy ARP of workloads',
    attempt: async ({ kernel }) => kernel.writeSysctl('net/ipv4/conf/lo/proxy_arp', '1'),
  },
  {
    name: 'IPv6',
    lost: 'IPv6',
    isOptional: true,
    attempt: async ({ kernel }) =>
      kernel.readSysctl('net/ipv6/conf/all/forwarding') === undefined ? 'the kernel has it not' : undefined,
  },
  link('VXLAN', 'pools with vxlanMode', ['type', 'vxlan', 'id', '4096', 'dstport', '4789', 'dev', 'lo']),
  link('IP in IP', 'pools with ipipMode', ['type', 'ipip', 'local', '127.0.0.1', 'remote', '127.0.0.2']),
  link('WireGuard', 'encryption between hosts', ['type', 'wireguard']),
  { name: 'clock', lost: 'certificates are taken for expired or not yet valid', isOptional: true, attempt: checkClock },
  { name: 'disk', lost: 'the store', attempt: ({ dataDir }) => checkDisk(dataDir) },
];

function link(name: string, lost: string, words: readonly string[]): Probe {
  return {
    name,
    lost,
    isOptional: true,
    async attempt({ netnsPath }) {
      const command = [`--net=${netnsPath}`, 'ip', 'link', 'add', `probe-${words[1]}`, ...words];
      try {
        await run('nsenter', command, { timeout: 10_000 });
        return undefined;
      } catch (error) {
        const { stderr = '' } = error as { stderr?: string };
        return stderr.trim() === '' ? errorText(error) : stderr.trim();
      }
    },
  };
}

function kernelVersion(): string | undefined {
  const release = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
  const [major = 0, minor = 0] = release.split('.').map(Number);
  return major > 5 || (major === 5 && minor >= 10) ? undefined : `it is ${release}, older than 5.10`;
}

/** Certificates are younger than the program. */
async function checkClock(): Promise<string | undefined> {
  const built = new Date('2026-01-01T00:00:00Z');
  if (Date.now() < built.getTime()) return `it says ${new Date().toISOString()}, which is long ago`;
  const isTimesyncd = existsSync('/run/systemd/timesync');
  return isTimesyncd && !existsSync('/run/systemd/timesync/synchronized') ? 'it is not synchronised' : undefined;
}

const freeBytesMin = 256 * 1024 * 1024;

async function checkDisk(dataDir: string): Promise<string | undefined> {
  let directory = dataDir;
  while (!existsSync(directory)) directory = directory.slice(0, directory.lastIndexOf('/')) || '/';
  const { bavail, bsize, ffree, files } = await statfs(directory);
  if (bavail * bsize < freeBytesMin) return `${directory} has ${Math.floor((bavail * bsize) / 1024 / 1024)} MiB left`;
  return files > 0 && ffree < 1000 ? `${directory} has ${ffree} inodes left` : undefined;
}
