/** IPIP and WireGuard between hosts, in a kernel that has them: what is on the wire, what becomes of keys, and hosts that are encrypted too. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { openKernel } from '#appliance/kernel/open.ts';
import { talk } from '../../kernel/dataplane/talk.ts';
import { blockOf, type ClusterLab, type Host, openClusterLab, root, until } from '../../kernel/overlay/cluster-lab.ts';
import { watchWire } from './wire.ts';

const slow = 250_000;
const open = {
  kind: 'Profile',
  metadata: { name: 'open' },
  spec: { ingress: [{ action: 'Allow' }], egress: [{ action: 'Allow' }] },
};
/** What pings carry. */
const secret = ['-p', Buffer.from('secret').toString('hex')] as const;

/** Two hosts of one subnet with a block and a workload each. */
async function pair(settings: Record<string, string>, spec: Record<string, unknown> = {}, hasV6 = false) {
  const lab = await openClusterLab({ FELIX_PROGRAMCLUSTERROUTES: 'Enabled', ...settings });
  await lab.put(`${root}/profiles/open`, open);
  const pools = { v4: ['10.65.0.0/16', 28, spec], ...(hasV6 ? { v6: ['fd65::/64', 124, {}] } : {}) } as const;
  for (const [name, [cidr, blockSize, more]] of Object.entries(pools))
    await lab.put(`${root}/ippools/${name}`, {
      kind: 'IPPool',
      metadata: { name },
      spec: { cidr, blockSize, ...more },
    });
  for (const [i, name] of ['a', 'b'].entries()) {
    await lab.put(...blockOf(`10.65.${i + 1}.0/28`, name));
    await lab.put(...blockOf(`fd65::${i + 1}:0/124`, name));
  }
  const [a, b] = await Promise.all([lab.addHost('a', 0, 1), lab.addHost('b', 0, 2)]);
  const nets = (i: number) => [`10.65.${i}.2/32`, ...(hasV6 ? [`fd65::${i}:2/128`] : [])];
  const wa = await lab.addWorkload(a, 'wa', nets(1), {});
  await lab.addWorkload(b, 'wb', nets(2), {});
  return { lab, a, b, wa };
}

const keyOf = async (lab: ClusterLab, name: string, field = 'wireguardPublicKey') =>
  (await lab.read(`${root}/nodes/${name}`)).status?.[field];

/** The public keys of the peers that the device of a host has. */
async function peersOf({ namespace }: Host): Promise<string[]> {
  const kernel = openKernel({ netnsPath: namespace.path });
  try {
    const link = (await kernel.links()).find(({ name }) => name === 'wireguard.cali');
    const device = link && (await kernel.wireguard(link.index));
    return (device?.peers ?? []).map(({ publicKey }) => publicKey).sort();
  } finally {
    kernel.close();
  }
}

const pinging = (machine: { exec(program: string, ...args: string[]): Promise<string> }, target: string) =>
  machine.exec('ping', '-c', '5', '-i', '0.3', '-W', '2', ...secret, target);

test("IPIP: packets go in IP, from hosts of the cluster only, and the device has this host's address", async () => {
  const { lab, a, wa } = await pair({}, { ipipMode: 'Always' });
  await using _ = lab;
  await until('the way is open', () => wa.pings('10.65.2.2'), slow);
  const seen = await watchWire(lab.fabric, 'a', 'secret', 4, () => pinging(wa, '10.65.2.2'));
  assert.deepEqual([seen.icmp, seen.ipip >= 8, seen.readable >= 8], [0, true, true], JSON.stringify(seen));
  assert.match(await a.exec('ip', 'route'), /^10\.65\.2\.0\/28 via 192\.0\.2\.2 dev tunl0 proto 80 .*onlink/m);
  const { bgp } = (await lab.read(`${root}/nodes/a`)).spec as { bgp: { ipv4IPIPTunnelAddr: string } };
  assert.match(
    await a.exec('ip', 'addr', 'show', 'tunl0'),
    new RegExp(`mtu 1480 [^]*inet ${bgp.ipv4IPIPTunnelAddr}/32`),
  );
  const forged = `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 4)
for _ in range(3): s.sendto(b'E' + bytes(40), ('192.0.2.1', 0))`;
  await lab.fabric.exec('python3', '-c', forged);
  assert.match(await a.exec('nft', 'list', 'counter', 'inet', 'calico', 'drop/tunnel'), /packets 3/);
  const pool = { cidr: '10.65.0.0/16', blockSize: 28 };
  await lab.put(`${root}/ippools/v4`, { kind: 'IPPool', metadata: { name: 'v4' }, spec: pool });
  await until('the tunnel is off', async () => (await a.exec('ip', 'route')).includes('dev eth0 proto 80'), slow);
  await until(
    'its address is gone',
    async () => !(await a.exec('ip', 'addr', 'show', 'tunl0')).includes('inet '),
    slow,
  );
});

