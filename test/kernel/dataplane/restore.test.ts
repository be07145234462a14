/** What another program does to our table is undone, whatever it was, and what it does elsewhere leaves us alone. */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import {
  config,
  hostEndpoint,
  inSync,
  ipSet,
  policy,
  rule,
  tier,
  workload,
} from '../../appliance/felix/dataplane/sample.ts';
import { openRealLab, type RealLab } from './real-lab.ts';

const world = [
  config(),
  ipSet('s:a', '10.0.0.1/32', '10.1.0.0/16', 'fd00::1/128'),
  policy('web', {
    inbound: [
      rule('allow', { src: { sets: ['s:a'] } }),
      rule('deny', { src: { nets: ['192.0.2.0/24', '198.51.100.0/24'] } }),
    ],
  }),
  workload('a', { tiers: [tier(['web'])], ipv4Nets: ['10.65.0.1/32'] }),
  hostEndpoint('eth0', { interfaceName: 'eth0', tiers: [tier(['web'])] }),
  inSync,
];

/** The handle of a chain's first rule. */
async function firstRule({ host }: RealLab, chain: string): Promise<string> {
  const text = await host.exec('nft', '-a', 'list', 'chain', 'inet', 'calico', chain);
  return /# handle (\d+)$/m.exec(text.replace(/^.*chain.*$/m, ''))![1]!;
}

const nft =
  (...words: string[]) =>
  async ({ host }: RealLab) =>
    void (await host.exec('nft', ...words));

const damages: Record<string, (lab: RealLab) => Promise<void>> = {
  'the whole ruleset is flushed': nft('flush', 'ruleset'),
  'our table is deleted': nft('delete', 'table', 'inet', 'calico'),
  'our table is flushed': nft('flush', 'table', 'inet', 'calico'),
  'our table is put to sleep': nft('add table inet calico { flags dormant ; }'),
  'a chain is flushed': nft('flush', 'chain', 'inet', 'calico', 'input-host'),
  'a base chain gets another policy': nft('add chain inet calico input-host { policy drop ; }'),
  'a chain is added': nft('add chain inet calico theirs { type filter hook input priority -200 ; policy drop ; }'),
  'a rule is added': nft('insert', 'rule', 'inet', 'calico', 'input-host', 'accept'),
  'a rule is deleted': async (lab) => {
    await nft('delete', 'rule', 'inet', 'calico', 'input-host', 'handle', await firstRule(lab, 'input-host'))(lab);
  },
  'a rule is replaced': async (lab) => {
    await nft(
      'replace',
      'rule',
      'inet',
      'calico',
      'input-host',
      'handle',
      await firstRule(lab, 'input-host'),
      'accept',
    )(lab);
  },
  'a rule is replaced under its own comment': async (lab) => {
    const handle = await firstRule(lab, 'input-host');
    const [, comment] = /comment "(.*)" # handle/.exec(
      await lab.host.exec('nft', '-a', 'list', 'chain', 'inet', 'calico', 'input-host'),
    )!;
    await nft(`replace rule inet calico input-host handle ${handle} accept comment "${comment}"`)(lab);
  },
  'an element is deleted': nft('delete', 'element', 'inet', 'calico', 'host-in', '{ "eth0" }'),
  'a set is flushed': nft('flush', 'set', 'inet', 'calico', 'hosts4'),
  'a map is flushed': nft('flush', 'map', 'inet', 'calico', 'from-workload'),
};

for (const [damage, run] of Object.entries(damages)) {
  test.serial(damage, async (t) => {
    await using lab = await openRealLab();
    await lab.send(...world);
    const before = await lab.ruleset();
    await run(lab);
    await lab.heals(before, 5_000);
    t.true((await lab.ruleset()) === before);
  });
}

for (const damage of [
  'the whole ruleset is flushed',
  'a rule is replaced',
  'a base chain gets another policy',
  'a set is flushed',
])
  test.serial(`${damage}, where transactions are only counted`, async (t) => {
    await using lab = await openRealLab({ noticesBy: 'generation' });
    await lab.send(...world);
    const before = await lab.ruleset();
    await sleep(400);
    t.is(lab.writes, 1, 'our own transaction is not taken for another');
    await damages[damage]!(lab);
    await lab.heals(before, 5_000);
    t.true((await lab.ruleset()) === before);
  });

test.serial("another program's rules are its own, and cause no write of ours", async (t) => {
  await using lab = await openRealLab();
  await lab.send(...world);
  await lab.host.exec('nft', 'add table inet theirs; add chain inet theirs c; add rule inet theirs c accept');
  await lab.host.exec('nft', 'add rule inet theirs c drop');
  await sleep(300);
  t.is(lab.writes, 1);
  t.regex(await lab.host.exec('nft', 'list', 'table', 'inet', 'theirs'), /accept\n\s+drop/);
});

test.serial(
  'a program that flushes in a loop is answered with bounded work, and when it ends the table is there',
  async (t) => {
    await using lab = await openRealLab();
    await lab.send(...world);
    const before = await lab.ruleset();
    await lab.host.exec('sh', '-c', 'for i in $(seq 200); do nft flush ruleset; sleep 0.02; done');
    t.true(lab.writes >= 3 && lab.writes <= 40, `${lab.writes} transactions`);
    await lab.heals(before, 10_000);
    t.true((await lab.ruleset()) === before);
  },
);
