/** The dataplane against the real kernel: what it writes is read back with nft, and packets are sent. */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import fc from 'fast-check';
import { uninstall } from '#appliance/felix/dataplane/uninstall.ts';
import type { Message } from '#appliance/felix/model/messages.ts';
import type { PortRange, Rule, RuleSide } from '#appliance/felix/model/policy.ts';
import { openKernel } from '#appliance/kernel/open.ts';
import {
  allowAllProfile,
  config,
  hostEndpoint,
  inSync,
  ipSet,
  policy,
  policyId,
  rule,
  sampleConfig,
  tier,
  workload,
  workloadGone,
} from '../../appliance/felix/dataplane/sample.ts';
import { addMachine, openRealLab } from './real-lab.ts';

const sets = [
  ipSet('s:web', '10.65.0.1/32', '10.66.0.0/16', 'fd65::1/128', 'fd66::/64'),
  ipSet('s:exact', '10.65.0.9/32'),
  ipSet('n:http', '10.65.0.1,6:8080', 'fd65::1,6:8080'),
];
const pool: Message = {
  type: 'ip-pool-update',
  id: '10.65.0.0/16',
  pool: { cidr: '10.65.0.0/16', natOutgoing: true, ipipMode: 'Never', vxlanMode: 'Never', allowedUses: [] },
};
const port = (first: number, last = first): PortRange => ({ first, last });
const world: readonly Message[] = [
  config(),
  ...sets,
  policy('web', {
    inbound: [
      rule('allow', { protocol: 6, src: { sets: ['s:web'] }, dst: { ports: [port(80), port(8000, 8100)] } }),
      rule('log', { protocol: 17 }),
      rule('deny', { src: { notSets: ['s:exact'], nets: ['10.0.0.0/8', '11.0.0.0/8'] } }),
      rule('allow', { dst: { namedPortSets: ['n:http'], ports: [] } }),
      rule('pass', { protocol: 1, icmp: { type: 8, code: 0 } }),
    ],
  }),
  policy('try', { isStaged: true, inbound: [rule('deny')] }),
  policy('raw', { isUntracked: true, inbound: [rule('allow', { protocol: 17 })], outbound: [rule('allow')] }),
  policy('early', { isPreDnat: true, inbound: [rule('deny', { src: { notNets: ['192.0.2.0/24'] } })] }),
  allowAllProfile,
  workload('a', { tiers: [tier(['web', 'try'], [], 'security'), tier([], ['web'])], profiles: ['allow'] }),
  workload('b', { isActive: false }),
  hostEndpoint('eth', {
    interfaceName: 'eth0',
    profiles: ['allow'],
    untrackedTiers: [tier(['raw'], ['raw'])],
    preDnatTiers: [tier(['early'])],
    forwardTiers: [tier(['web'])],
  }),
  hostEndpoint('any', { interfaceName: '*', profiles: ['allow'] }),
  pool,
];

for (const [form, file] of [
  ['linear', 'world.nft'],
  ['compiled', 'world-compiled.nft'],
] as const) {
  test.serial(`nft reads the whole table as the golden listing (${form})`, async (t) => {
    await using lab = await openRealLab({ isLinear: form === 'linear' });
    await lab.send(...world, inSync);
    const path = new URL(`../../golden/nftables/${file}`, import.meta.url);
    const listing = await lab.ruleset();
    if (process.env.BLESS === '1') writeFileSync(path, listing);
    t.is(listing, readFileSync(path, 'utf8'));
    t.deepEqual(lab.refused, []);
  });
}

test.serial('a restart leaves the very same rules in place', async (t) => {
  await using lab = await openRealLab();
  await lab.send(...world, inSync);
  const before = await lab.host.exec('nft', '-a', 'list', 'ruleset');
  await lab.restart();
  await lab.send(...world, inSync);
  t.is(await lab.host.exec('nft', '-a', 'list', 'ruleset'), before, 'handles included');
});

for (const isLinear of [true, false]) {
  test.serial(
    `a copy makes the very same table, and a start adopts it (${isLinear ? 'linear' : 'compiled'})`,
    async (t) => {
      await using lab = await openRealLab({ isLinear });
      await lab.send(...world, inSync);
      const before = await lab.ruleset();
      const kernel = openKernel({ netnsPath: lab.host.path });
      const { nft } = kernel;
      const copy = Buffer.from((await nft.copyTable('calico'))!);
      await nft.apply([{ type: 'delete-table', table: 'calico' }]);
      t.is(await nft.applyCopy('calico', copy), undefined);
      t.is(await lab.ruleset(), before);
      kernel.close();
      const handles = await lab.host.exec('nft', '-a', 'list', 'ruleset');
      await lab.restart();
      await lab.send(...world, inSync);
      t.is(await lab.host.exec('nft', '-a', 'list', 'ruleset'), handles, 'no transaction');
    },
  );
}

