/** Live connections across changes of policy, with the real kernel and real packets: what is no longer allowed ends, the rest goes on. */
import test from 'ava';
import {
  allowAllProfile,
  config,
  hostEndpoint,
  inSync,
  ipSet,
  policy,
  rule,
  tier,
  workload,
} from '../../appliance/felix/dataplane/sample.ts';
import { addMachine, openRealLab } from './real-lab.ts';
import { talk } from './talk.ts';

const tcpTo = (...ports: number[]) =>
  rule('allow', { protocol: 6, dst: { ports: ports.map((port) => ({ first: port, last: port })) } });
const open = policy('web', { inbound: [tcpTo(5001, 5002)], outbound: [rule('allow')] });
const tight = policy('web', { inbound: [tcpTo(5002)], outbound: [rule('allow')] });

/** Two workloads of this host, each with an address of both families. */
async function openTwo() {
  const lab = await openRealLab();
  // A host answers for its gateway's address only where it has a way on.
  await lab.host.exec('ip', 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1');
  await lab.host.exec('ip', 'link', 'set', 'up0', 'up');
  await lab.host.exec('ip', 'route', 'add', 'default', 'dev', 'up0');
  const a = await addMachine(lab.host, 'cali-a', '10.65.0.1/32', '169.254.1.1');
  const b = await addMachine(lab.host, 'cali-b', '10.65.0.2/32', '169.254.1.1');
  for (const [machine, address, link] of [
    [a, 'fd65::1/128', 'cali-a'],
    [b, 'fd65::2/128', 'cali-b'],
  ] as const) {
    await machine.exec('ip', 'addr', 'add', address, 'dev', 'eth0', 'nodad');
    await lab.host.exec('ip', 'addr', 'add', 'fe80::1/64', 'dev', link, 'nodad');
    await machine.exec('ip', '-6', 'route', 'add', 'default', 'via', 'fe80::1', 'dev', 'eth0');
  }
  const ends = [
    workload('a', { profiles: ['allow'], ipv4Nets: ['10.65.0.1/32'], ipv6Nets: ['fd65::1/128'] }),
    workload('b', { tiers: [tier(['web'], ['web'])], ipv4Nets: ['10.65.0.2/32'], ipv6Nets: ['fd65::2/128'] }),
  ];
  return {
    lab,
    a,
    b,
    ends,
    async [Symbol.asyncDispose]() {
      for (const part of [a, b, lab]) await part[Symbol.asyncDispose]();
    },
  };
}

for (const [family, address] of [
  ['IPv4', '10.65.0.2'],
  ['IPv6', 'fd65::2'],
] as const) {
  test.serial(
    `${family}: a connection that a tightened policy denies ends, its neighbour goes on without a loss`,
    async (t) => {
      await using world = await openTwo();
      const { lab, a, b, ends } = world;
      await lab.send(config(), allowAllProfile, open, ...ends, inSync);
      using first = await talk(a.name, b.name, address, { port: 5001 });
      using second = await talk(a.name, b.name, address, { port: 5002 });
      t.true(await first.isAlive(), 'at first');
      await lab.send(tight);
      t.true(await first.isCut(), 'cut');
      t.true(await second.isAlive(1500), 'the neighbour');
      await lab.send(open);
      t.true(await second.isAlive(500), 'the neighbour, later');
      t.true(await first.isBack(), 'allowed again, it goes on');
    },
  );
}

test.serial('a stream in which only the answering side speaks ends too', async (t) => {
  await using world = await openTwo();
  const { lab, a, b, ends } = world;
  const udp = policy('web', { inbound: [rule('allow', { protocol: 17 })], outbound: [rule('allow')] });
  await lab.send(config(), allowAllProfile, udp, ...ends, inSync);
  using stream = await talk(a.name, b.name, '10.65.0.2', { kind: 'udp-stream', port: 5001 });
  t.true(await stream.isAlive(), 'at first');
  await lab.send(policy('web', { inbound: [tcpTo(1)], outbound: [rule('allow')] }));
  t.true(await stream.isCut());
});

test.serial('who leaves a set loses what it only had by being in it; switched off, live flows stay', async (t) => {
  await using world = await openTwo();
  const { lab, a, b, ends } = world;
  const web = policy('web', { inbound: [rule('allow', { src: { sets: ['s:friends'] } })], outbound: [rule('allow')] });
  const friends = ipSet('s:friends', '10.65.0.1/32', '10.99.0.0/16');
  await lab.send(config({ areLiveFlowsReevaluated: false }), allowAllProfile, friends, web, ...ends, inSync);
  using first = await talk(a.name, b.name, '10.65.0.2', { port: 5001 });
  t.true(await first.isAlive(), 'at first');
  await lab.send({ type: 'ip-set-delta', id: 's:friends', added: [], removed: ['10.65.0.1/32'] });
  t.true(await first.isAlive(2000), 'switched off');
  await lab.send(config());
  t.true(await first.isCut(), 'switched on');
  await lab.send({ type: 'ip-set-delta', id: 's:friends', added: ['10.65.0.0/31'], removed: [] });
  t.true(await first.isBack(), 'a CIDR that holds it');
});

test.serial('a host endpoint: to the host and from it, but for failsafe ports', async (t) => {
  await using world = await openTwo();
  const { lab } = world;
  await using far = await addMachine(lab.host, 'eth0', '192.0.2.2/24', '192.0.2.1');
  await lab.host.exec('ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
  const eth0 = (...policies: string[]) =>
    hostEndpoint('eth0', {
      interfaceName: 'eth0',
      profiles: ['allow'],
      tiers: policies.length > 0 ? [tier(policies, policies)] : [],
    });
  await lab.send(config({ failsafeInbound: [{ protocol: 6, port: 5022 }] }), allowAllProfile, eth0(), inSync);
  using to = await talk(far.name, lab.host.name, '192.0.2.1', { port: 5001 });
  using from = await talk(lab.host.name, far.name, '192.0.2.2', { port: 5003 });
  using safe = await talk(far.name, lab.host.name, '192.0.2.1', { port: 5022 });
  for (const one of [to, from, safe]) t.true(await one.isAlive(), 'at first');
  await lab.send(policy('none'), eth0('none'));
  t.true(await to.isCut(), 'to the host');
  t.true(await from.isCut(), 'from the host');
  t.true(await safe.isAlive(), 'failsafe');
});
