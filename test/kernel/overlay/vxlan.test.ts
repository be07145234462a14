/** VXLAN between hosts with real packets: two on one subnet and one behind a router, IPv4 and IPv6, with policy by label across hosts. */
import test from 'ava';
import type { Machine } from '../dataplane/real-lab.ts';
import { blockOf, openClusterLab, root, until } from './cluster-lab.ts';

const open = {
  kind: 'Profile',
  metadata: { name: 'open' },
  spec: { ingress: [{ action: 'Allow' }], egress: [{ action: 'Allow' }] },
};

test('workloads of three hosts reach each other through VXLAN, and policy holds across hosts', async (t) => {
  await using lab = await openClusterLab();
  await lab.put(`${root}/profiles/open`, open);
  await lab.put(`${root}/ippools/v4`, {
    kind: 'IPPool',
    metadata: { name: 'v4' },
    spec: { cidr: '10.65.0.0/16', vxlanMode: 'CrossSubnet', blockSize: 28 },
  });
  await lab.put(`${root}/ippools/v6`, {
    kind: 'IPPool',
    metadata: { name: 'v6' },
    spec: { cidr: 'fd65::/64', vxlanMode: 'Always', blockSize: 124 },
  });
  const hosts = [await lab.addHost('a', 0, 1), await lab.addHost('b', 0, 2), await lab.addHost('c', 1, 3)] as const;
  const [a] = hosts;
  for (const { name } of hosts) {
    await until(`${name} has its tunnel addresses`, async () => {
      const { spec } = await lab.read(`${root}/nodes/${name}`);
      return spec.ipv4VXLANTunnelAddr !== undefined && spec.ipv6VXLANTunnelAddr !== undefined;
    });
  }
  for (const [i, host] of hosts.entries()) {
    await lab.put(...blockOf(`10.65.${i}.0/28`, host.name));
    await lab.put(...blockOf(`fd65::${i + 1}:0/124`, host.name));
  }
  const machines = await Promise.all(
    hosts.map((host, i) =>
      lab.addWorkload(host, `w${i}`, [`10.65.${i}.2/32`, `fd65::${i + 1}:2/128`], { app: host.name }),
    ),
  );
  const [wa, wb, wc] = machines as [Machine, Machine, Machine];
  await until('a knows the way to c', async () => (await a.exec('ip', 'route')).includes('10.65.2.0/28 via'));

  await t.notThrowsAsync(() => until('a to c, IPv4', () => wa.pings('10.65.2.2')));
  t.true(await wa.pings('10.65.1.2'), 'a to b, IPv4');
  t.true(await wb.pings('10.65.2.2'), 'b to c, IPv4');
  t.true(await wc.pings('fd65::1:2'), 'c to a, IPv6');
  t.true(await wa.pings('fd65::2:2'), 'a to b, IPv6');

  const routes = await a.exec('ip', 'route');
  t.regex(routes, /^10\.65\.1\.0\/28 via 192\.0\.2\.2 dev eth0 proto 80 .*onlink/m, 'same subnet: no tunnel');
  t.regex(
    routes,
    /^10\.65\.2\.0\/28 via 10\.65\.\d+\.\d+ dev vxlan\.calico proto 80 .*onlink/m,
    'other subnet: tunnel',
  );
  t.regex(routes, /^blackhole 10\.65\.0\.0\/28 proto 80/m);
  t.regex(await a.exec('ip', '-6', 'route'), /^fd65::2:0\/124 via fd65::\S+ dev vxlan-v6\.calico/m);

  await lab.put(`${root}/globalnetworkpolicies/only-b`, {
    kind: 'GlobalNetworkPolicy',
    metadata: { name: 'only-b' },
    spec: {
      selector: "app == 'c'",
      types: ['Ingress'],
      ingress: [{ action: 'Allow', source: { selector: "app == 'b'" } }],
    },
  });
  await until('policy keeps a out', async () => !(await wa.pings('10.65.2.2')));
  t.true(await wb.pings('10.65.2.2'), 'b may');
  t.false(await wa.pings('fd65::3:2'));
  t.true(await wb.pings('fd65::3:2'));
});
