import test from 'ava';
import { kindOf } from '#appliance/resources/registry.ts';
import { manifest, openTestResources, ref, refused } from './test-resources.ts';

const gnp = (name: string, tier?: string) => manifest('GlobalNetworkPolicy', name, tier === undefined ? {} : { tier });

test('a policy needs its tier, when it is made and when it moves', async (t) => {
  const { resources } = await openTestResources(t);
  const error = await refused(t, 'RESOURCE_NOT_FOUND', resources.create(gnp('p', 'ops')));
  t.regex(error.message, /Tier\(ops\)/);
  await resources.create(gnp('p'));
  const move = () => resources.modify(ref('GlobalNetworkPolicy', 'p'), (now) => ({ ...now, spec: { tier: 'ops' } }));
  await refused(t, 'RESOURCE_NOT_FOUND', move());
  await resources.create(manifest('Tier', 'ops', { order: 5 }));
  const moved = await move();
  t.is(moved.metadata.labels?.['projectcalico.org/tier'], 'ops');
});

test('a tier goes only when it is empty, and the built-in ones never', async (t) => {
  const { resources } = await openTestResources(t);
  for (const name of ['default', 'kube-admin', 'kube-baseline'])
    await refused(t, 'RESOURCE_PROTECTED', resources.delete(ref('Tier', name)));
  await resources.create(manifest('Tier', 'ops'));
  for (const [kind, namespace] of [
    ['GlobalNetworkPolicy', undefined],
    ['NetworkPolicy', 'prod'],
    ['StagedGlobalNetworkPolicy', undefined],
    ['StagedNetworkPolicy', 'prod'],
  ] as const) {
    await resources.create(manifest(kind, 'p', { tier: 'ops' }, namespace));
    const error = await refused(t, 'RESOURCE_IN_USE', resources.delete(ref('Tier', 'ops')));
    t.regex(error.message, new RegExp(`contains ${kind}\\(`));
    await resources.delete(ref(kind, 'p', namespace));
  }
  await resources.delete(ref('Tier', 'ops'));
  await refused(t, 'RESOURCE_NOT_FOUND', resources.get(ref('Tier', 'ops')));
});

test('a tier and a policy in it cannot pass each other', async (t) => {
  for (let round = 0; round < 20; round++) {
    const { resources } = await openTestResources(t);
    await resources.create(manifest('Tier', 'ops'));
    const results = await Promise.allSettled([resources.delete(ref('Tier', 'ops')), resources.create(gnp('p', 'ops'))]);
    const hasTier = (await resources.list({ kind: kindOf('Tier')!, namespace: '', limit: 0 })).entries.length === 4;
    const hasPolicy = results[1]!.status === 'fulfilled';
    t.true(hasTier || !hasPolicy);
    t.is(results.filter((result) => result.status === 'fulfilled').length, 1);
  }
});

test('pools that overlap are refused, also when two are made at once', async (t) => {
  const { resources } = await openTestResources(t);
  await resources.create(manifest('IPPool', 'a', { cidr: '10.77.0.0/16' }));
  const inside = resources.create(manifest('IPPool', 'b', { cidr: '10.77.3.0/24' }));
  const error = await refused(t, 'RESOURCE_INVALID', inside);
  t.is(error.details?.problems?.[0]?.path, 'spec.cidr');
  await resources.create(manifest('IPPool', 'c', { cidr: 'fd00:77::/64' }));
  const both = await Promise.allSettled(
    ['d', 'e'].map((name) => resources.create(manifest('IPPool', name, { cidr: '10.78.0.0/16' }))),
  );
  t.deepEqual(both.map((result) => result.status).sort(), ['fulfilled', 'rejected']);
});

test('a pool is refused over blocks of another size, and allowed over blocks of its own', async (t) => {
  const { resources, store } = await openTestResources(t);
  await store.put(Buffer.from('/calico/ipam/v2/assignment/ipv4/block/10.77.3.64-30'), Buffer.from('{}'));
  const pool = (blockSize: number) => manifest('IPPool', 'a', { cidr: '10.77.0.0/16', blockSize });
  await refused(t, 'RESOURCE_INVALID', resources.create(pool(26)));
  t.is((await resources.create(pool(30))).spec.blockSize, 30);
});

test('the range and block size of a pool stay, its spelling and the rest may change', async (t) => {
  const { resources } = await openTestResources(t);
  await resources.create(manifest('IPPool', 'a', { cidr: 'fd00:77::/64' }));
  const change = (spec: object) =>
    resources.modify(ref('IPPool', 'a'), (now) => ({ ...now, spec: { ...now.spec, ...spec } }));
  const error = await refused(t, 'RESOURCE_INVALID', change({ cidr: 'fd00:78::/64', blockSize: 124 }));
  t.deepEqual(
    error.details?.problems?.map((problem) => problem.path),
    ['spec.cidr', 'spec.blockSize'],
  );
  t.is((await change({ cidr: 'FD00:77:0::/64', disabled: true })).spec.cidr, 'fd00:77::/64');
});