test("WireGuard: nothing is readable on the wire, in both families; keys that are lost are drawn anew, a key that two have is nobody's", async () => {
  const both = { FELIX_WIREGUARDENABLED: 'true', FELIX_WIREGUARDENABLEDV6: 'true' };
  const { lab, a, b, wa } = await pair(both, {}, true);
  await using _ = lab;
  await until('IPv4 passes', () => wa.pings('10.65.2.2'), slow);
  await until('IPv6 passes', () => wa.pings('fd65::2:2'), slow);
  await until('a has b as its peer', async () => (await peersOf(a)).length === 1, slow);
  for (const target of ['10.65.2.2', 'fd65::2:2']) {
    const seen = await watchWire(lab.fabric, 'a', 'secret', 4, () => pinging(wa, target));
    assert.deepEqual(
      [seen.readable, seen.icmp, seen.wireguard >= 8],
      [0, 0, true],
      `${target} ${JSON.stringify(seen)}`,
    );
  }
  assert.match(await a.exec('ip', 'rule'), /^99:\s+not from all fwmark 0x80000\/0x80000 lookup 1/m);
  const table = await a.exec('ip', 'route', 'show', 'table', '1');
  assert.match(table, /10\.65\.2\.0\/28 dev wireguard\.cali/);
  assert.match(table, /throw 10\.65\.1\.0\/28/);
  const address = async () => (await b.exec('ip', 'addr', 'show', 'wireguard.cali')).includes('inet 10.65.');
  await until('b has an address for its device', address, slow);

  const first = await keyOf(lab, 'b');
  await b.exec('ip', 'link', 'del', 'wireguard.cali');
  const isNew = async () => ![first, undefined].includes((await keyOf(lab, 'b')) as string);
  await until('b has another key', isNew, slow);
  await until('the way is open again', () => wa.pings('10.65.2.2'), slow);
  const second = await keyOf(lab, 'b');
  const spec = { bgp: { ipv4Address: '192.0.2.9/24' } };
  const copy = { kind: 'Node', metadata: { name: 'copy' }, spec, status: { wireguardPublicKey: second } };
  await lab.put(`${root}/nodes/copy`, copy);
  await until('neither is a peer', async () => (await peersOf(a)).length === 0, slow);
  assert.match(await a.exec('ip', 'route', 'show', 'table', '1'), /throw 10\.65\.2\.0\/28/);
  await lab.delete(`${root}/nodes/copy`);
  await until('b is a peer again', async () => (await peersOf(a)).includes(String(second)), slow);
  const key = await keyOf(lab, 'a');
  await a.restart();
  assert.deepEqual([await keyOf(lab, 'a'), await peersOf(a)], [key, [second]]);
  await a.restart({ FELIX_WIREGUARDENABLED: 'false', FELIX_WIREGUARDENABLEDV6: 'false' });
  await until('a publishes no key', async () => (await keyOf(lab, 'a')) === undefined, slow);
  assert.doesNotMatch(
    await a.exec('sh', '-c', 'ip link; ip rule; ip -6 rule; ip route show table 1'),
    /wireguard|fwmark|throw/,
  );
});

test('WireGuard: hosts too, and a host that lost its key is heard until it has another', async () => {
  const settings = { FELIX_WIREGUARDENABLED: 'true', FELIX_WIREGUARDHOSTENCRYPTIONENABLED: 'true' };
  const { lab, a, b } = await pair(settings);
  await using _ = lab;
  const encrypted = async (from: Host, to: string) => {
    const seen = await watchWire(lab.fabric, 'a', 'secret', 4, () => pinging(from, to).catch(() => ''));
    return seen.wireguard >= 5 && seen.icmp === 0 && seen.readable === 0;
  };
  await until('a to b is encrypted', () => encrypted(a, '192.0.2.2'), slow);
  await until('b to a is encrypted', () => encrypted(b, '192.0.2.1'), slow);
  assert.equal((await a.exec('sysctl', '-n', 'net.ipv4.conf.all.src_valid_mark')).trim(), '1');
  await b.stop();
  await b.exec('ip', 'link', 'del', 'wireguard.cali');
  assert.match(await b.exec('ping', '-c', '3', '-i', '0.3', '-W', '2', '192.0.2.1'), / 0% packet loss/);
  await b.restart();
  await until('a to b is encrypted again', () => encrypted(a, '192.0.2.2'), slow);
});

test('WireGuard: hosts in both families, and connections that were there before go on, encrypted', async () => {
  const { lab, a, b } = await pair({}, {}, true);
  await using _ = lab;
  const ends = { IPv4: '192.0.2.2', IPv6: 'fd00::2' };
  using v4 = await talk(a.namespace.name, b.namespace.name, ends.IPv4, { port: 5201 });
  using v6 = await talk(a.namespace.name, b.namespace.name, ends.IPv6, { port: 5202 });
  const areAlive = async () => (await v4.isBack(slow)) && (await v6.isBack(slow));
  assert.ok(await areAlive());
  const watch = (work: () => Promise<unknown>) => watchWire(lab.fabric, 'a', 'secret', 4, work);
  assert.ok((await watch(areAlive)).tcp > 0, 'in plain text at first');
  const names = ['WIREGUARDENABLED', 'WIREGUARDENABLEDV6', 'WIREGUARDHOSTENCRYPTIONENABLED'];
  const encryption = Object.fromEntries(names.map((name) => [`FELIX_${name}`, 'true']));
  for (const host of [a, b]) await host.restart(encryption);
  for (const [family, address] of Object.entries(ends)) {
    const isEncrypted = async () => {
      const seen = await watch(() => pinging(a, address).catch(() => ''));
      return seen.wireguard >= 5 && seen.icmp === 0 && seen.readable === 0;
    };
    await until(`hosts encrypt ${family}`, isEncrypted, slow);
  }
  assert.ok(await areAlive(), 'both connections go on');
  await until('they are encrypted', async () => (await watch(areAlive)).tcp === 0, slow);
});