test.serial('incremental changes end in the ruleset of a fresh start', async (t) => {
  await using old = await openRealLab();
  await using fresh = await openRealLab();
  await old.send(...world, inSync);
  const changed: readonly Message[] = [
    { type: 'ip-set-update', id: 's:web', setType: 'net', members: ['10.66.0.0/17', '10.66.128.0/17', '10.65.0.7/32'] },
    policy('web', { inbound: [rule('pass'), rule('allow', { protocol: 6, dst: { ports: [port(81)] } })] }),
    workload('c', { tiers: [tier(['web'])] }),
    workloadGone('b'),
    { type: 'host-endpoint-remove', id: { name: 'any' } },
  ];
  await old.send(...changed);
  await old.send({ type: 'ip-set-delta', id: 's:web', added: [], removed: ['10.66.0.0/17'] });
  await fresh.send(
    ...world,
    ...changed,
    { type: 'ip-set-delta', id: 's:web', added: [], removed: ['10.66.0.0/17'] },
    inSync,
  );
  t.is(await old.ruleset(), await fresh.ruleset());
});

test.serial(
  'what is not ours is the same to the byte before the start, through churn, and after an uninstall',
  async (t) => {
    await using lab = await openRealLab();
    const foreign = `
    table ip other { set s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 }; }; chain c { type filter hook input priority 0; ip saddr @s counter; }; }
    table ip6 calico { chain filter-FORWARD { type filter hook forward priority 0; }; }
    table inet calico2 { map m { type ipv4_addr : verdict; }; }`;
    await lab.host.exec('nft', foreign);
    await lab.host.exec('ip', 'link', 'add', 'other0', 'type', 'veth', 'peer', 'name', 'cali-c');
    for (const link of ['other0', 'cali-c']) await lab.host.exec('ip', 'link', 'set', link, 'up');
    await lab.host.exec('ip', 'route', 'add', '10.99.0.0/24', 'dev', 'other0', 'proto', 'static');
    await lab.host.exec('ip', 'rule', 'add', 'fwmark', '7', 'lookup', '77');
    const others = async () => [
      ...(await Promise.all(
        ['ip other', 'ip6 calico', 'inet calico2'].map((name) =>
          lab.host.exec('nft', '-a', 'list', 'table', ...name.split(' ')),
        ),
      )),
      // Others are the kernel's: some come with forwarding, when the link's address has been found to be free.
      await lab.host.exec('ip', 'route', 'show', 'dev', 'other0', 'table', 'all', 'proto', 'static'),
      await lab.host.exec('ip', 'rule'),
    ];
    const everything = async () => [
      await lab.host.exec('nft', '-a', 'list', 'ruleset'),
      await lab.host.exec('ip', 'route'),
    ];
    // an address of a link is there for all once nobody has been found to have it
    while ((await lab.host.exec('ip', '-6', 'address', 'show', 'tentative')) !== '') await sleep(50);
    const before = await others();
    const allBefore = await everything();

    const linked = workload('c', { ipv4Nets: ['10.65.7.7/32'] });
    await lab.send(...world, linked, inSync);
    t.deepEqual(await others(), before);
    t.regex(
      await lab.host.exec('ip', 'route', 'show', 'dev', 'cali-c'),
      /10\.65\.7\.7/,
      'a route of ours is beside them',
    );
    await lab.send(workloadGone('a'), workloadGone('c'), policy('web', {}));
    await lab.send(...world, linked);
    t.deepEqual(await others(), before);

    await lab.restart(); // an uninstall is for a host whose agent has stopped
    const kernel = openKernel({ netnsPath: lab.host.path });
    await uninstall(kernel, sampleConfig);
    kernel.close();
    t.deepEqual(await everything(), allBefore);
  },
);

test.serial('a table that somebody deleted is written again', async (t) => {
  await using lab = await openRealLab();
  await lab.send(...world, inSync);
  const before = await lab.ruleset();
  await lab.host.exec('nft', 'delete', 'table', 'inet', 'calico');
  await lab.send(policy('web', {}));
  await lab.send(...world);
  t.is(await lab.ruleset(), before);
});

