/** What a workload finds of its host, in the real kernel: sysctls, routes and neighbours; and connections when its address goes elsewhere. */
import { spawn } from 'node:child_process';
import test from 'ava';
import type { Message } from '#appliance/felix/model/messages.ts';
import {
  allowAllProfile,
  config,
  inSync,
  policy,
  rule,
  tier,
  workload,
  workloadGone,
} from '../../appliance/felix/dataplane/sample.ts';
import { openBackendLab } from './backend-lab.ts';
import { addMachine, openRealLab } from './real-lab.ts';
import { talk } from './talk.ts';

const mac = '02:00:00:00:65:01';

test.serial(
  'a workload link has its sysctls, routes of both families and a permanent neighbour, and they go',
  async (t) => {
    await using lab = await openRealLab();
    await using _a = await addMachine(lab.host, 'cali-a', '10.65.0.1/32', '169.254.1.1');
    await lab.host.exec('sysctl', '-qw', 'net.ipv4.conf.default.rp_filter=2', 'net.netfilter.nf_conntrack_acct=0');
    const end = workload('a', { profiles: ['allow'], mac, ipv4Nets: ['10.65.0.1/32'], ipv6Nets: ['fd65::1/128'] });
    const read = async (...names: string[]) =>
      (await lab.host.exec('sysctl', '-n', ...names)).trim().split('\n').map(Number);
    await lab.send(config({ isIpForwardingEnabled: false }), allowAllProfile, inSync);
    t.deepEqual(await read('net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding'), [0, 0], 'forwarding is left alone');
    await lab.send(config(), end);
    t.deepEqual(
      await read('net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding', 'net.netfilter.nf_conntrack_acct'),
      [1, 1, 1],
    );
    const v4 = ['route_localnet', 'proxy_arp', 'forwarding', 'rp_filter'].map((name) => `net.ipv4.conf.cali-a.${name}`);
    t.deepEqual(await read(...v4, 'net.ipv4.neigh.cali-a.proxy_delay'), [1, 1, 1, 2, 0]);
    const v6 = ['accept_ra', 'proxy_ndp', 'forwarding'].map((name) => `net.ipv6.conf.cali-a.${name}`);
    t.deepEqual(await read(...v6), [0, 1, 1]);
    t.regex(await lab.host.exec('ip', 'route'), /^10\.65\.0\.1 dev cali-a scope link metric 1024/m);
    t.regex(await lab.host.exec('ip', '-6', 'route'), /^fd65::1 dev cali-a metric 1024/m);
    const neighbours = () => lab.host.exec('ip', 'neigh', 'show', 'dev', 'cali-a', 'nud', 'permanent');
    t.regex(await neighbours(), new RegExp(`^10\\.65\\.0\\.1 lladdr ${mac}`, 'm'));
    await lab.send(workloadGone('a'));
    t.notRegex(
      (await lab.host.exec('ip', 'route')) + (await lab.host.exec('ip', '-6', 'route')),
      /cali-a scope|fd65::1/,
    );
    t.notRegex(await neighbours(), /10\.65\.0\.1/);
  },
);

