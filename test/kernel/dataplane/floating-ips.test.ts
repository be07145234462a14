/** Floating IPs with the real kernel and real connections: from outside, from the host, from the workload itself; policy sees the internal address. */
import test from 'ava';
import type { WorkloadEndpoint } from '#appliance/felix/model/endpoint.ts';
import {
  allowAllProfile,
  config,
  inSync,
  policy,
  rule,
  tier,
  workload,
} from '../../appliance/felix/dataplane/sample.ts';
import { addMachine, openRealLab } from './real-lab.ts';
import { talk } from './talk.ts';

const families = {
  IPv4: { own: '10.65.0.2', external: '203.0.113.5', hostAddress: '192.0.2.1', far: '192.0.2.2', bits: 32, net: 24 },
  IPv6: { own: 'fd65::2', external: 'fdfe::5', hostAddress: 'fdc0::1', far: 'fdc0::2', bits: 128, net: 64 },
} as const;

const enabled = config({ areFloatingIpsEnabled: true });
const toOwn = (net: string) =>
  policy('web', { inbound: [rule('allow', { dst: { nets: [net] } })], outbound: [rule('allow')] });

for (const [family, { own, external, hostAddress, far, bits, net }] of Object.entries(families)) {
  test.serial(
    `${family}: a floating IP leads to its workload from everywhere, and policy sees the workload's own address`,
    async (t) => {
      await using lab = await openRealLab();
      await using b = await addMachine(lab.host, 'cali-b', `${own}/${bits}`, '169.254.1.1');
      await using outside = await addMachine(lab.host, 'eth0', `${far}/${net}`, hostAddress);
      await lab.host.exec('ip', 'addr', 'add', `${hostAddress}/${net}`, 'dev', 'eth0', 'nodad');
      const v = bits === 32 ? '-4' : '-6';
      if (bits === 128) {
        for (const machine of [b, outside]) await machine.exec('ip', 'addr', 'flush', 'dev', 'eth0', 'scope', 'global');
        await outside.exec('ip', 'addr', 'add', `${far}/64`, 'dev', 'eth0', 'nodad');
        await b.exec('ip', 'addr', 'add', `${own}/128`, 'dev', 'eth0', 'nodad');
        await lab.host.exec('ip', 'addr', 'add', 'fe80::1/64', 'dev', 'cali-b', 'nodad');
        await b.exec('ip', '-6', 'route', 'add', 'default', 'via', 'fe80::1', 'dev', 'eth0');
        await lab.host.exec('sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1');
      }
      await outside.exec('ip', v, 'route', 'replace', 'default', 'via', hostAddress);
      await lab.host.exec('ip', v, 'route', 'add', 'default', 'via', far);
      const nets = bits === 32 ? { ipv4Nets: [`${own}/32`] } : { ipv6Nets: [`${own}/128`] };
      const end = (more: Partial<WorkloadEndpoint> = {}) =>
        workload('b', {
          tiers: [tier(['web'], ['web'])],
          nats: [{ externalIp: external, internalIp: own }],
          ...nets,
          ...more,
        });
      const reach = async (from: string, port: number) => {
        using one = await talk(from, b.name, own, { port, via: external });
        return (await one.isBack(3000)) && (await one.isAlive(300));
      };
      await lab.send(config(), allowAllProfile, toOwn(`${own}/${bits}`), end(), inSync);
      t.false(await reach(outside.name, 5001), 'disabled, it is nobody');
      t.notRegex(await lab.host.exec('ip', v, 'route'), new RegExp(external));
      await lab.send(enabled);
      t.regex(await lab.host.exec('ip', v, 'route'), new RegExp(`${external} dev cali-b`));
      t.true(await reach(outside.name, 5002), 'from outside');
      t.true(await reach(lab.host.name, 5003), 'from the host');
      t.true(await reach(b.name, 5004), 'from the workload itself');
      await lab.send(toOwn(`${external}/${bits}`));
      t.false(await reach(outside.name, 5005), 'policy does not see the external address');
      await lab.send(toOwn(`${own}/${bits}`));
      using live = await talk(outside.name, b.name, own, { port: 5006, via: external });
      t.true(await live.isBack());
      await lab.send(end({ nats: [] }));
      t.true(await live.isCut(), 'taken away, live connections through it end');
    },
  );
}

test.serial('of two workloads that claim one address the one with the first internal address has it', async (t) => {
  await using lab = await openRealLab();
  const claim = (name: string, own: string) =>
    workload(name, { ipv4Nets: [`${own}/32`], nats: [{ externalIp: '203.0.113.5', internalIp: own }] });
  await lab.send(enabled, claim('a', '10.65.0.9'), claim('b', '10.65.0.10'), inSync);
  const leads = async () =>
    /dnat ip to \S+/.exec(await lab.host.exec('nft', 'list', 'chain', 'inet', 'calico', 'nat-output'))?.[0];
  t.is(await leads(), 'dnat ip to 10.65.0.10');
  await lab.send(claim('b', '10.65.0.7'), claim('a', '10.65.0.6'));
  t.is(await leads(), 'dnat ip to 10.65.0.6');
});

test.serial('when a floating IP leads to another address, connections through it end, and others do not', async (t) => {
  await using lab = await openRealLab();
  await using b = await addMachine(lab.host, 'cali-b', '10.65.0.2/32', '169.254.1.1');
  await using outside = await addMachine(lab.host, 'eth0', '192.0.2.2/24', '192.0.2.1');
  await b.exec('ip', 'addr', 'add', '10.65.0.3/32', 'dev', 'eth0');
  await lab.host.exec('ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
  await lab.host.exec('ip', 'route', 'add', 'default', 'via', '192.0.2.2');
  const end = (internalIp: string) =>
    workload('b', {
      profiles: ['allow'],
      ipv4Nets: ['10.65.0.2/32', '10.65.0.3/32'],
      nats: [{ externalIp: '203.0.113.5', internalIp }],
    });
  await lab.send(enabled, allowAllProfile, end('10.65.0.2'), inSync);
  using through = await talk(outside.name, b.name, '10.65.0.2', { port: 5101, via: '203.0.113.5' });
  using straight = await talk(outside.name, b.name, '10.65.0.2', { port: 5102 });
  t.true((await through.isBack()) && (await straight.isBack()));
  await lab.send(end('10.65.0.3'));
  t.true(await through.isCut(10_000));
  t.true(await straight.isBack());
  using again = await talk(outside.name, b.name, '10.65.0.3', { port: 5103, via: '203.0.113.5' });
  t.true(await again.isBack());
});