const side: fc.Arbitrary<RuleSide> = fc.record(
  {
    nets: fc.subarray(['10.0.0.0/8', '11.0.0.0/8', '12.0.0.1/32', '0.0.0.0/0', 'fd00::/8', '::/0'], { minLength: 1 }),
    notNets: fc.subarray(['10.1.0.0/16', '10.2.0.0/16', 'fd01::/16'], { minLength: 1 }),
    ports: fc.subarray([port(0), port(80), port(79, 90), port(1000, 65535)], { minLength: 1 }),
    notPorts: fc.subarray([port(22), port(53), port(60000, 65535)], { minLength: 1 }),
    namedPortSets: fc.subarray(['n:http', 'n:none'], { minLength: 1 }),
    notNamedPortSets: fc.subarray(['n:http', 'n:none'], { minLength: 1 }),
    sets: fc.subarray(['s:web', 's:exact'], { minLength: 1 }),
    notSets: fc.subarray(['s:web', 's:exact'], { minLength: 1 }),
    serviceSets: fc.constant(['n:http']),
  },
  { requiredKeys: [] },
);
const ported: fc.Arbitrary<Partial<Rule>> = fc.record({ protocol: fc.constantFrom(6, 17, 132), src: side, dst: side });
const icmp: fc.Arbitrary<Partial<Rule>> = fc.record({
  protocol: fc.constantFrom(1, 58),
  icmp: fc.oneof(fc.record({ type: fc.nat(254) }), fc.record({ type: fc.nat(254), code: fc.nat(255) })),
});
const notIcmp: fc.Arbitrary<Partial<Rule>> = fc.record({
  notIcmp: fc.oneof(fc.record({ type: fc.nat(254) }), fc.record({ type: fc.nat(254), code: fc.nat(255) })),
});
const other: fc.Arbitrary<Partial<Rule>> = fc.record(
  { ipVersion: fc.constantFrom(4, 6), notProtocol: fc.integer({ min: 1, max: 255 }) },
  { requiredKeys: [] },
);
const anyRule: fc.Arbitrary<Rule> = fc
  .tuple(fc.constantFrom('allow', 'deny', 'pass', 'log'), fc.oneof(ported, icmp, notIcmp, other))
  .map(([action, match]) => rule(action as Rule['action'], match));

test.serial('the kernel accepts every rule that can be written', async (t) => {
  const seed = Number(process.env.FC_SEED ?? Date.now() % 1_000_000);
  t.log(`seed ${seed}`);
  const rules = fc.sample(anyRule, { seed, numRuns: 400 });
  for (const filterDenyAction of ['Drop', 'Reject'] as const) {
    await using lab = await openRealLab({ isLinear: true });
    const names = rules.map((_, i) => `r${i}`);
    const flags = (i: number) => ({ isUntracked: i % 5 === 3, isPreDnat: i % 5 === 4, isStaged: i % 5 === 2 });
    await lab.send(
      config({ filterDenyAction, logActionRateLimit: '10/minute', logPrefix: 'x %t %k %n %p' }),
      ...sets,
      ...rules.map((one, i) => policy(`r${i}`, { inbound: [one], outbound: [one], ...flags(i) })),
      workload('a', { tiers: [tier(names, names)] }),
      hostEndpoint('eth', {
        interfaceName: 'eth0',
        tiers: [tier(names, names)],
        untrackedTiers: [tier(names, names)],
        preDnatTiers: [tier(names)],
        forwardTiers: [tier(names, names)],
      }),
      inSync,
    );
    t.deepEqual(lab.refused, []);
    t.regex(await lab.host.exec('sh', '-c', 'nft list ruleset | grep "chain pi-gnp/r399 "'), /r399/);
  }
});

test.serial('the kernel accepts every rule that can be written, compiled with a few others', async (t) => {
  const seed = Number(process.env.FC_SEED ?? Date.now() % 1_000_000);
  t.log(`seed ${seed}`);
  const rules = fc.sample(anyRule, { seed, numRuns: 400 });
  await using lab = await openRealLab();
  const groups = Array.from({ length: 80 }, (_, i) => rules.slice(i * 5, i * 5 + 5));
  await lab.send(
    config({ logActionRateLimit: '10/minute', logPrefix: 'x %t %k %n %p' }),
    ...sets,
    ...groups.map((some, i) => policy(`r${i}`, { inbound: some, outbound: some, isStaged: i % 8 === 7 })),
    ...groups.map((_, i) => workload(`w${i}`, { tiers: [tier([`r${i}`], [`r${i}`])] })),
    inSync,
  );
  t.deepEqual(lab.refused, []);
  const listing = await lab.host.exec('nft', 'list', 'ruleset');
  t.false(listing.includes('chain list-'), 'no list is so small that it stays linear');
  t.regex(listing, /elements = \{[^}]*goto hit-/);
});

