/**
 * Somebody alters one thing of ours a second, at random: a rule, a chain, an element, a route, a neighbour or a sysctl. Each is as it was within five
 * seconds, and at the end everything is. `DRIFT_SECONDS` (default 40) says how long, `DRIFT_SEED` repeats a run; the figures are in the test's log.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { Message } from '#appliance/felix/model/messages.ts';
import type { Kernel, NftOperation, Route } from '#appliance/kernel/kernel.ts';
import { openKernel } from '#appliance/kernel/open.ts';
import {
  config,
  hostEndpoint,
  inSync,
  ipSet,
  policy,
  rule,
  tier,
  workload,
} from '../appliance/felix/dataplane/sample.ts';
import { openRealLab, type RealLab } from '../kernel/dataplane/real-lab.ts';
import { createRandom, type Random } from '../kernel/verdicts/random.ts';

const seconds = Number(process.env.DRIFT_SECONDS ?? 40);
const seed = Number(process.env.DRIFT_SEED ?? Date.now() % 1_000_000);
const repairMsMax = 5_000;
const workloads = 6;

interface Drift {
  readonly lab: RealLab;
  /** What another program has in its hands. */
  readonly other: Kernel;
  readonly random: Random;
  /** The ruleset, as it is to be. */
  readonly ruleset: string;
  /** Path -> value, as they are to be. */
  readonly sysctls: ReadonlyMap<string, string>;
}

/** What was done, and whether it is undone. */
interface Damage {
  readonly what: string;
  isRepaired(): Promise<boolean>;
}

