/** What becomes of routes, devices and tunnel addresses when agents restart, strangers interfere, addresses move and pools change. Real packets. */
import test from 'ava';
import { decodeConfig } from '#appliance/felix/config/decode.ts';
import { uninstall } from '#appliance/felix/dataplane/uninstall.ts';
import { openKernel } from '#appliance/kernel/open.ts';
import { blockOf, type ClusterLab, type Host, openClusterLab, root, until } from './cluster-lab.ts';

const open = {
  kind: 'Profile',
  metadata: { name: 'open' },
  spec: { ingress: [{ action: 'Allow' }], egress: [{ action: 'Allow' }] },
};

async function putPool(lab: ClusterLab, spec: Record<string, unknown>, name = 'main'): Promise<void> {
  const all = { cidr: '10.65.0.0/16', blockSize: 28, ...spec };
  await lab.put(`${root}/ippools/${name}`, { kind: 'IPPool', metadata: { name }, spec: all });
}

/** Two hosts of one subnet with a block and a workload each. */
async function pair(lab: ClusterLab, spec: Record<string, unknown>) {
  await lab.put(`${root}/profiles/open`, open);
  await putPool(lab, spec);
  const [a, b] = [await lab.addHost('a', 0, 1), await lab.addHost('b', 0, 2)];
  await lab.put(...blockOf('10.65.1.0/28', 'a'));
  await lab.put(...blockOf('10.65.2.0/28', 'b'));
  const [wa, wb] = [
    await lab.addWorkload(a, 'wa', ['10.65.1.2/32'], { app: 'a' }),
    await lab.addWorkload(b, 'wb', ['10.65.2.2/32'], { app: 'b' }),
  ];
  return { a, b, wa, wb };
}

/** What the host has of ours, in order, whether or not the kernel is still trying its own addresses. */
async function picture({ exec }: Host): Promise<string> {
  const parts = [
    'ip -o link show type vxlan',
    'ip -o addr show',
    'ip route',
    'ip -6 route',
    'ip neigh show nud permanent',
  ];
  const texts = await Promise.all(parts.map((command) => exec('sh', '-c', `${command} | sort`)));
  return `${texts.join('\n').replaceAll(' tentative', '')}\n${await exec('sh', '-c', 'bridge fdb show | grep vxlan | sort')}`;
}

const tunnelOf = async (lab: ClusterLab, name: string) =>
  (await lab.read(`${root}/nodes/${name}`)).spec.ipv4VXLANTunnelAddr;

test.serial('a restart changes nothing, and what a stranger alters is repaired', async (t) => {
  await using lab = await openClusterLab();
  const { a, wa } = await pair(lab, { vxlanMode: 'Always' });
  await until('a reaches b', () => wa.pings('10.65.2.2'));
  const before = await picture(a);
  t.regex(before, /vxlan id 4096 local 192\.0\.2\.1 dev eth0 .*dstport 4789 nolearning|vxlan\.calico/);
  await a.restart();
  t.is(await picture(a), before);

  const tunnelOfB = await tunnelOf(lab, 'b');
  for (const damage of [
    'ip route del 10.65.2.0/28',
    'ip route del blackhole 10.65.1.0/28',
    'ip route replace 10.65.2.0/28 via 192.0.2.254 dev eth0 proto 80 metric 1024',
    'ip route add 10.99.0.0/16 dev vxlan.calico',
    `ip neigh del ${tunnelOfB} dev vxlan.calico`,
    `ip neigh replace ${tunnelOfB} lladdr 02:00:00:00:00:01 dev vxlan.calico nud permanent`,
    "bridge fdb del $(bridge fdb show dev vxlan.calico | awk '{print $1}') dev vxlan.calico",
    'ip addr add 10.99.0.1/32 dev vxlan.calico',
    'ip -4 addr flush dev vxlan.calico',
    'ip link set vxlan.calico down',
    'ip link set vxlan.calico mtu 1300',
    'ip link del vxlan.calico',
  ]) {
    await a.exec('sh', '-c', damage);
    const same = async () => withoutIndexes(await picture(a)) === withoutIndexes(before);
    await t.notThrowsAsync(() => until(`repair of: ${damage}`, same, 30_000), damage);
  }
  t.true(await wa.pings('10.65.2.2'));
});

/** A device made anew has another index. */
function withoutIndexes(text: string): string {
  return text.replace(/^\d+: /gm, '').replace(/ qlen \d+|inet6 fe80.*$/gm, '');
}

