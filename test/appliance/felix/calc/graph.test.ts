import test from 'ava';
import type { GraphUpdate } from '#appliance/felix/calc/decode.ts';
import { createGraph, type Graph } from '#appliance/felix/calc/graph.ts';
import type { Message } from '#appliance/felix/model/messages.ts';
import { Feed, keyOf, type Manifest } from './feed.ts';

const local: Manifest = {
  kind: 'WorkloadEndpoint',
  metadata: { name: 'here-cni-a-eth0', namespace: 'prod', labels: { role: 'web' } },
  spec: { interfaceName: 'cali1', ipNetworks: ['10.0.0.1/32'], profiles: ['base'] },
};
const policy = policyNamed('p', 1);

function policyNamed(name: string, order: number, selector = 'role == "db"'): Manifest {
  return {
    kind: 'GlobalNetworkPolicy',
    metadata: { name },
    spec: { order, types: ['Ingress'], ingress: [{ action: 'Allow', source: { selector } }] },
  };
}

function db(container: string, address: string, role = 'db'): Manifest {
  return {
    kind: 'WorkloadEndpoint',
    metadata: { name: `there-cni-${container}-eth0`, namespace: 'prod', labels: { role } },
    spec: { interfaceName: 'cali1', ipNetworks: [address] },
  };
}

let revision = 1;

function put(manifest: Manifest): GraphUpdate {
  return { key: keyOf(manifest), value: manifest, revision: ++revision };
}

function gone(manifest: Manifest): GraphUpdate {
  return { key: keyOf(manifest), value: undefined, revision: ++revision };
}

function started(...manifests: readonly Manifest[]): Graph {
  const graph = createGraph({ hostname: 'here' });
  graph.update(manifests.map(put));
  graph.status('in-sync', revision);
  graph.flush();
  return graph;
}

function step(graph: Graph, ...updates: readonly GraphUpdate[]): readonly Message[] {
  graph.update(updates);
  return graph.flush()?.messages ?? [];
}

function types(messages: readonly Message[]): string[] {
  return messages.map((message) => message.type);
}

test('Graph.flush() says nothing before the graph is in sync, and in-sync once and last', (t) => {
  const graph = createGraph({ hostname: 'here' });
  graph.update([put(local), put(policy)]);
  graph.status('resync');
  t.is(graph.flush(), undefined);
  graph.status('in-sync', revision);
  const first = graph.flush()!;
  t.deepEqual(types(first.messages), [
    'ip-set-update',
    'policy-update',
    'profile-update',
    'workload-endpoint-update',
    'in-sync',
  ]);
  graph.status('resync');
  graph.status('in-sync', revision);
  t.is(graph.flush(), undefined);
});

test('Graph.flush() carries the revision reached even when nothing changes for this host', (t) => {
  const graph = started(local);
  t.is(graph.flush(), undefined);
  graph.update([{ key: '/calico/ipam/v2/config', value: undefined, revision: revision + 10 }]);
  t.deepEqual(graph.flush(), { revision: revision + 10, messages: [], isLast: true });
  graph.update([], revision + 20);
  t.is(graph.flush()?.revision, revision + 20);
  t.is(graph.flush(), undefined);
});

test('Graph.flush() in parts keeps the order and gives the new revision with the last part only', (t) => {
  const whole = createGraph({ hostname: 'here' });
  const parted = createGraph({ hostname: 'here' });
  const updates = [put(local), put(policy), put(db('x', '10.0.0.9'))];
  for (const graph of [whole, parted]) {
    graph.update(updates);
    graph.status('in-sync', revision);
  }
  const parts = [];
  for (let part = parted.flush(2); part !== undefined; part = part.isLast ? undefined : parted.flush(2))
    parts.push(part);
  t.deepEqual(
    parts.flatMap((part) => part.messages),
    [...whole.flush()!.messages],
  );
  t.deepEqual(
    parts.map((part) => part.revision),
    [0, 0, revision],
  );
  t.deepEqual(
    parts.map((part) => part.isLast),
    [false, false, true],
  );
});

test('Graph.update() between the parts of a flush is a mistake of the caller', (t) => {
  const graph = createGraph({ hostname: 'here' });
  graph.update([put(local)]);
  graph.status('in-sync');
  graph.flush(1);
  t.throws(() => graph.update([put(policy)]), { message: /no update between the parts/ });
});

