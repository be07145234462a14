/** From which addresses a workload may send, and what it reaches of its host: both families, real packets. */
import test from 'ava';
import type { WorkloadEndpoint } from '#appliance/felix/model/endpoint.ts';
import { allowAllProfile, config, inSync, workload } from '../../appliance/felix/dataplane/sample.ts';
import { addMachine, openRealLab } from './real-lab.ts';

async function openTwo() {
  const lab = await openRealLab();
  for (const line of [
    'link add up0 type veth peer name up1',
    'link set up0 up',
    'addr add 192.0.2.1/24 dev up0',
    'addr add fdc0::1/64 dev up0 nodad',
    'route add default dev up0',
  ]) {
    await lab.host.exec('ip', ...line.split(' '));
  }
  const a = await addMachine(lab.host, 'cali-a', '10.65.0.1/32', '169.254.1.1');
  const b = await addMachine(lab.host, 'cali-b', '10.65.0.2/32', '169.254.1.1');
  for (const [machine, link, own] of [
    [a, 'cali-a', 'fd65::1'],
    [b, 'cali-b', 'fd65::2'],
  ] as const) {
    await lab.host.exec('ip', 'addr', 'add', 'fe80::1/64', 'dev', link, 'nodad');
    await machine.exec('ip', 'addr', 'add', `${own}/128`, 'dev', 'eth0', 'nodad');
    await machine.exec('ip', '-6', 'route', 'add', 'default', 'via', 'fe80::1', 'dev', 'eth0');
  }
  const end = (name: 'a' | 'b', more: Partial<WorkloadEndpoint> = {}) =>
    workload(name, {
      profiles: ['allow'],
      ipv4Nets: [name === 'a' ? '10.65.0.1/32' : '10.65.0.2/32'],
      ipv6Nets: [name === 'a' ? 'fd65::1/128' : 'fd65::2/128'],
      ...more,
    });
  return {
    lab,
    a,
    b,
    end,
    async [Symbol.asyncDispose]() {
      for (const part of [a, b, lab]) await part[Symbol.asyncDispose]();
    },
  };
}

test.serial('a workload sends from its own addresses only, unless others are allowed it', async (t) => {
  await using world = await openTwo();
  const { lab, a, b, end } = world;
  await a.exec('ip', 'addr', 'add', '10.99.0.7/32', 'dev', 'lo');
  await a.exec('ip', 'addr', 'add', 'fd99::7/128', 'dev', 'lo');
  await b.exec(
    'nft',
    'add table inet x; add chain inet x c { type filter hook prerouting priority -400; }; add counter inet x v4; add counter inet x v6',
  );
  await b.exec(
    'nft',
    'add rule inet x c ip saddr 10.99.0.7 counter name v4; add rule inet x c ip6 saddr fd99::7 counter name v6',
  );
  const arrives = async () => {
    await b.exec('nft', 'reset', 'counters', 'table', 'inet', 'x');
    await a.exec('ping', '-c', '2', '-i', '0.2', '-W', '1', '-I', '10.99.0.7', '10.65.0.2').catch(() => '');
    await a.exec('ping', '-c', '2', '-i', '0.2', '-W', '1', '-I', 'fd99::7', 'fd65::2').catch(() => '');
    const text = await b.exec('nft', 'list', 'counters', 'table', 'inet', 'x');
    return [...text.matchAll(/packets (\d+)/g)].map(([, count]) => Number(count) > 0);
  };
  const allowed = end('a', { allowSpoofedSourcePrefixes: ['10.99.0.0/24', 'fd99::/64'] });
  await lab.send(config(), allowAllProfile, end('a'), end('b'), inSync);
  t.true((await a.pings('10.65.0.2')) && (await a.pings('fd65::2')), 'from its own');
  t.deepEqual(await arrives(), [false, false]);
  await lab.send(allowed);
  t.deepEqual(await arrives(), [false, false], 'asked for, but not allowed on this host');
  await lab.send(config({ isSourceSpoofingAllowed: true }), allowed);
  t.deepEqual(await arrives(), [true, true]);
  t.is((await lab.host.exec('sysctl', '-n', 'net.ipv4.conf.cali-a.rp_filter')).trim(), '0');
  await lab.send(end('a', { allowSpoofedSourcePrefixes: ['10.98.0.0/24', 'fd98::/64'] }));
  t.deepEqual(await arrives(), [false, false], 'others are allowed');
});

test.serial('a workload reaches its host as DefaultEndpointToHostAction says, if its own policy lets it', async (t) => {
  await using world = await openTwo();
  const { lab, a, end } = world;
  const reaches = async () => [await a.pings('192.0.2.1'), await a.pings('fdc0::1')];
  await lab.send(config(), allowAllProfile, end('a'), inSync);
  t.deepEqual(await reaches(), [false, false], 'Drop');
  for (const defaultEndpointToHostAction of ['Accept', 'Return'] as const) {
    await lab.send(config({ defaultEndpointToHostAction }));
    t.deepEqual(await reaches(), [true, true], defaultEndpointToHostAction);
  }
  await lab.send(end('a', { profiles: [] }));
  t.deepEqual(await reaches(), [false, false], 'nothing allows it to send');
});