test.serial('who gets an address does not get the connections of who had it', async (t) => {
  await using lab = await openRealLab();
  await using a = await addMachine(lab.host, 'cali-a', '10.65.0.1/32', '169.254.1.1');
  await using _b = await addMachine(lab.host, 'cali-b', '10.65.0.1/32', '169.254.1.1');
  await using far = await addMachine(lab.host, 'eth0', '192.0.2.2/24', '192.0.2.1');
  await lab.host.exec('ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
  await lab.host.exec('ip', 'route', 'add', 'default', 'via', '192.0.2.2');
  await far.exec('ip', 'route', 'replace', 'default', 'via', '192.0.2.1');
  const end = (name: string) => workload(name, { profiles: ['allow'], ipv4Nets: ['10.65.0.1/32'] });
  await lab.send(config(), allowAllProfile, end('a'), inSync);
  using live = await talk(far.name, a.name, '10.65.0.1', { port: 5001 });
  t.true(await live.isBack());
  await lab.host.exec('conntrack', '-L', '-s', '192.0.2.2');
  const tracked = async () => (await lab.host.exec('conntrack', '-L', '-p', 'tcp')).split('\n').filter(Boolean);
  const before = await tracked();
  t.is(before.length, 1);
  const seen: string[] = [];
  const monitor = lab.host
    .exec('timeout', '6', 'ip', 'monitor', 'route')
    .catch(({ stdout }: { stdout?: string }) => stdout ?? '');
  const events = lab.host
    .exec('timeout', '6', 'conntrack', '-E', '-e', 'DESTROY', '-p', 'tcp')
    .catch(({ stdout }: { stdout?: string }) => stdout ?? '');
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await lab.send(workloadGone('a'), end('b'));
  t.regex(await lab.host.exec('ip', 'route'), /^10\.65\.0\.1 dev cali-b/m);
  seen.push(await events, await monitor);
  t.regex(seen[0] ?? '', /DESTROY.*src=192\.0\.2\.2 dst=10\.65\.0\.1/);
  t.regex(seen[1] ?? '', /Deleted 10\.65\.0\.1 dev cali-a[\s\S]*10\.65\.0\.1 dev cali-b/, 'the new route comes after');
});

test.serial('who gets an address that another host had does not get the connections that led there', async (t) => {
  await using lab = await openRealLab();
  await using a = await addMachine(lab.host, 'cali-a', '10.65.0.1/32', '169.254.1.1');
  await using there = await addMachine(lab.host, 'eth0', '192.0.2.2/24', '192.0.2.1');
  await lab.host.exec('ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
  await lab.host.exec('ip', 'route', 'add', 'default', 'via', '192.0.2.2');
  await there.exec('ip', 'addr', 'add', '10.65.1.1/32', 'dev', 'lo');
  await there.exec('ip', 'link', 'set', 'lo', 'up');
  const tracked = async () =>
    Array.from((await lab.host.exec('conntrack', '-L', '-o', 'id', '-p', 'tcp')).matchAll(/\bid=\d+/g), ([id]) => id);
  const own = workload('a', { profiles: ['allow'], ipv4Nets: ['10.65.0.1/32'] });
  await lab.send(config(), allowAllProfile, own, inSync);
  using live = await talk(a.name, there.name, '10.65.1.1', { port: 5002 });
  t.true(await live.isBack());
  const before = await tracked();
  t.is(before.length, 1);
  await using _b = await addMachine(lab.host, 'cali-b', '10.65.1.1/32', '169.254.1.1');
  await lab.send(workload('b', { profiles: ['allow'], ipv4Nets: ['10.65.1.1/32'] }));
  t.regex(await lab.host.exec('ip', 'route'), /^10\.65\.1\.1 dev cali-b/m);
  // what still comes of the old connection begins a new entry, for which policy is asked
  const endMs = performance.now() + 10_000;
  while ((await tracked()).includes(before[0]!) && performance.now() < endMs)
    await new Promise((done) => setTimeout(done, 20));
  t.false((await tracked()).includes(before[0]!));
});

test.serial(
  'neighbours on the link of a host reach a workload in their network without a route, while it is asked for',
  async (t) => {
    await using lab = await openRealLab();
    await using a = await addMachine(lab.host, 'cali-a', '192.0.2.10/32', '169.254.1.1');
    await using far = await addMachine(lab.host, 'eth0', '192.0.2.2/24', '192.0.2.1');
    await lab.host.exec('ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
    await lab.host.exec('ip', 'route', 'add', 'default', 'via', '192.0.2.2'); // proxy ARP answers for what has a route
    await lab.host.exec('ip', 'addr', 'add', 'fdc0::1/64', 'dev', 'eth0', 'nodad');
    await lab.host.exec('ip', 'addr', 'add', 'fe80::1/64', 'dev', 'cali-a', 'nodad');
    await far.exec('ip', 'addr', 'add', 'fdc0::2/64', 'dev', 'eth0', 'nodad');
    await a.exec('ip', 'addr', 'add', 'fdc0::10/128', 'dev', 'eth0', 'nodad');
    await a.exec('ip', '-6', 'route', 'add', 'default', 'via', 'fe80::1', 'dev', 'eth0');
    const pool = (cidr: string): Message => ({
      type: 'ip-pool-update',
      id: cidr,
      pool: { cidr, natOutgoing: false, ipipMode: 'Never', vxlanMode: 'Never', allowedUses: [] },
    });
    const end = workload('a', { profiles: ['allow'], ipv4Nets: ['192.0.2.10/32'], ipv6Nets: ['fdc0::10/128'] });
    await lab.send(config(), allowAllProfile, pool('192.0.2.0/26'), pool('fdc0::/64'), end, inSync);
    t.false(await far.pings('192.0.2.10'));
    const wrong = '02:00:00:00:00:99';
    for (const address of ['192.0.2.10', 'fdc0::10'])
      await far.exec('ip', 'neigh', 'replace', address, 'lladdr', wrong, 'dev', 'eth0', 'nud', 'stale');
    await lab.send(config({ isLocalSubnetReachable: true }));
    const mac = /link\/ether (\S+)/.exec(await lab.host.exec('ip', 'link', 'show', 'eth0'))![1]!;
    const told = async () => (await far.exec('ip', 'neigh', 'show', 'dev', 'eth0')).split('\n').filter(isTold);
    const isTold = (line: string) => /^(192\.0\.2\.10|fdc0::10) /.test(line) && line.includes(`lladdr ${mac}`);
    const endMs = performance.now() + 10_000;
    while ((await told()).length < 2 && performance.now() < endMs) await new Promise((done) => setTimeout(done, 50));
    t.is((await told()).length, 2, 'it was announced');
    t.deepEqual([await far.pings('192.0.2.10'), await far.pings('fdc0::10')], [true, true]);
    for (const address of ['192.0.2.10', 'fdc0::10']) await far.exec('ip', 'neigh', 'del', address, 'dev', 'eth0');
    t.deepEqual([await far.pings('192.0.2.10'), await far.pings('fdc0::10')], [true, true], 'it is answered');
    await lab.send(config());
    t.is((await lab.host.exec('ip', 'neigh', 'show', 'proxy')).trim(), '');
  },
);

for (const backend of ['nftables', 'iptables-nft'] as const) {
  test.serial(
    `${backend}: metadata is answered where the settings say, whatever policy says, while they do`,
    async (t) => {
      await using lab = await openBackendLab(backend);
      await using a = await addMachine(lab.host, 'cali-a', '10.65.0.1/32', '169.254.1.1');
      await using _world = await addMachine(lab.host, 'eth0', '192.0.2.2/24', '192.0.2.1');
      await lab.host.exec('ip', 'link', 'set', 'lo', 'up');
      await lab.host.exec('ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
      await lab.host.exec('ip', 'route', 'add', 'default', 'via', '192.0.2.2'); // proxy ARP answers for what has a route
      const listening = ['TCP-LISTEN:8775,bind=127.0.0.1,reuseaddr,fork', 'SYSTEM:echo metadata'];
      const server = spawn('ip', ['netns', 'exec', lab.host.name, 'socat', ...listening], { stdio: 'ignore' });
      try {
        const ask = () =>
          a.exec('socat', '-T', '5', '-u', 'TCP:169.254.169.254:80,connect-timeout=3', '-').catch(() => '');
        const end = workload('a', { tiers: [tier([], ['closed'])], ipv4Nets: ['10.65.0.1/32'] });
        const closed = policy('closed', { outbound: [rule('deny')] });
        await lab.send(lab.config(), closed, end, inSync);
        t.is(await ask(), '');
        await lab.send(lab.config({ metadata: { address: '127.0.0.1', port: 8775 } }));
        const endMs = performance.now() + 10_000;
        let answer = await ask();
        while (answer === '' && performance.now() < endMs) answer = await ask();
        t.is(answer, 'metadata\n');
        await lab.send(lab.config());
        t.is(await ask(), '');
      } finally {
        server.kill('SIGKILL');
      }
    },
  );
}