test.serial('only hosts of the cluster may send us VXLAN, and no workload may', async (t) => {
  await using lab = await openClusterLab();
  const { a, wa } = await pair(lab, { vxlanMode: 'Always' });
  await until('a reaches b', () => wa.pings('10.65.2.2'));
  const dropped = async (counter: string) =>
    Number(/packets (\d+)/.exec(await a.exec('nft', 'list', 'counter', 'inet', 'calico', counter))?.[1]);
  t.is(await dropped('drop/tunnel'), 0);
  const send = (target: string) =>
    [
      '-c',
      `python3 -c "
import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(3): s.sendto(b'x' * 64, ('${target}', 4789))"`,
    ] as const;
  await lab.fabric.exec('sh', ...send('192.0.2.1'));
  t.is(await dropped('drop/tunnel'), 3);
  await wa.exec('sh', ...send('192.0.2.2'));
  t.is(await dropped('drop/tunnel-from-workload'), 3);
  t.false(
    (await a.exec('conntrack', '-L', '-p', 'udp', '--dport', '4789')).includes('4789'),
    'tunnels are not tracked',
  );
});

test.serial(
  'an address that another host uses is reached there, and loses its connections when it comes home',
  async (t) => {
    await using lab = await openClusterLab();
    const { a, b, wb } = await pair(lab, { vxlanMode: 'Always' });
    const [key, block] = blockOf('10.65.1.0/28', 'a');
    const attributes = [{ handle_id: 'x', secondary: { node: 'b' } }];
    const stray = { ...(block as object), allocations: [null, null, null, 0, ...new Array(12).fill(null)], attributes };
    await lab.put(key, stray);
    await lab.addWorkload(b, 'stray', ['10.65.1.3/32'], {});
    const [wa] = [await lab.addWorkload(a, 'wc', ['10.65.1.4/32'], {})];
    await until('the stray is reached on b', () => wa.pings('10.65.1.3'));
    t.regex(await a.exec('ip', 'route'), /^10\.65\.1\.3 via \S+ dev vxlan\.calico/m);
    t.true((await a.exec('conntrack', '-L')).includes('10.65.1.3'));
    await lab.put(key, block);
    await until('the route has gone', async () => !(await a.exec('ip', 'route')).includes('10.65.1.3'));
    await until('so have its connections', async () => !(await a.exec('conntrack', '-L')).includes('10.65.1.3'));
    t.true(await wb.pings('10.65.1.4'), 'the rest of the block is where it was');
  },
);

test.serial(
  'pools that change their mind: tunnel off and on, address given back and claimed anew; without a tunnel packets go as they are',
  async (t) => {
    await using lab = await openClusterLab({ FELIX_PROGRAMCLUSTERROUTES: 'Enabled' });
    const { a, wa } = await pair(lab, { vxlanMode: 'Always' });
    await until('a reaches b', () => wa.pings('10.65.2.2'));
    const address = await tunnelOf(lab, 'a');
    t.regex(String(address), /^10\.65\./);
    t.regex(
      String(
        (await lab.store.range({ key: Buffer.from('/calico/ipam/v2/handle/vxlan-tunnel-addr-a') })).entries[0]?.value,
      ),
      /"block"/,
    );
    await putPool(lab, { vxlanMode: 'Never' });
    await until('the device is gone', async () => !(await a.exec('ip', 'link')).includes('vxlan.calico'));
    await until('the address is given back', async () => (await tunnelOf(lab, 'a')) === undefined);
    t.deepEqual(
      (await lab.store.range({ key: Buffer.from('/calico/ipam/v2/handle/vxlan-tunnel-addr-a') })).entries,
      [],
    );
    t.true(await wa.pings('10.65.2.2'), 'without a tunnel');
    t.regex(await a.exec('ip', 'route'), /^10\.65\.2\.0\/28 via 192\.0\.2\.2 dev eth0 proto 80/m);
    await putPool(lab, { vxlanMode: 'Always' });
    await until('the tunnel is back', async () => (await a.exec('ip', 'route')).includes('10.65.2.0/28 via 10.65.'));
    t.true(await wa.pings('10.65.2.2'));
    await putPool(lab, { cidr: '10.66.0.0/16', vxlanMode: 'Always' }, 'other');
    await putPool(lab, { vxlanMode: 'Always', disabled: true });
    await until('the address is of the other pool', async () => String(await tunnelOf(lab, 'a')).startsWith('10.66.'));
    await a.stop();
    const kernel = openKernel({ netnsPath: a.namespace.path });
    await uninstall(kernel, decodeConfig(new Map()).config);
    kernel.close();
    t.notRegex(await picture(a), /vxlan|proto 80/);
  },
);
