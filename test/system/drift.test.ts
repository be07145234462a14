/**
 * Somebody alters one thing of ours a second, at random: a rule, a chain, an element, a route, a neighbour or a sysctl. Each is as it was within five
 * seconds, and at the end everything is; with each backend. `DRIFT_SECONDS` (default 14) says how long, `DRIFT_SEED` repeats a run; the figures are
 * in the test's log.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { Message } from '#appliance/felix/model/messages.ts';
import type { Kernel, Route } from '#appliance/kernel/kernel.ts';
import { openKernel } from '#appliance/kernel/open.ts';
import { hostEndpoint, inSync, ipSet, policy, rule, tier, workload } from '../appliance/felix/dataplane/sample.ts';
import { type Backend, type BackendLab, backends, openBackendLab } from '../kernel/dataplane/backend-lab.ts';
import { createRandom, type Random } from '../kernel/verdicts/random.ts';
import { iptablesRules } from './drift/iptables.ts';
import { nftablesRules } from './drift/nftables.ts';
import { type Damage, NothingThere, type Rules } from './drift/rules.ts';

const seconds = Number(process.env.DRIFT_SECONDS ?? 14);
const seed = Number(process.env.DRIFT_SEED ?? Date.now() % 1_000_000);
const repairMsMax = 5_000;
const workloads = 6;
/** In process. */
const lookMs = 20;

interface Drift {
  readonly host: BackendLab['host'];
  /** What another program has in its hands. */
  readonly other: Kernel;
  readonly random: Random;
  readonly rules: Rules;
  /** Path -> value, as they are to be. */
  readonly sysctls: ReadonlyMap<string, string>;
}

const world: readonly Message[] = [
  ipSet('s:a', '10.0.0.1/32', '10.1.0.0/16', '10.2.0.0/24', 'fd00::1/128', 'fd01::/64'),
  ipSet('n:http', '10.65.0.1,6:8080'),
  policy('web', {
    inbound: [
      rule('allow', { protocol: 6, src: { sets: ['s:a'] }, dst: { ports: [{ first: 80, last: 80 }] } }),
      rule('allow', { dst: { namedPortSets: ['n:http'], ports: [] } }),
      rule('deny', { src: { nets: ['192.0.2.0/24', '198.51.100.0/24'] } }),
    ],
    outbound: [rule('allow')],
  }),
  hostEndpoint('any', { interfaceName: '*', tiers: [tier(['web'], ['web'])] }),
  ...Array.from({ length: workloads }, (_, n) =>
    workload(`w${n}`, {
      tiers: [tier(['web'], ['web'])],
      ipv4Nets: [`10.65.0.${n}/32`],
      ipv6Nets: [`fd65::${n + 1}/128`],
      mac: `02:00:00:00:00:0${n}`,
    }),
  ),
  inSync,
];

/** Rules and elements in half of all cases. */
const damages: readonly ((drift: Drift) => Promise<Damage>)[] = [
  ...Array.from({ length: 5 }, () => damageRules),
  damageRoute,
  damageRoute,
  damageNeighbour,
  damageSysctl,
  damageSysctl,
];

for (const backend of backends) {
  test.serial(`${backend}: one thing a second for ${seconds} s, seed ${seed}`, async (t) => {
    t.timeout((seconds + 60) * 1_000);
    await using lab = await openBackendLab(backend);
    const { host } = lab;
    for (let n = 0; n < workloads; n++) {
      await host.exec('ip', 'link', 'add', `cali-w${n}`, 'type', 'veth', 'peer', 'name', `peer${n}`);
      for (const link of [`cali-w${n}`, `peer${n}`]) await host.exec('ip', 'link', 'set', link, 'up');
    }
    await lab.send(lab.config(), ...world);
    await sleep(500);
    const other = openKernel({ netnsPath: host.path });
    const sysctls = new Map(sysctlPaths().map((path) => [path, other.readSysctl(path) ?? '']));
    const rules = await openRules(backend, lab, other);
    const drift = { host, other, random: createRandom(seed), rules, sysctls };
    const before = await snapshot(drift);
    const repaired = await alter(drift);
    other.close();
    const at = (share: number) => repaired[Math.min(repaired.length - 1, Math.floor(repaired.length * share))]!;
    const slowest = at(1);
    const figures = `p50 ${at(0.5).ms} ms, p99 ${at(0.99).ms} ms, max ${slowest.ms} ms (${slowest.what})`;
    t.log(`seed ${seed}: ${repaired.length} repairs, ${rules.count} of rules: ${figures}`);
    for (const { what, ms } of repaired.filter(({ ms: tookMs }) => tookMs > repairMsMax)) t.log(`${what}: ${ms} ms`);
    t.true(rules.count > 0, 'rules were among it');
    t.true(at(0.99).ms < repairMsMax, figures);
    t.is(await snapshot(drift), before);
  });
}

