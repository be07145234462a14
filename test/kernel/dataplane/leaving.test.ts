/** What becomes of packets that leave the host for elsewhere, real ones: marked with a DSCP, or kept from going round to services of nobody. */
import test from 'ava';
import type { Message } from '#appliance/felix/model/messages.ts';
import { allowAllProfile, config, hostEndpoint, inSync, workload } from '../../appliance/felix/dataplane/sample.ts';
import type { TestNamespace } from '../netlink/namespace.ts';
import { addMachine, openRealLab } from './real-lab.ts';

/** A workload, its host, and a router to everywhere else. */
async function openWay() {
  const lab = await openRealLab();
  const a = await addMachine(lab.host, 'cali-a', '10.65.0.1/32', '169.254.1.1');
  const outside = await addMachine(lab.host, 'eth0', '192.0.2.2/24', '192.0.2.1');
  const at = (ns: { exec: TestNamespace['exec'] }) => (text: string) =>
    ns.exec('ip', ...text.split(' ')).catch(() => '');
  for (const line of [
    'addr add 192.0.2.1/24 dev eth0',
    'addr add fdc0::1/64 dev eth0 nodad',
    'addr add fe80::1/64 dev cali-a nodad',
  ]) {
    await at(lab.host)(line);
  }
  await at(lab.host)('route add default via 192.0.2.2');
  await at(lab.host)('-6 route add default via fdc0::2');
  for (const line of [
    'addr add fdc0::2/64 dev eth0 nodad',
    'route replace default via 192.0.2.1',
    '-6 route replace default via fdc0::1',
  ]) {
    await at(outside)(line);
  }
  for (const line of ['addr add fd65::1/128 dev eth0 nodad', '-6 route add default via fe80::1 dev eth0'])
    await at(a)(line);
  for (const address of ['10.66.0.1/32', '10.77.0.1/32', 'fd77::1/128'])
    await at(outside)(`addr add ${address} dev lo`);
  await lab.host.exec(
    'sysctl',
    '-qw',
    'net.ipv4.ip_forward=1',
    'net.ipv4.conf.all.send_redirects=0',
    'net.ipv4.conf.eth0.send_redirects=0',
    'net.ipv6.conf.all.forwarding=1',
  );
  return {
    lab,
    a,
    outside,
    async [Symbol.asyncDispose]() {
      for (const part of [a, outside, lab]) await part[Symbol.asyncDispose]();
    },
  };
}

const pool = (cidr: string): Message => ({
  type: 'ip-pool-update',
  id: cidr,
  pool: { cidr, natOutgoing: false, ipipMode: 'Never', vxlanMode: 'Never', allowedUses: [] },
});

test.serial('packets that leave the cluster carry the DSCP of their workload, others do not', async (t) => {
  await using way = await openWay();
  const { lab, a, outside } = way;
  const end = (dscp?: number) =>
    workload('a', {
      profiles: ['allow'],
      ipv4Nets: ['10.65.0.1/32'],
      ipv6Nets: ['fd65::1/128'],
      ...(dscp === undefined ? {} : { qos: { ingress: {}, egress: {}, dscp } }),
    });
  await outside.exec('nft', 'add table inet x; add chain inet x c { type filter hook prerouting priority -400; }');
  /** The DSCPs of echo requests that arrive from the workload. */
  const dscpOf = async (destination: string) => {
    const v6 = destination.includes(':');
    const [family, source, icmp] = v6 ? ['ip6', 'fd65::1', 'icmpv6'] : ['ip', '10.65.0.1', 'icmp'];
    await outside.exec('nft', 'flush chain inet x c');
    for (const value of [0, 18, 46]) {
      await outside.exec(
        'nft',
        `add rule inet x c ${family} saddr ${source} ${icmp} type echo-request ${family} dscp ${value} counter comment "${value}"`,
      );
    }
    t.true(await a.pings(destination), `${destination} answers`);
    const text = await outside.exec('nft', 'list', 'chain', 'inet', 'x', 'c');
    return [...text.matchAll(/packets ([1-9]\d*) .*comment "(\d+)"/g)].map(([, , value]) => Number(value));
  };
  await lab.send(
    config(),
    allowAllProfile,
    pool('10.65.0.0/16'),
    pool('10.66.0.0/16'),
    pool('fd65::/64'),
    end(),
    inSync,
  );
  t.deepEqual(await dscpOf('10.77.0.1'), [0]);
  await lab.send(end(46));
  t.deepEqual(await dscpOf('10.77.0.1'), [46]);
  t.deepEqual(await dscpOf('fd77::1'), [46]);
  t.deepEqual(await dscpOf('10.66.0.1'), [0], 'a pool is in the cluster');
  await lab.send(end(18));
  t.deepEqual(await dscpOf('10.77.0.1'), [18]);
  await lab.send(end());
  t.deepEqual(await dscpOf('10.77.0.1'), [0]);
  t.notRegex(await lab.host.exec('nft', 'list', 'ruleset'), /chain dscp-/);
});

