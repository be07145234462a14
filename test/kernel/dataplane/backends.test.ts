/** What every backend promises, held by all of them over the real kernel: nothing early, closed when in doubt, restarts that write nothing. */
import test from 'ava';
import { uninstall } from '#appliance/felix/dataplane/uninstall.ts';
import { openKernel } from '#appliance/kernel/open.ts';
import { openPrograms } from '#appliance/kernel/programs.ts';
import {
  allowAllProfile,
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
import { backends, openBackendLab, ourTraces } from './backend-lab.ts';
import { addMachine } from './real-lab.ts';
import { talk } from './talk.ts';

const icmp = { protocol: 1 };
const gateway = '169.254.1.1';

for (const backend of backends) {
  test.serial(`${backend}: nothing is written before in-sync, and nothing again after a restart`, async (t) => {
    await using lab = await openBackendLab(backend);
    const world = [
      lab.config(),
      allowAllProfile,
      ipSet('s:web', '10.65.0.1/32', 'fd65::/64'),
      ipSet('n:http', '10.65.0.1,6:80'),
      policy('p', {
        inbound: [
          rule('allow', { ...icmp, src: { sets: ['s:web'] } }),
          rule('deny', { src: { nets: ['10.1.0.0/16', '10.2.0.0/16'] } }),
          rule('allow', { protocol: 6, dst: { ports: [{ first: 1, last: 80 }], namedPortSets: ['n:http'] } }),
        ],
      }),
      workload('a', { tiers: [tier(['p'])], profiles: ['allow'] }),
      hostEndpoint('any', { interfaceName: '*', profiles: ['allow'] }),
    ] as const;
    await lab.send(...world);
    const nothing = { nftables: '', 'iptables-nft': '', 'iptables-legacy': '', sets: '' };
    t.deepEqual(await ourTraces(lab.host), nothing);
    await lab.send(inSync);
    t.true(lab.writes() > 0);
    t.is(lab.reports.at(-1), 'applied 2');
    const traces = await ourTraces(lab.host);
    t.not(traces[backend], '');
    for (const other of backends) if (other !== backend) t.is(traces[other], '', other);

    await lab.restart();
    await lab.send(...world, inSync);
    t.is(lab.writes(), 0, 'everything was found as it is to be');
    t.deepEqual(await ourTraces(lab.host), traces);

    await lab.restart(); // one that has been told nothing, and so puts nothing back
    const kernel = openKernel({ netnsPath: lab.host.path });
    const programs = openPrograms({ netnsPath: lab.host.path });
    for (let i = 0; i < 2; i++) await uninstall(kernel, sampleConfig, { programs });
    t.deepEqual(await ourTraces(lab.host), nothing);
    programs.close();
    kernel.close();
  });

  test.serial(`${backend}: what is missing denies, what comes and goes counts from the next packet on`, async (t) => {
    await using lab = await openBackendLab(backend);
    await using from = await addMachine(lab.host, 'cali-a', '10.65.0.1/32', gateway);
    await using _to = await addMachine(lab.host, 'cali-b', '10.65.0.2/32', gateway);
    await using _world = await addMachine(lab.host, 'eth0', '192.0.2.2/24', '192.0.2.1');
    await lab.host.exec('ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
    await lab.host.exec('ip', 'route', 'add', 'default', 'via', '192.0.2.2'); // proxy ARP answers for what has a route
    const b = (names: string[], profiles = ['allow']) =>
      workload('b', { ipv4Nets: ['10.65.0.2/32'], tiers: [tier(names)], profiles });
    const isReached = () =>
      from.exec('ping', '-c', '2', '-i', '0.2', '-W', '0.5', '10.65.0.2').then(
        () => true,
        () => false,
      );

    await lab.send(
      lab.config(),
      allowAllProfile,
      ipSet('s:from', '10.65.0.1/32'),
      policy('p', { inbound: [rule('allow', { ...icmp, src: { sets: ['s:from'] } })] }),
      workload('a', { ipv4Nets: ['10.65.0.1/32'], profiles: ['allow'] }),
      b(['p']),
      inSync,
    );
    t.true(await isReached(), 'allowed');
    const hits = (await lab.readHits())?.rules.find(({ owner }) => owner.type === 'policy');
    t.like(hits, { owner: { id: policyId('p'), tier: 'default' }, direction: 'ingress', index: 0, action: 'allow' });
    t.true(hits !== undefined && hits.packets > 0n && hits.bytes > hits.packets * 20n, 'the rule has counted');
    await lab.send({ type: 'ip-set-delta', id: 's:from', added: [], removed: ['10.65.0.1/32'] });
    t.false(await isReached(), 'no member any more');
    await lab.send({ type: 'ip-set-delta', id: 's:from', added: ['10.65.0.0/24'], removed: [] });
    t.true(await isReached(), 'in a CIDR that came');
    await lab.send(b(['ghost']));
    t.false(await isReached(), 'a policy that is not there denies');
    await lab.send({ ...b([], ['ghost']) });
    t.false(await isReached(), 'so does a profile');
    await lab.send(b([]));
    t.true(await isReached());
    await lab.send(workloadGone('b'));
    t.false(await isReached(), 'an unknown link carries nothing');
    t.true(lab.reports.includes('default/b removed'));
    await lab.send({ type: 'policy-remove', id: policyId('p') }, { type: 'ip-set-remove', id: 's:from' });
    await lab.restart();
    t.false(await isReached(), 'also while nobody looks after it');
  });

  test.serial(`${backend}: a staged policy counts and decides nothing; counts outlive a change of rules`, async (t) => {
    await using lab = await openBackendLab(backend);
    await using from = await addMachine(lab.host, 'cali-a', '10.65.0.1/32', gateway);
    await using _to = await addMachine(lab.host, 'cali-b', '10.65.0.2/32', gateway);
    await using _world = await addMachine(lab.host, 'eth0', '192.0.2.2/24', '192.0.2.1');
    await lab.host.exec('ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
    await lab.host.exec('ip', 'route', 'add', 'default', 'via', '192.0.2.2'); // proxy ARP answers for what has a route
    const inbound = [rule('deny', { protocol: 6 }), rule('log', icmp), rule('deny', icmp), rule('allow')];
    const web = (protocol: number) => policy('p', { inbound: [rule('deny', { protocol }), rule('allow', icmp)] });
    await lab.send(
      lab.config(),
      allowAllProfile,
      policy('s', { inbound, isStaged: true }),
      web(6),
      workload('a', { ipv4Nets: ['10.65.0.1/32'], profiles: ['allow'] }),
      workload('b', { ipv4Nets: ['10.65.0.2/32'], tiers: [tier(['s', 'p'])] }),
      inSync,
    );
    t.true(await from.pings('10.65.0.2'));
    const countsOf = async (name: string) => {
      const rules = (await lab.readHits())?.rules ?? [];
      const own = rules.filter(({ owner }) => owner.type === 'policy' && owner.id.name === name);
      return own.sort((a, b) => a.index - b.index).map(({ packets, bytes }) => [packets, bytes]);
    };
    const counted = await countsOf('p');
    const [allowed] = counted[1]!;
    t.true(allowed! > 0n);
    const once = counted[1];
    t.deepEqual(counted, [[0n, 0n], once]);
    t.deepEqual(await countsOf('s'), [[0n, 0n], once, once, [0n, 0n]]);
    await lab.send(web(17));
    t.deepEqual(await countsOf('p'), counted);
    t.true(await from.pings('10.65.0.2'));
    t.true((await countsOf('p'))[1]![0]! > allowed!, 'it goes on from there');
    if (backend === 'nftables') return;
    await lab.restart();
    await lab.send(
      lab.config(),
      allowAllProfile,
      web(132),
      workload('a', { ipv4Nets: ['10.65.0.1/32'], profiles: ['allow'] }),
      workload('b', { ipv4Nets: ['10.65.0.2/32'], tiers: [tier(['p'])] }),
      inSync,
    );
    t.true((await countsOf('p'))[1]![0]! > allowed!, 'also over a restart that finds other rules');
  });

  test.serial(`${backend}: while hosts encrypt, a host that speaks without is answered without`, async (t) => {
    await using lab = await openBackendLab(backend);
    await using peer = await addMachine(lab.host, 'eth0', '192.0.2.2/24', '192.0.2.1');
    const ip = (...words: string[]) => lab.host.exec('ip', ...words);
    await ip('addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
    // a link of any kind with the rule and table of the device: a kernel need not have WireGuard
    await ip('link', 'add', 'wireguard.cali', 'type', 'veth', 'peer', 'name', 'nowhere');
    for (const link of ['wireguard.cali', 'nowhere']) await ip('link', 'set', link, 'up');
    await ip('route', 'add', '192.0.2.2', 'dev', 'wireguard.cali', 'table', '100');
    const encryption = (isOn: boolean) =>
      lab.config({
        isRouteSyncDisabled: true,
        isWireguardEnabled: true,
        isWireguardHostEncryptionEnabled: isOn,
      });
    await lab.send(encryption(false), inSync);
    await ip('rule', 'add', 'not', 'fwmark', '0x80000/0x80000', 'lookup', '100');
    t.false(await peer.pings('192.0.2.1'), 'the answer goes the encrypted way');
    await lab.send(encryption(true));
    t.true(await peer.pings('192.0.2.1'));
    const own = await lab.host.exec('ping', '-c', '2', '-i', '0.3', '-W', '1', '192.0.2.2').catch(() => 'unanswered');
    t.is(own, 'unanswered', 'what this host begins itself is encrypted');
    await lab.send(encryption(false));
    t.false(await peer.pings('192.0.2.1'));
  });

  test.serial(
    `${backend}: a live connection that policy no longer allows ends, and goes on when it is allowed again`,
    async (t) => {
      await using lab = await openBackendLab(backend);
      await using from = await addMachine(lab.host, 'cali-a', '10.65.0.1/32', gateway);
      await using to = await addMachine(lab.host, 'cali-b', '10.65.0.2/32', gateway);
      await using _world = await addMachine(lab.host, 'eth0', '192.0.2.2/24', '192.0.2.1');
      await lab.host.exec('ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
      await lab.host.exec('ip', 'route', 'add', 'default', 'via', '192.0.2.2'); // proxy ARP answers for what has a route
      const toPorts = (...ports: number[]) =>
        policy('p', {
          inbound: ports.map((port) => rule('allow', { protocol: 6, dst: { ports: [{ first: port, last: port }] } })),
          outbound: [rule('allow')],
        });
      await lab.send(
        lab.config({ areFloatingIpsEnabled: true }),
        allowAllProfile,
        toPorts(5001, 5002),
        workload('a', { ipv4Nets: ['10.65.0.1/32'], profiles: ['allow'] }),
        workload('b', {
          ipv4Nets: ['10.65.0.2/32'],
          tiers: [tier(['p'], ['p'])],
          nats: [{ externalIp: '198.51.100.7', internalIp: '10.65.0.2' }],
        }),
        inSync,
      );
      using first = await talk(from.name, to.name, '10.65.0.2', { port: 5001 });
      using second = await talk(from.name, to.name, '10.65.0.2', { port: 5002 });
      t.true(await first.isAlive(), 'at first');
      await lab.send(toPorts(5002));
      t.true(await first.isCut(), 'cut');
      t.true(await second.isAlive(1000), 'the other one');
      await lab.send(toPorts(5001, 5002, 5003));
      t.true(await first.isBack(), 'allowed again');
      using floating = await talk(from.name, to.name, '10.65.0.2', { port: 5003, via: '198.51.100.7' });
      t.true(await floating.isAlive(), 'by its floating address');
    },
  );
}