function openRules(backend: Backend, lab: BackendLab, other: Kernel): Promise<Rules> {
  return backend === 'nftables' ? nftablesRules(lab.host, other) : iptablesRules(lab.host, backend);
}

interface Repair {
  readonly what: string;
  readonly ms: number;
}

/** One thing a second; when each was repaired, the quickest first. */
async function alter(drift: Drift): Promise<Repair[]> {
  const repairs: Promise<Repair>[] = [];
  const startMs = performance.now();
  for (let n = 0; n < seconds; n++) {
    await sleep(Math.max(0, startMs + n * 1_000 - performance.now()));
    repairs.push(follow(await damage(drift)));
  }
  return (await Promise.all(repairs)).sort((a, b) => a.ms - b.ms);
}

/** Of a table that is being written anew nothing can be picked: then it is a sysctl's turn. */
async function damage(drift: Drift): Promise<Damage> {
  return drift.random
    .pick(damages)(drift)
    .catch((error: unknown) => {
      if (!(error instanceof NothingThere)) throw error;
      return damageSysctl(drift);
    });
}

function damageRules({ rules, random }: Drift): Promise<Damage> {
  return rules.damage(random);
}

async function snapshot({ host, rules }: Drift): Promise<string> {
  const read = (...words: string[]) => host.exec('ip', ...words);
  const parts = [
    await rules.read(),
    await read('-4', 'route', 'show'),
    await read('-6', 'route', 'show', 'proto', 'boot'),
    await read('-4', 'neigh', 'show', 'nud', 'permanent'),
  ];
  return parts.map((part) => part.split('\n').sort().join('\n')).join('\n');
}

/** Looks until it is repaired, twice as long as it may take. */
async function follow(damage: Damage): Promise<Repair> {
  const startMs = performance.now();
  const passed = () => Math.round(performance.now() - startMs);
  while (!(await damage.isRepaired()) && passed() < 2 * repairMsMax) await sleep(damage.lookMs);
  return { what: damage.what, ms: passed() };
}

async function damageRoute({ other, random }: Drift): Promise<Damage> {
  const family = random.pick([4, 6] as const);
  const read = async () =>
    (await other.routes(family)).filter(({ protocol, table }) => protocol === 3 && table === 254);
  const routes = await read();
  if (routes.length === 0) throw new NothingThere();
  const route = random.pick(routes);
  const lo = (await other.links()).find(({ name }) => name === 'lo')!.index;
  const isReplaced = family === 4 && random.chance(0.5);
  const operation = isReplaced
    ? ({ type: 'replace-route', route: { ...route, oif: lo } } as const)
    : ({ type: 'delete-route', route } as const);
  await other.changeRoutes([operation]);
  const isSame = (a: Route) => a.destination === route.destination && a.oif === route.oif;
  return {
    what: `${operation.type} ${route.destination}`,
    lookMs,
    isRepaired: async () => (await read()).some(isSame),
  };
}

async function damageNeighbour({ other, random }: Drift): Promise<Damage> {
  const n = random.below(workloads);
  const { index } = (await other.links()).find(({ name }) => name === `cali-w${n}`)!;
  const read = async () => (await other.neighbours(4, index)).find(({ isPermanent }) => isPermanent);
  const mac = `02:00:00:00:00:0${n}`;
  const neighbour = { family: 4, ifindex: index, address: `10.65.0.${n}`, mac, isPermanent: true } as const;
  const isChanged = random.chance(0.5);
  await other.changeRoutes([
    isChanged
      ? { type: 'replace-neighbour', neighbour: { ...neighbour, mac: '02:00:00:00:00:99' } }
      : { type: 'delete-neighbour', neighbour },
  ]);
  return {
    what: `${isChanged ? 'other address of' : 'no'} neighbour ${n}`,
    lookMs,
    isRepaired: async () => (await read())?.mac === mac,
  };
}

async function damageSysctl({ other, random, sysctls }: Drift): Promise<Damage> {
  const [path, value] = random.pick([...sysctls]);
  other.writeSysctl(path, value === '1' ? '0' : '1');
  return { what: path, lookMs, isRepaired: async () => other.readSysctl(path) === value };
}

function sysctlPaths(): string[] {
  const links = Array.from({ length: workloads }, (_, n) => `cali-w${n}`);
  const names = ['proxy_arp', 'rp_filter', 'route_localnet', 'forwarding'].map((name) => ['ipv4', name] as const);
  const all = [...names, ['ipv6', 'proxy_ndp'], ['ipv6', 'forwarding'], ['ipv6', 'accept_ra']] as const;
  return [
    'net/ipv4/ip_forward',
    'net/ipv6/conf/all/forwarding',
    ...links.flatMap((link) => all.map(([family, name]) => `net/${family}/conf/${link}/${name}`)),
  ];
}