test('A set keeps a member until the last that brings it has left', (t) => {
  const [one, two] = [db('x', '10.0.0.9'), db('y', '10.0.0.9')];
  const graph = started(local, policy, one);
  t.deepEqual(step(graph, put(two)), []);
  t.deepEqual(step(graph, gone(one)), []);
  const messages = step(graph, gone(two));
  t.deepEqual(types(messages), ['ip-set-delta']);
  t.like(messages[0], { added: [], removed: ['10.0.0.9/32'] });
});

test('A member that comes and goes between two flushes is not mentioned', (t) => {
  const [one, two] = [db('x', '10.0.0.9'), db('y', '10.0.0.8')];
  const graph = started(local, policy, one);
  t.deepEqual(step(graph, put(two), gone(two)), []);
  t.deepEqual(step(graph, gone(one), put(one)), []);
  t.deepEqual(step(graph, put(db('x', '10.0.0.9', 'web')), put(one)), []);
  t.like(step(graph, put(db('x', '10.0.0.7')))[0], { added: ['10.0.0.7/32'], removed: ['10.0.0.9/32'] });
});

test('A set that nobody needs is removed without a last delta', (t) => {
  const graph = started(local, policy);
  const messages = step(graph, put(db('x', '10.0.0.9')), gone(policy));
  t.deepEqual(types(messages), ['workload-endpoint-update', 'policy-remove', 'ip-set-remove']);
});

test('A set is kept while a policy is replaced by another that needs it', (t) => {
  const graph = started(local, policy);
  const messages = step(graph, gone(policy), put(policyNamed('q', 1)));
  t.deepEqual(types(messages), ['policy-update', 'workload-endpoint-update', 'policy-remove']);
});

test('An object put again unchanged, or changed in what does not matter, causes no message', (t) => {
  const graph = started(local, policy);
  const annotated = { ...policy, metadata: { name: 'p', annotations: { note: 'x' } } };
  t.deepEqual(step(graph, put({ ...local }), put(annotated)), []);
});

test('A policy that changes its place changes the endpoint and not itself', (t) => {
  const graph = started(local, policy, policyNamed('q', 2));
  const messages = step(graph, put(policyNamed('q', 0)));
  t.deepEqual(types(messages), ['workload-endpoint-update']);
});

test('A policy that changes its rules changes itself and not the endpoint', (t) => {
  const graph = started(local, policy);
  const messages = step(graph, put(policyNamed('p', 1, 'role == "cache"')));
  t.deepEqual(types(messages), ['ip-set-update', 'policy-update', 'ip-set-remove']);
});

test('A profile that no endpoint names any more goes, with the sets of its rules', (t) => {
  const profile: Manifest = {
    kind: 'Profile',
    metadata: { name: 'base' },
    spec: { ingress: [{ action: 'Allow', source: { selector: 'has(role)' } }] },
  };
  const graph = started(local, profile);
  const messages = step(graph, gone(local));
  t.deepEqual(types(messages), ['workload-endpoint-remove', 'profile-remove', 'ip-set-remove']);
});

test('The profile projectcalico-default-allow is there without being stored, and cannot be replaced', (t) => {
  const spec = { ...(local.spec as object), profiles: ['projectcalico-default-allow'] };
  const stored: Manifest = { kind: 'Profile', metadata: { name: 'projectcalico-default-allow' }, spec: {} };
  const graph = createGraph({ hostname: 'here' });
  graph.update([put({ ...local, spec }), put(stored), gone(stored)]);
  graph.status('in-sync');
  const update = graph.flush()!.messages.find((message) => message.type === 'profile-update');
  t.like(update, { profile: { inbound: [{ action: 'allow' }], outbound: [{ action: 'allow' }] } });
});

test('Source spoofing is refused unless the graph is told that it is allowed', (t) => {
  const spec = { ...(local.spec as object), allowSpoofedSourcePrefixes: ['10.9.0.0/16'] };
  const spoofing = put({ ...local, spec });
  for (const isSourceSpoofingAllowed of [false, true]) {
    const graph = createGraph({ hostname: 'here', isSourceSpoofingAllowed });
    graph.update([spoofing]);
    graph.status('in-sync');
    t.is(types(graph.flush()!.messages).includes('workload-endpoint-update'), isSourceSpoofingAllowed);
    t.is(graph.problems().size, isSourceSpoofingAllowed ? 0 : 1);
  }
});