const world: readonly Message[] = [
  config(),
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

const damages: readonly ((drift: Drift) => Promise<Damage>)[] = [
  damageRule,
  damageRule,
  damageChain,
  damageElement,
  damageElement,
  damageRoute,
  damageRoute,
  damageNeighbour,
  damageSysctl,
  damageSysctl,
];

test(`one thing a second for ${seconds} s, seed ${seed}`, async (t) => {
  t.timeout((seconds + 60) * 1_000);
  await using lab = await openRealLab();
  for (let n = 0; n < workloads; n++) {
    await lab.host.exec('ip', 'link', 'add', `cali-w${n}`, 'type', 'veth', 'peer', 'name', `peer${n}`);
    for (const link of [`cali-w${n}`, `peer${n}`]) await lab.host.exec('ip', 'link', 'set', link, 'up');
  }
  await lab.send(...world);
  await sleep(500);
  const before = await snapshot(lab);
  const other = openKernel({ netnsPath: lab.host.path });
  const sysctls = new Map(sysctlPaths().map((path) => [path, other.readSysctl(path) ?? '']));
  const drift = { lab, other, random: createRandom(seed), ruleset: await lab.ruleset(), sysctls };
  const repairs: Promise<{ readonly what: string; readonly ms: number }>[] = [];
  const startMs = performance.now();
  for (let n = 0; n < seconds; n++) {
    await sleep(Math.max(0, startMs + n * 1_000 - performance.now()));
    repairs.push(follow(await damage(drift)));
  }
  const repaired = (await Promise.all(repairs)).sort((a, b) => a.ms - b.ms);
  other.close();
  const at = (share: number) => repaired[Math.min(repaired.length - 1, Math.floor(repaired.length * share))]!;
  const slowest = at(1);
  const figures = `p50 ${at(0.5).ms} ms, p99 ${at(0.99).ms} ms, max ${slowest.ms} ms (${slowest.what})`;
  t.log(`seed ${seed}: ${repaired.length} repairs: ${figures}`);
  for (const { what, ms } of repaired.filter(({ ms: tookMs }) => tookMs > repairMsMax)) t.log(`${what}: ${ms} ms`);
  t.true(at(0.99).ms < repairMsMax, figures);
  t.is(await snapshot(lab), before);
});

class NothingThere extends Error {}

/** Of a table that is being written anew nothing can be picked: then it is a sysctl's turn. */
async function damage(drift: Drift): Promise<Damage> {
  return drift.random
    .pick(damages)(drift)
    .catch(() => damageSysctl(drift));
}

async function snapshot(lab: RealLab): Promise<string> {
  const read = (...words: string[]) => lab.host.exec('ip', ...words);
  const parts = [
    await lab.ruleset(),
    await read('-4', 'route', 'show'),
    await read('-6', 'route', 'show', 'proto', 'boot'),
    await read('-4', 'neigh', 'show', 'nud', 'permanent'),
  ];
  return parts.map((part) => part.split('\n').sort().join('\n')).join('\n');
}

/** Looks until it is repaired, twice as long as it may take. */
async function follow(damage: Damage): Promise<{ readonly what: string; readonly ms: number }> {
  const startMs = performance.now();
  const passed = () => Math.round(performance.now() - startMs);
  while (!(await damage.isRepaired()) && passed() < 2 * repairMsMax) await sleep(20);
  return { what: damage.what, ms: passed() };
}

/** Told by the block of the ruleset that was hit: somewhere else there may be damage at any time. */
async function damageTable(drift: Drift, block: string, operation: NftOperation): Promise<Damage> {
  const { lab, other, ruleset } = drift;
  const wanted = blockOf(ruleset, block);
  assert(wanted !== undefined, `${block} is in the ruleset`);
  // it may be refused: what came before is being repaired
  await other.nft.apply([operation]);
  const isRepaired = async () => blockOf(await lab.ruleset(), block) === wanted;
  return { what: `${operation.type} in ${block}`, isRepaired };
}

function blockOf(ruleset: string, block: string): string | undefined {
  return ruleset.split('\n\n').find((text) =>
    text
      .trim()
      .replace(/^(set|map) /, 'set ')
      .startsWith(`${block} {`),
  );
}

async function damageRule(drift: Drift): Promise<Damage> {
  const { random, other } = drift;
  const rules = (await other.nft.dumpTable('calico'))?.rules ?? [];
  if (rules.length === 0) throw new NothingThere();
  const { chain, handle } = random.pick(rules);
  const accept = { type: 'verdict', verdict: { code: 'accept' } } as const;
  const operation = random.pick<NftOperation>([
    { type: 'delete-rule', table: 'calico', chain, handle },
    { type: 'add-rule', table: 'calico', chain, expressions: [accept], place: { how: 'before', handle } },
    { type: 'add-rule', table: 'calico', chain, expressions: [accept], place: { how: 'replace', handle } },
  ]);
  return damageTable(drift, `chain ${chain}`, operation);
}

async function damageChain(drift: Drift): Promise<Damage> {
  const { random, other } = drift;
  const chains = (await other.nft.dumpTable('calico'))?.chains ?? [];
  if (chains.length === 0) throw new NothingThere();
  const { name } = random.pick(chains);
  return damageTable(
    drift,
    `chain ${name}`,
    random.pick<NftOperation>([
      { type: 'flush-chain', table: 'calico', chain: name },
      { type: 'delete-table', table: 'calico' },
    ]),
  );
}

async function damageElement(drift: Drift): Promise<Damage> {
  const { random, other } = drift;
  const sets = (await other.nft.dumpTable('calico'))?.sets ?? [];
  const filled: { readonly set: string; readonly elements: Awaited<ReturnType<Kernel['nft']['dumpElements']>> }[] = [];
  for (const { name } of sets) {
    const elements = await other.nft.dumpElements('calico', name).catch(() => []);
    if (elements.length > 0) filled.push({ set: name, elements });
  }
  if (filled.length === 0) throw new NothingThere();
  const { set, elements } = random.pick(filled);
  const isInterval = elements.some(({ isEnd }) => isEnd === true);
  // an interval goes as a whole, start and end
  const gone = isInterval ? elements : [random.pick(elements)];
  return damageTable(drift, `set ${set}`, { type: 'delete-elements', table: 'calico', set, elements: gone });
}

async function damageRoute({ other, random }: Drift): Promise<Damage> {
  const family = random.pick([4, 6] as const);
  const read = async () =>
    (await other.routes(family)).filter(({ protocol, table }) => protocol === 3 && table === 254);
  const routes = await read();
  if (routes.length === 0) return { what: 'no route there', isRepaired: async () => true };
  const route = random.pick(routes);
  const lo = (await other.links()).find(({ name }) => name === 'lo')!.index;
  const isReplaced = family === 4 && random.chance(0.5);
  const operation = isReplaced
    ? ({ type: 'replace-route', route: { ...route, oif: lo } } as const)
    : ({ type: 'delete-route', route } as const);
  await other.changeRoutes([operation]);
  const isSame = (a: Route) => a.destination === route.destination && a.oif === route.oif;
  return { what: `${operation.type} ${route.destination}`, isRepaired: async () => (await read()).some(isSame) };
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
    isRepaired: async () => (await read())?.mac === mac,
  };
}

async function damageSysctl({ other, random, sysctls }: Drift): Promise<Damage> {
  const [path, value] = random.pick([...sysctls]);
  other.writeSysctl(path, value === '1' ? '0' : '1');
  return { what: path, isRepaired: async () => other.readSysctl(path) === value };
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