test('a pool for load balancers cannot get another use', async (t) => {
  const { resources } = await openTestResources(t);
  await resources.create(manifest('IPPool', 'a', { cidr: '10.1.0.0/24', allowedUses: ['LoadBalancer'] }));
  const change = resources.modify(ref('IPPool', 'a'), (now) => ({
    ...now,
    spec: { ...now.spec, allowedUses: ['Workload'] },
  }));
  await refused(t, 'RESOURCE_INVALID', change);
});

test('with a node goes everything that is its own, however much, and nothing of others', async (t) => {
  const { resources, store } = await openTestResources(t);
  for (const node of ['n1', 'n2']) {
    await resources.create(manifest('Node', node));
    await resources.create(manifest('BGPPeer', `peer-${node}`, { node, peerIP: '10.0.0.1', asNumber: 64512 }));
    await resources.create(manifest('HostEndpoint', `hep-${node}`, { node, interfaceName: 'eth0' }));
    await resources.create(manifest('FelixConfiguration', `node.${node}`));
    await resources.create(manifest('BGPConfiguration', `node.${node}`));
  }
  for (let i = 0; i < 250; i++)
    await resources.create({
      ...manifest('WorkloadEndpoint', '', workload('n1', `c${i}`)),
      metadata: { namespace: 'prod' },
    });
  await resources.create({
    ...manifest('WorkloadEndpoint', '', workload('n2', 'c0')),
    metadata: { namespace: 'prod' },
  });
  await resources.delete(ref('Node', 'n1'));
  const { entries } = await store.range({
    key: Buffer.from('/calico/'),
    rangeEnd: Buffer.from('/calico0'),
    keysOnly: true,
  });
  const keys = entries.map((entry) => entry.key.toString());
  t.deepEqual(
    keys.filter((key) => /n1/.test(key)),
    [],
  );
  t.is(keys.filter((key) => /n2/.test(key)).length, 6);
});

function workload(node: string, containerID: string) {
  return {
    node,
    orchestrator: 'cni',
    containerID,
    endpoint: 'eth0',
    interfaceName: `cali${containerID}`,
    ipNetworks: ['10.77.0.1/32'],
  };
}

test('a workload endpoint gets its name from its spec and no other', async (t) => {
  const { resources } = await openTestResources(t);
  const spec = workload('edge-1', 'abc');
  const made = await resources.create({ ...manifest('WorkloadEndpoint', '', spec), metadata: { namespace: 'prod' } });
  t.is(made.metadata.name, 'edge--1-cni-abc-eth0');
  t.like(made.metadata.labels, { 'projectcalico.org/namespace': 'prod', 'projectcalico.org/orchestrator': 'cni' });
  const wrong = resources.create(manifest('WorkloadEndpoint', 'mine', spec, 'prod'));
  const error = await refused(t, 'RESOURCE_INVALID', wrong);
  t.is(error.details?.problems?.[0]?.path, 'metadata.name');
});

test('a BGP peer needs its filters, each told by its place', async (t) => {
  const { resources } = await openTestResources(t);
  const peer = manifest('BGPPeer', 'p', { peerIP: '10.0.0.1', asNumber: 64512, filters: ['a', 'b'] });
  await resources.create(manifest('BGPFilter', 'a', { exportV4: [{ action: 'Accept' }] }));
  const error = await refused(t, 'RESOURCE_INVALID', resources.create(peer));
  t.deepEqual(
    error.details?.problems?.map((problem) => problem.path),
    ['spec.filters[1]'],
  );
  await resources.create(manifest('BGPFilter', 'b', { exportV4: [{ action: 'Accept' }] }));
  await resources.create(peer);
});

test('the default-allow profile can be neither made, changed nor deleted', async (t) => {
  const { resources } = await openTestResources(t);
  const name = 'projectcalico-default-allow';
  await refused(t, 'RESOURCE_EXISTS', resources.create(manifest('Profile', name)));
  await refused(
    t,
    'RESOURCE_PROTECTED',
    resources.modify(ref('Profile', name), (now) => now),
  );
  await refused(t, 'RESOURCE_PROTECTED', resources.delete(ref('Profile', name)));
});

test('policies copied from Kubernetes are managed there', async (t) => {
  const { resources } = await openTestResources(t);
  const copy = manifest('NetworkPolicy', 'knp.default.web', {}, 'prod');
  await refused(t, 'RESOURCE_PROTECTED', resources.create(copy));
  await resources.create(copy, { isSystem: true });
  await refused(t, 'RESOURCE_PROTECTED', resources.delete(ref('NetworkPolicy', 'knp.default.web', 'prod')));
});