test('Something of another kind, or of none, under a key counts as absent', (t) => {
  const graph = started();
  step(graph, put(policy));
  for (const value of [{ ...policy, kind: 'Tier' }, {}, { ...policy, kind: 7 }]) {
    step(graph, { key: keyOf(policy), value, revision: ++revision });
    t.deepEqual(
      graph
        .problems()
        .get(keyOf(policy))
        ?.map(({ path }) => path),
      ['kind'],
    );
  }
  step(graph, { key: keyOf(policy), value: undefined, revision: ++revision });
  t.is(graph.rows(), 0);
});

test('Graph.problems() names the field, and forgets what was repaired', (t) => {
  const graph = started();
  const bad = { ...policy, spec: { ingress: [{ action: 'Allow', source: { nets: ['10.0.0.0/8', 'x'] } }] } };
  step(graph, put(bad));
  t.deepEqual(graph.problems().get(keyOf(policy)), [
    { path: 'spec.ingress[0].source.nets[1]', message: 'not a network', value: 'x' },
  ]);
  step(graph, put(policy));
  t.is(graph.problems().size, 0);
  step(graph, { key: '/calico/resources/v3/projectcalico.org/tiers/a/b', value: {}, revision: ++revision });
  t.is(graph.problems().size, 1);
});

test('a set of very many nets is read and counted in steps, and what is told is the same', (t) => {
  const nets = Array.from({ length: 5_000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
  const many: Manifest = {
    kind: 'GlobalNetworkSet',
    metadata: { name: 'many', labels: { role: 'db' } },
    spec: { nets },
  };
  const graph = started(local, policy);
  t.true([...graph.take(put(many))].length >= 4);
  const parts = [];
  for (let part = graph.flush(20); part !== undefined; part = part.isLast ? undefined : graph.flush(20))
    parts.push(part);
  t.true(parts.filter(({ messages, isLast }) => messages.length === 0 && !isLast).length >= 5);
  t.deepEqual(
    parts.flatMap(({ messages }) => messages),
    step(started(local, policy), put(many)),
  );
  t.is(parts.at(-1)?.messages.length, 1);
  t.deepEqual(parts.at(-1)?.messages[0], {
    ...parts.at(-1)?.messages[0],
    type: 'ip-set-delta',
    added: nets,
    removed: [],
  });
});

test("routes come from IPAM's blocks or from the addresses of workloads, as it is told, whatever came first", (t) => {
  const block = (cidr: string, affinity: string) => ({
    key: `/calico/ipam/v2/assignment/ipv4/block/${cidr.replace('/', '-')}`,
    value: { cidr, affinity, allocations: [], attributes: [] },
  });
  const endpoint = (name: string, ip: string) => ({
    key: keyOf({ kind: 'WorkloadEndpoint', metadata: { name, namespace: 'x' } }),
    value: { kind: 'WorkloadEndpoint', metadata: {}, spec: { interfaceName: 'cali1', ipNetworks: [ip] } },
  });
  const far = endpoint('far-cni-a-eth0', '10.0.0.9/32');
  const feed = new Feed()
    .update([block('10.1.0.0/30', 'host:far'), far])
    .inSync()
    .flush();
  const routes = () =>
    Object.values(feed.flush().state().routes).map(({ destination, node }) => `${destination} ${node}`);
  t.deepEqual(routes(), ['10.1.0.0/30 far']);
  feed.graph.setRouteSource('WorkloadIPs');
  t.deepEqual(routes(), ['10.0.0.9/32 far']);
  feed.update([endpoint('other--host-cni-a-eth0', '10.0.0.8'), block('10.2.0.0/30', 'host:x')]);
  t.deepEqual(routes(), ['10.0.0.8/32 other-host', '10.0.0.9/32 far']);
  feed.update([{ ...far, value: undefined }]);
  t.deepEqual(routes(), ['10.0.0.8/32 other-host']);
  feed.graph.setRouteSource('CalicoIPAM');
  t.deepEqual(routes(), ['10.1.0.0/30 far', '10.2.0.0/30 x']);
  feed.graph.setRouteSource('WorkloadIPs');
  const gone = [
    '/calico/ipam/v2/assignment/ipv4/block/10.1.0.0-30',
    '/calico/ipam/v2/assignment/ipv4/block/10.2.0.0-30',
  ];
  const all = [...gone, endpoint('other--host-cni-a-eth0', '').key];
  t.deepEqual(
    feed
      .update(all.map((key) => ({ key, value: undefined })))
      .flush()
      .state().routes,
    {},
  );
  t.is(feed.graph.rows(), 0);
});
