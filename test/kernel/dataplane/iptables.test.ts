/**
 * The iptables dataplane among others: what is not ours stays, what is ours comes back, what the kernel refuses is isolated. Both variants.
 * SEQUENCE_RUNS asks for more random sequences.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import fc from 'fast-check';
import type { Message } from '#appliance/felix/model/messages.ts';
import type { Rule } from '#appliance/felix/model/policy.ts';
import {
  allowAllProfile,
  hostEndpoint,
  inSync,
  ipSet,
  policy,
  policyId,
  rule,
  tier,
  workload,
  workloadGone,
} from '../../appliance/felix/dataplane/sample.ts';
import { iptablesText, openBackendLab, ourTraces } from './backend-lab.ts';
import { addMachine, type Machine } from './real-lab.ts';
import { talk } from './talk.ts';

const icmp = { protocol: 1 };
const variants = ['iptables-nft', 'iptables-legacy'] as const;

for (const variant of variants) {
  const iptables = variant;

  test.serial(`${variant}: others' rules and sets stay, hooks stand above them, orphans of ours go`, async (t) => {
    await using lab = await openBackendLab(variant);
    const { host } = lab;
    const run = (...words: string[]) => host.exec(iptables, '-w', ...words);
    await run('-N', 'theirs');
    await run('-A', 'FORWARD', '-j', 'theirs');
    await run('-A', 'theirs', '-s', '192.0.2.7', '-j', 'DROP');
    await run('-t', 'nat', '-A', 'POSTROUTING', '-s', '192.0.2.0/24', '-j', 'MASQUERADE');
    await run('-N', 'cali-old');
    await run('-A', 'cali-old', '-j', 'cali-old2').catch(() => run('-N', 'cali-old2'));
    await run('-A', 'INPUT', '-m', 'comment', '--comment', 'cali:AAAAAAAAAAAAAAAA', '-j', 'cali-old');
    await host.exec('ipset', 'create', 'theirs', 'hash:ip');
    await host.exec('ipset', 'create', 'cali40old', 'hash:net');
    await lab.send(lab.config(), allowAllProfile, workload('a', { profiles: ['allow'] }), inSync);
    const text = await iptablesText(host, variant);
    t.regex(text, /-A theirs -s 192\.0\.2\.7\/32 -j DROP/);
    t.regex(text, /-A POSTROUTING -s 192\.0\.2\.0\/24 -j MASQUERADE/);
    t.regex(
      text,
      /^-A FORWARD -m comment --comment "cali:[\w-]{16}" -j cali-FORWARD\n-A FORWARD -j theirs\n-A FORWARD .*accepted the packet/m,
    );
    t.notRegex(text, /cali-old|AAAAAAAAAAAAAAAA|cali40old/);
    t.regex(text, /create theirs hash:ip/);

    await lab.restart();
    await lab.send(
      lab.config({ chainInsertMode: 'Append' }),
      allowAllProfile,
      workload('a', { profiles: ['allow'] }),
      inSync,
    );
    t.regex(
      await iptablesText(host, variant),
      /^-A FORWARD -j theirs\n-A FORWARD .* -j cali-FORWARD\n-A FORWARD .*accepted/m,
    );
  });

  test.serial(`${variant}: tunnels are for hosts of the cluster, and go by themselves with their sets`, async (t) => {
    await using lab = await openBackendLab(variant);
    const encapsulation = (isOn: boolean): Message => ({
      type: 'encapsulation',
      encapsulation: { ipip: isOn, vxlan: isOn, vxlanV6: isOn },
    });
    const routes = lab.config({ isRouteSyncDisabled: true, isWireguardEnabled: true });
    await lab.send(routes, encapsulation(true), inSync);
    t.is(lab.reports.at(-1), 'applied 1', 'also while there are no other hosts');
    await lab.send(
      { type: 'host-metadata-update', host: 'far', metadata: { ipv4Address: '192.0.2.9', labels: {} } },
      {
        type: 'vtep-update',
        vtep: { node: 'far', ipv4: { address: '10.65.9.0', mac: '66:00:00:00:00:01', nodeAddress: '192.0.2.9' } },
      },
    );
    const text = await iptablesText(lab.host, variant);
    t.regex(text, /cali-INPUT -p udp .*--dports 4789 -m set --match-set cali40all-vxlan-net src .*-j ACCEPT/);
    t.regex(text, /cali-INPUT -p (ipencap|ipv4|4) .*--match-set cali40all-tunnel-net src .*-j ACCEPT/);
    t.regex(text, /cali-INPUT -p udp .*a stranger.* -j DROP/);
    t.regex(text, /cali-OUTPUT -p udp .*not tracked.* -j CT --notrack/);
    t.regex(text, /add cali40all-vxlan-net 192\.0\.2\.9/);
    t.regex(text, /add cali40all-tunnel-net 192\.0\.2\.9/);
    await lab.send(encapsulation(false));
    t.notRegex(await iptablesText(lab.host, variant), /4789|all-vxlan-net|all-tunnel-net/);
  });

  test.serial(
    `${variant}: limits of a workload hold for it alone, and its packets are marked on their way out`,
    async (t) => {
      await using lab = await openBackendLab(variant);
      await using from = await addMachine(lab.host, 'cali-a', '10.65.0.1/32', '169.254.1.1');
      await using slow = await addMachine(lab.host, 'cali-b', '10.65.0.2/32', '169.254.1.1');
      await using _free = await addMachine(lab.host, 'cali-c', '10.65.0.3/32', '169.254.1.1');
      await using _world = await addMachine(lab.host, 'eth0', '192.0.2.2/24', '192.0.2.1');
      await lab.host.exec('ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
      await lab.host.exec('ip', 'route', 'add', 'default', 'via', '192.0.2.2'); // proxy ARP answers for what has a route
      const limited = (perSecond: number) =>
        workload('b', {
          ipv4Nets: ['10.65.0.2/32'],
          profiles: ['allow'],
          qos: { ingress: { packetRate: { perSecond, burst: 5 }, maxConnections: 1 }, egress: {}, dscp: 46 },
        });
      await lab.send(
        lab.config(),
        allowAllProfile,
        workload('a', { ipv4Nets: ['10.65.0.1/32'], profiles: ['allow'] }),
        limited(5),
        workload('c', { ipv4Nets: ['10.65.0.3/32'], profiles: ['allow'] }),
        inSync,
      );
      const answered = async (address: string) => {
        const words = ['-n', '-q', '-i', '0.01', '-c', '60', '-W', '0.3', address];
        const text = await from.exec('ping', ...words).catch((error: { stdout: string }) => error.stdout);
        return Number(/(\d+) received/.exec(text)?.[1]);
      };
      const few = await answered('10.65.0.2');
      t.true(few > 0 && few < 40, `${few} of 60`);
      t.true((await answered('10.65.0.3')) > 50, 'the other one has no limit');
      await lab.send(limited(100_000));
      t.true((await answered('10.65.0.2')) > 50, 'another rate counts at once');

      using first = await talk(from.name, slow.name, '10.65.0.2', { port: 5001 });
      t.true(await first.isAlive(500));
      using second = await talk(from.name, slow.name, '10.65.0.2', { port: 5002 });
      t.false(await second.isAlive(700), 'one connection is all');
      t.true(await first.isAlive(500));
      t.regex(
        await lab.host.exec(`${variant}-save`, '-t', 'mangle'),
        /-A cali-egress-dscp -s 10\.65\.0\.2\/32 .*--set-dscp 0x2e/,
      );
    },
  );

  test.serial(`${variant}: a chain of ours that another's rule leads to is emptied and holds up nothing`, async (t) => {
    await using lab = await openBackendLab(variant);
    await lab.send(
      lab.config(),
      policy('p', { inbound: [rule('allow')] }),
      workload('a', { tiers: [tier(['p'])] }),
      inSync,
    );
    await lab.host.exec(iptables, '-w', '-A', 'INPUT', '-s', '192.0.2.1', '-j', 'RETURN');
    await lab.host.exec(iptables, '-w', '-N', 'theirs');
    await lab.host.exec(iptables, '-w', '-A', 'theirs', '-j', 'cali-pi-gnp/p');
    await lab.send(workloadGone('a'), { type: 'policy-remove', id: policyId('p') });
    t.is(lab.reports.at(-1), 'applied 2');
    const rules = await lab.host.exec(iptables, '-w', '-S');
    t.regex(rules, /-N cali-pi-gnp\/p\n/);
    t.notRegex(rules, /-A cali-pi-gnp\/p|cali-tw-cali-a/);
  });

  test.serial(`${variant}: flushed rules, chains and sets are put back, and what was put between goes`, async (t) => {
    await using lab = await openBackendLab(variant);
    const { host } = lab;
    await lab.send(
      lab.config(),
      allowAllProfile,
      ipSet('s:a', '10.65.0.1/32', '10.66.0.0/16'),
      policy('p', { inbound: [rule('deny', { src: { sets: ['s:a'] } })] }),
      workload('a', { tiers: [tier(['p'])], profiles: ['allow'] }),
      inSync,
    );
    await host.exec(iptables, '-w', '-A', 'INPUT', '-s', '192.0.2.7', '-j', 'DROP');
    const before = await iptablesText(host, variant);
    const damages: (() => Promise<unknown>)[] = [
      () => host.exec(iptables, '-w', '-D', 'FORWARD', '1'),
      () => host.exec(iptables, '-w', '-F', 'cali-FORWARD'),
      () => host.exec(iptables, '-w', '-I', 'cali-tw-cali-a', '1', '-j', 'ACCEPT'),
      () => host.exec(iptables, '-w', '-t', 'raw', '-F'),
      () => host.exec('ipset', 'del', 'cali40s:a', '10.66.0.0/16'),
      () => host.exec('ipset', 'add', 'cali40s:a', '192.0.2.0/24'),
    ];
    for (const damage of damages) await damage();
    t.not(await iptablesText(host, variant), before);
    const start = performance.now();
    while ((await iptablesText(host, variant)) !== before && performance.now() - start < 20_000) await sleep(100);
    t.is(await iptablesText(host, variant), before);
    t.log(`repaired after ${Math.round(performance.now() - start)} ms`);
  });

  for (const way of ['names a line', 'names none'] as const) {
    test.serial(`${variant}: what the kernel refuses of one policy, and ${way}, is isolated and closed`, async (t) => {
      let isSpoilt = true;
      await using lab = await openBackendLab(variant, {
        alter: (program, input) =>
          isSpoilt && program.includes('restore')
            ? spoil(input, way === 'names a line' ? '-m nonsense' : noLine)
            : input,
      });
      await using from = await addMachine(lab.host, 'cali-a', '10.65.0.1/32', '169.254.1.1');
      await using _bad = await addMachine(lab.host, 'cali-b', '10.65.0.2/32', '169.254.1.1');
      await using _good = await addMachine(lab.host, 'cali-c', '10.65.0.3/32', '169.254.1.1');
      await using _world = await addMachine(lab.host, 'eth0', '192.0.2.2/24', '192.0.2.1');
      await lab.host.exec('ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
      await lab.host.exec('ip', 'route', 'add', 'default', 'via', '192.0.2.2'); // proxy ARP answers for what has a route
      const reach = (name: string, ip: string, names: string[]) =>
        workload(name, { ipv4Nets: [ip], tiers: [tier(names)], profiles: ['allow'] });
      await lab.send(
        lab.config(),
        allowAllProfile,
        policy('bad', { inbound: [rule('allow', icmp), rule('deny')] }),
        policy('good', { inbound: [rule('allow', icmp)] }),
        workload('a', { ipv4Nets: ['10.65.0.1/32'], profiles: ['allow'] }),
        reach('b', '10.65.0.2/32', ['bad']),
        reach('c', '10.65.0.3/32', ['good']),
        inSync,
      );
      t.regex(lab.reports.find((text) => text.startsWith('bad:')) ?? '', /iptables|line|failed/i);
      t.is(lab.reports.at(-1), 'applied 1');
      t.true(await isReached(from, '10.65.0.3'), 'the other policy is enforced');
      t.false(await isReached(from, '10.65.0.2'), 'what would have been allowed is not');
      isSpoilt = false;
      await lab.send(policy('bad', { inbound: [rule('allow', icmp), rule('deny', { protocol: 17 })] }));
      t.true(lab.reports.includes('bad: ok'));
      t.true(await isReached(from, '10.65.0.2'));
      isSpoilt = true;
      await lab.send(policy('bad', { inbound: [rule('allow', { ...icmp, src: { nets: ['10.0.0.0/8'] } })] }));
      t.true(await isReached(from, '10.65.0.2'), 'the last good content stays in place');
    });
  }

  test.serial(`${variant}: a set that the kernel does not take closes the rules that name it`, async (t) => {
    await using lab = await openBackendLab(variant);
    await lab.host.exec('ipset', 'create', 'cali40s:bad', 'bitmap:port', 'range', '1-9');
    await lab.host.exec('ipset', 'create', 'theirs', 'list:set');
    await lab.host.exec('ipset', 'add', 'theirs', 'cali40s:bad'); // so that nobody can take it away
    await lab.send(
      lab.config(),
      ipSet('s:bad', '10.65.0.1/32'),
      ipSet('s:good', '10.65.0.1/32'),
      policy('bad', { inbound: [rule('deny', { src: { sets: ['s:bad'] } }), rule('allow')] }),
      policy('good', { inbound: [rule('deny', { src: { sets: ['s:good'] } })] }),
      workload('a', { tiers: [tier(['bad', 'good'])] }),
      inSync,
    );
    const rules = await lab.host.exec(iptables, '-w', '-S');
    t.regex(rules, /-A cali-pi-gnp\/bad .*drops all.* -j DROP/);
    t.regex(rules, /--match-set cali40s:good src .* -j DROP/);
    t.true(lab.reports.some((text) => text.startsWith('bad: ipset')));
    t.is(lab.reports.at(-1), 'applied 1');
  });

  test.serial(`${variant}: any sequence of changes ends in the rules of a fresh start`, async (t) => {
    t.timeout(120_000);
    await using scratch = await openBackendLab(variant);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(anyChange, { maxLength: 4 }), { minLength: 1, maxLength: 5 }),
        async (steps) => {
          await using lab = await openBackendLab(variant);
          const content = new Map<string, Message>();
          await lab.send(lab.config(), ...emptySets, inSync);
          for (const step of steps) await lab.send(...step.map((change) => take(content, change)));
          await scratch.restart();
          await scratch.send(scratch.config(), ...emptySets, ...inOrder(content), inSync);
          t.is(await iptablesText(lab.host, variant), await iptablesText(scratch.host, variant));
        },
      ),
      { numRuns: Number(process.env.SEQUENCE_RUNS ?? 5) },
    );
    await scratch.restart();
    await scratch.send(scratch.config(), inSync);
    t.is((await ourTraces(scratch.host)).sets, '', 'no set stays');
  });
}

test.serial('iptables-nft: what others write is read at once, what we write ourselves is not', async (t) => {
  let readings = 0;
  await using lab = await openBackendLab('iptables-nft', {
    onRun: (command) => {
      if (command === 'iptables-nft-save') readings += 1;
    },
  });
  const world = [lab.config({ iptablesPostWriteCheckIntervalMs: 0 }), allowAllProfile, inSync];
  await lab.send(...world);
  await sleep(1_000); // the count is looked at every 250 ms
  const before = readings;
  for (let n = 0; n < 6; n++) {
    await lab.send(workload(`${n}`, { profiles: ['allow'] }));
    await sleep(300);
  }
  await sleep(1_500);
  t.is(readings, before);
  t.true(lab.writes() > 0);
  await lab.host.exec('nft', 'add', 'table', 'inet', 'theirs');
  for (let ms = 0; readings === before && ms < 10_000; ms += 100) await sleep(100);
  t.is(readings, before + 1);
});

/** A commit that fails as a whole: the set is not there, which only the kernel notices. */
const noLine = '-m set --match-set nowhere src';