test.serial('packets that this host itself sends out of the cluster carry the DSCP of its host endpoint', async (t) => {
  await using way = await openWay();
  const { lab, outside } = way;
  const [own, own6] = ['192.0.2.1', 'fdc0::1'];
  const end = (dscp?: number) =>
    hostEndpoint('h', {
      interfaceName: 'eth0',
      expectedIps: [own, own6],
      profiles: ['allow'],
      ...(dscp === undefined ? {} : { dscp }),
    });
  await outside.exec('nft', 'add table inet x; add chain inet x c { type filter hook prerouting priority -400; }');
  await lab.host.exec('nft', 'add table inet x; add chain inet x c { type filter hook prerouting priority -400; }');
  /** The DSCPs of echo requests that arrive where they are sent. */
  const dscpOf = async (destination: string, at: Pick<TestNamespace, 'exec'> = outside) => {
    const v6 = destination.includes(':');
    const [family, source, icmp] = v6 ? ['ip6', own6, 'icmpv6'] : ['ip', own, 'icmp'];
    await at.exec('nft', 'flush chain inet x c');
    for (const value of [0, 46]) {
      await at.exec(
        'nft',
        `add rule inet x c ${family} saddr ${source} ${icmp} type echo-request ${family} dscp ${value} counter comment "${value}"`,
      );
    }
    await lab.host.exec('ping', '-c', '3', '-i', '0.3', '-W', '1', '-I', source!, destination);
    const text = await at.exec('nft', 'list', 'chain', 'inet', 'x', 'c');
    return [...text.matchAll(/packets ([1-9]\d*) .*comment "(\d+)"/g)].map(([, , value]) => Number(value));
  };
  await lab.send(config(), allowAllProfile, pool('10.66.0.0/16'), end(), inSync);
  t.deepEqual(await dscpOf('10.77.0.1'), [0]);
  await lab.send(end(46));
  t.deepEqual(await dscpOf('10.77.0.1'), [46]);
  t.deepEqual(await dscpOf('fd77::1'), [46]);
  t.deepEqual(await dscpOf('10.66.0.1'), [0], 'a pool is in the cluster');
  t.deepEqual(await dscpOf(own, lab.host), [0], 'to itself');
  await lab.send(end());
  t.deepEqual(await dscpOf('10.77.0.1'), [0]);
});

test.serial('a packet to a service address of nobody does not go out again', async (t) => {
  await using way = await openWay();
  const { lab, outside } = way;
  await outside.exec(
    'nft',
    'add table inet x; add chain inet x c { type filter hook prerouting priority -400; }; add counter inet x back4; add counter inet x back6',
  );
  await outside.exec(
    'nft',
    'add rule inet x c ip daddr 10.96.0.0/16 counter name back4; add rule inet x c ip6 daddr fd96::/64 counter name back6',
  );
  const back = async () => {
    await outside.exec('nft', 'reset', 'counters', 'table', 'inet', 'x');
    const answers = await Promise.all(
      ['10.96.1.1', 'fd96::1'].map((target) =>
        outside
          .exec('ping', '-c', '2', '-i', '0.2', '-W', '1', target)
          .catch(({ stdout }: { stdout?: string }) => stdout ?? ''),
      ),
    );
    const text = await outside.exec('nft', 'list', 'counters', 'table', 'inet', 'x');
    return {
      isBack: [...text.matchAll(/packets (\d+)/g)].map(([, count]) => Number(count) > 0),
      isRefused: answers.map((answer) => /prohibited|filtered/i.test(answer)),
    };
  };
  const cidrs = ['10.96.0.0/16', 'fd96::/64'].map((cidr): Message => ({ type: 'service-cidr-update', cidr }));
  await lab.send(config(), inSync);
  t.deepEqual((await back()).isBack, [true, true]);
  await lab.send(...cidrs);
  t.deepEqual(await back(), { isBack: [false, false], isRefused: [false, false] });
  await lab.send(config({ serviceLoopPrevention: 'Reject' }));
  t.deepEqual(await back(), { isBack: [false, false], isRefused: [true, true] });
  await lab.send(config({ serviceLoopPrevention: 'Disabled' }));
  t.deepEqual((await back()).isBack, [true, true]);
  await lab.send(config(), { type: 'service-cidr-remove', cidr: '10.96.0.0/16' });
  t.deepEqual((await back()).isBack, [true, false]);
});
