import test from 'ava';
import { planTunnels, tunnels, withTunnelAddress } from '#appliance/felix/agent/tunnel-plan.ts';
import type { Resource } from '#appliance/resources/resource.ts';

function resource(kind: string, name: string, spec: Resource['spec'], more = {}): Resource {
  return { apiVersion: 'projectcalico.org/v3', kind, metadata: { name }, spec, ...more };
}

const pools = [
  resource('IPPool', 'z-ipip', { cidr: '10.1.0.0/16', ipipMode: 'CrossSubnet' }),
  resource('IPPool', 'a-vxlan', { cidr: '10.2.0.0/16', vxlanMode: 'Always' }),
  resource('IPPool', 'v6', { cidr: 'fd00::/64', vxlanMode: 'Always', allowedUses: ['Workload', 'Tunnel'] }),
  resource('IPPool', 'off', { cidr: '10.3.0.0/16', vxlanMode: 'Always', disabled: true }),
  resource('IPPool', 'workloads', { cidr: '10.4.0.0/16', vxlanMode: 'Always', allowedUses: ['Workload'] }),
];

test('planTunnels() takes pools by family, encapsulation and use; WireGuard any, once there is a key', (t) => {
  const names = (node: Resource, isEncrypted = false) =>
    Object.fromEntries(
      [...planTunnels(node, pools, isEncrypted)].map(([{ type }, found]) => [type, found.map((p) => p.metadata.name)]),
    );
  const plain = names(resource('Node', 'n', {}));
  t.deepEqual(plain, {
    wireguardTunnelAddress: [],
    wireguardV6TunnelAddress: [],
    ipipTunnelAddress: ['z-ipip'],
    vxlanTunnelAddress: ['a-vxlan'],
    vxlanV6TunnelAddress: ['v6'],
  });
  const keyed = resource('Node', 'n', {}, { status: { wireguardPublicKey: 'k', wireguardPublicKeyV6: '' } });
  t.deepEqual(names(keyed).wireguardTunnelAddress, ['a-vxlan', 'z-ipip']);
  t.deepEqual(names(keyed).wireguardV6TunnelAddress, []);
  t.deepEqual(names(keyed, true).wireguardTunnelAddress, []);
});

test('withTunnelAddress() writes the field, and leaves no empty part behind', (t) => {
  const ipip = tunnels.find(({ type }) => type === 'ipipTunnelAddress')!;
  const vxlan = tunnels.find(({ type }) => type === 'vxlanTunnelAddress')!;
  const node = resource('Node', 'n', { orchRefs: [] });
  const both = withTunnelAddress(withTunnelAddress(node, ipip, '10.1.0.1'), vxlan, '10.2.0.1');
  t.deepEqual(both.spec, { orchRefs: [], bgp: { ipv4IPIPTunnelAddr: '10.1.0.1' }, ipv4VXLANTunnelAddr: '10.2.0.1' });
  t.is(ipip.addressOf(both), '10.1.0.1');
  t.deepEqual(withTunnelAddress(withTunnelAddress(both, ipip, undefined), vxlan, undefined).spec, node.spec);
});