/** The allow rules of policy `bad`. */
function spoil(input: string, words: string): string {
  return input.replace(/^(-A \S+ .*gnp\/bad ingress \d+ allow".*?)( -[jg] )/gm, `$1 ${words}$2`);
}

function isReached(from: Machine, address: string): Promise<boolean> {
  return from.exec('ping', '-c', '2', '-i', '0.2', '-W', '0.5', address).then(
    () => true,
    () => false,
  );
}

interface Change {
  readonly key: string;
  readonly update: Message;
  readonly removal: Message;
  readonly isGone: boolean;
}

const side = fc.record(
  {
    nets: fc.subarray(['10.0.0.0/8', '11.0.0.0/8', 'fd00::/8', '192.0.2.1/32'], { minLength: 1 }),
    sets: fc.subarray(['s:0', 's:1'], { minLength: 1 }),
  },
  { requiredKeys: [] },
);
const anyRule: fc.Arbitrary<Rule> = fc
  .record({ action: fc.constantFrom('allow', 'deny', 'pass', 'log'), src: side, dst: side })
  .map((made) => made as Rule);
const names = fc.constantFrom('0', '1');
const anyPolicy = fc
  .tuple(names, fc.array(anyRule, { maxLength: 3 }), fc.boolean())
  .map(([name, inbound, isStaged]) => ({
    key: `policy ${name}`,
    update: policy(name, { inbound, outbound: inbound.slice(1), isStaged }),
    removal: { type: 'policy-remove', id: policyId(name) } as Message,
  }));
const members = fc.subarray(['10.0.0.1/32', '10.1.0.0/16', 'fd00::1/128', 'fd01::/16'], { minLength: 0 });
const anySet = fc.tuple(names, members).map(([name, list]) => ({
  key: `set s:${name}`,
  update: ipSet(`s:${name}`, ...list),
  removal: ipSet(`s:${name}`),
}));
/** A set is there before a rule names it, and as long as one does. */
const emptySets = [ipSet('s:0'), ipSet('s:1')];
const tiers = fc.subarray(['0', '1']).map((list) => [tier(list, list)]);
const anyWorkload = fc.tuple(names, tiers, fc.boolean()).map(([name, list, isActive]) => ({
  key: `workload ${name}`,
  update: workload(name, { tiers: list, isActive }),
  removal: workloadGone(name),
}));
const anyHost = fc.tuple(fc.constantFrom('eth0', '*'), tiers).map(([interfaceName, list]) => ({
  key: `host ${interfaceName}`,
  update: hostEndpoint(`of-${interfaceName}`, { interfaceName, tiers: list, forwardTiers: list }),
  removal: { type: 'host-endpoint-remove', id: { name: `of-${interfaceName}` } } as Message,
}));
const anyChange: fc.Arbitrary<Change> = fc
  .tuple(fc.oneof(anyPolicy, anySet, anyWorkload, anyHost), fc.boolean())
  .map(([change, isGone]) => ({ ...change, isGone }));

function take(content: Map<string, Message>, { key, update, removal, isGone }: Change): Message {
  if (isGone) content.delete(key);
  else content.set(key, update);
  return isGone ? removal : update;
}

function inOrder(content: ReadonlyMap<string, Message>): Message[] {
  const ranks = ['set', 'policy', 'workload', 'host'];
  const rank = (key: string) => ranks.indexOf(key.split(' ', 1)[0] as string);
  return [...content].sort(([a], [b]) => rank(a) - rank(b)).map(([, message]) => message);
}