test.serial('packets: policy, counters, reverse path, NAT for what leaves the pools', async (t) => {
  await using lab = await openRealLab();
  await using a = await addMachine(lab.host, 'cali-a', '10.65.0.1/32', '169.254.1.1');
  await using _b = await addMachine(lab.host, 'cali-b', '10.65.0.2/32', '169.254.1.1');
  await using outside = await addMachine(lab.host, 'eth0', '192.0.2.2/24', '192.0.2.1');
  await outside.exec('ip', 'route', 'del', 'default').catch(() => '');
  await lab.host.exec('ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
  const endpoints = (ingress: readonly string[]) => [
    workload('a', { ipv4Nets: ['10.65.0.1/32'], profiles: ['allow'] }),
    workload('b', {
      ipv4Nets: ['10.65.0.2/32'],
      profiles: ['allow'],
      tiers: ingress.length > 0 ? [tier(ingress)] : [],
    }),
  ];
  await lab.host.exec('ip', 'route', 'add', 'default', 'via', '192.0.2.2');
  await lab.send(config(), allowAllProfile, pool, inSync);
  t.false(await a.pings('10.65.0.2'), 'unknown interfaces carry nothing');
  await lab.send(...endpoints([]));
  t.true(await a.pings('10.65.0.2'), 'the profile allows');
  await lab.send(policy('no', { inbound: [rule('deny', { protocol: 1, icmp: { type: 8 } })] }), ...endpoints(['no']));
  t.false(await a.pings('10.65.0.2'), 'the policy denies echo requests');
  t.regex(await lab.host.exec('nft', 'list', 'counter', 'inet', 'calico', 'gnp/no/ingress/0'), /packets [1-9]/);
  await lab.send(policy('no', { inbound: [rule('deny', { protocol: 1, icmp: { type: 8, code: 1 } }), rule('pass')] }));
  t.true(await a.pings('10.65.0.2'), 'another code is not denied, and a pass leads to the profile');
  t.true(await a.pings('192.0.2.2'), 'the far end knows no way to the pool, so the source was translated');
  t.false(await a.pings('192.0.2.1'), 'a workload does not reach its host by default');
  t.true(
    await lab.host.exec('ping', '-c', '1', '-W', '1', '10.65.0.2').then(() => true),
    'the host reaches its workloads',
  );
  await a.exec('ip', 'addr', 'add', '10.65.0.77/32', 'dev', 'lo');
  await t.throwsAsync(
    a.exec('ping', '-c', '1', '-W', '1', '-I', '10.65.0.77', '10.65.0.2'),
    undefined,
    'a false source',
  );
  t.regex(await lab.host.exec('nft', 'list', 'counter', 'inet', 'calico', 'drop/reverse-path'), /packets [1-9]/);
});

test.serial('packets: a host endpoint without policy drops all but failsafe ports', async (t) => {
  await using lab = await openRealLab();
  await using far = await addMachine(lab.host, 'eth0', '192.0.2.2/24', '192.0.2.1');
  await lab.host.exec('ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
  const probe = (at: number) =>
    far.exec('nc', '-v', '-z', '-w', '1', '192.0.2.1', String(at)).catch((e: { stderr?: string }) => e.stderr ?? '');
  await lab.send(config(), inSync);
  t.regex(await probe(22), /refused/i, 'nothing listens, but packets arrive');
  await lab.send(hostEndpoint('eth', { interfaceName: 'eth0' }));
  t.regex(await probe(22), /refused/i, 'a failsafe port');
  t.notRegex(await probe(80), /refused/i);
  t.false(await far.pings('192.0.2.1'));
  await lab.send(policy('in', { inbound: [rule('allow', { protocol: 1 })] }));
  await lab.send(hostEndpoint('eth', { interfaceName: 'eth0', tiers: [tier(['in'])] }));
  t.true(await far.pings('192.0.2.1'));
  await lab.send({ type: 'policy-remove', id: policyId('in') });
  t.false(await far.pings('192.0.2.1'), 'a policy that is missing denies');
});
