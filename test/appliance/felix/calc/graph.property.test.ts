import test from 'ava';
import fc from 'fast-check';
import { decodeUpdate } from '#appliance/felix/calc/decode.ts';
import { createGraph } from '#appliance/felix/calc/graph.ts';
import { LargeValues } from '#appliance/felix/calc/large-values.ts';
import { type Change, Feed, freshState, keyOf, type Manifest, storedValue, storeOf } from './feed.ts';

/** A small world in which everything refers to everything, so that random changes collide. */
const selector = fc.constantFrom(
  'all()',
  'role == "a"',
  'role in {"a", "b"}',
  '!has(role)',
  'env == "p"',
  'env != "p" || role == "a"',
);
/** Now and then one that does not parse. */
const policySelector = fc.oneof({ weight: 12, arbitrary: selector }, { weight: 1, arbitrary: fc.constant('role =') });
const net = fc.constantFrom('10.0.0.0/8', '0.0.0.0/0', 'fd00::/64', '10.0.0.1/32');
const labels = fc.dictionary(
  fc.constantFrom('role', 'env', 'projectcalico.org/namespace'),
  fc.constantFrom('a', 'b', 'p'),
);
const side = fc.record(
  { selector, notSelector: selector, namespaceSelector: selector, nets: fc.array(net, { maxLength: 2 }) },
  { requiredKeys: [] },
);
const portSide = fc.tuple(side, fc.subarray([80, '90:91', 'http', 'dns'])).map(([rest, ports]) => ({ ...rest, ports }));
const action = fc.constantFrom('Allow', 'Deny', 'Pass', 'Log');
const rule = fc.oneof(
  fc.record({ action, source: side, destination: side }, { requiredKeys: ['action'] }),
  fc.record({ action, protocol: fc.constantFrom('TCP', 'UDP'), source: side, destination: portSide }),
  fc.record({ action, protocol: fc.constant('ICMP') }),
);
const profiles = fc.subarray(['p1', 'p2', 'projectcalico-default-allow'], { minLength: 0 });
const ports = fc.subarray([
  { name: 'http', protocol: 'TCP', port: 80 },
  { name: 'dns', protocol: 'UDP', port: 53 },
]);

const policySpec = fc.record(
  {
    tier: fc.constantFrom('default', 'early'),
    order: fc.integer({ min: 0, max: 3 }),
    selector: policySelector,
    types: fc.subarray(['Ingress', 'Egress'], { minLength: 1 }),
    ingress: fc.array(rule, { maxLength: 2 }),
    egress: fc.array(rule, { maxLength: 2 }),
    doNotTrack: fc.boolean(),
    preDNAT: fc.boolean(),
    applyOnForward: fc.boolean(),
    performanceHints: fc.subarray(['AssumeNeededOnEveryNode']),
  },
  { requiredKeys: [] },
);
const workloadSpec = fc.record({
  interfaceName: fc.constantFrom('cali1', 'cali2'),
  ipNetworks: fc.subarray(['10.0.0.1/32', '10.0.0.2', 'fd00::1']),
  profiles,
  ports,
});
const hostSpec = fc.record({
  node: fc.constantFrom('here', 'there'),
  interfaceName: fc.constantFrom('eth0', '*'),
  expectedIPs: fc.subarray(['10.0.0.1', 'fd00::1']),
  profiles,
  ports,
});
const profileSpec = fc.record({ ingress: fc.array(rule, { maxLength: 1 }), labelsToApply: labels });

function manifest(kind: string, names: readonly string[], namespaces: readonly string[], spec: fc.Arbitrary<unknown>) {
  const place = fc.record({
    name: fc.constantFrom(...names),
    ...(namespaces.length > 0 ? { namespace: fc.constantFrom(...namespaces) } : {}),
    labels,
  });
  return fc.record({ kind: fc.constant(kind), metadata: place, spec }) as unknown as fc.Arbitrary<Manifest>;
}

const mode = fc.constantFrom('Never', 'Always', 'CrossSubnet');
const poolSpec = fc.record({ cidr: net, natOutgoing: fc.boolean(), ipipMode: mode, vxlanMode: mode });
const nodeSpec = fc.record(
  {
    bgp: fc.record({ ipv4Address: fc.constantFrom('192.0.2.1/24', '192.0.2.2/25', '198.51.100.1/24', 'wrong') }),
    ipv4VXLANTunnelAddr: fc.constantFrom('10.0.0.1', '10.0.0.2', ''),
    ipv6VXLANTunnelAddr: fc.constantFrom('fd00::1', '10.0.0.2'),
    addresses: fc.constant([{ address: 'fd00:1::1', type: 'InternalIP' }]),
  },
  { requiredKeys: [] },
);
const user = fc.constantFrom('here', 'there', 'x', undefined);
const block = fc
  .record({
    cidr: fc.constantFrom('10.0.0.0/30', '10.0.0.0/31', '10.0.0.1/32', 'fd00::/126'),
    owner: fc.constantFrom('host:here', 'host:there', 'host:x', 'virtual:load-balancer', null),
    users: fc.array(user, { minLength: 1, maxLength: 3 }),
    allocations: fc.array(fc.constantFrom(0, 1, 2, null), { minLength: 1, maxLength: 4 }),
  })
  .map(({ cidr, owner, users, allocations }) => ({
    kind: 'IPAMBlock',
    metadata: { name: cidr },
    spec: {
      cidr,
      affinity: owner,
      allocations: allocations.slice(0, cidr.endsWith('/32') ? 1 : cidr.endsWith('/31') ? 2 : 4),
      attributes: users.map((node) => ({ secondary: node === undefined ? {} : { node } })),
    },
  })) as unknown as fc.Arbitrary<Manifest>;

const workloadNames = ['here-cni-a-eth0', 'here-cni-b-eth0', 'there-cni-a-eth0'];
const anyManifest = fc.oneof(
  { weight: 3, arbitrary: manifest('GlobalNetworkPolicy', ['g1', 'g2'], [], policySpec) },
  { weight: 2, arbitrary: manifest('NetworkPolicy', ['n1', 'n2'], ['a', 'p'], policySpec) },
  { weight: 1, arbitrary: manifest('StagedGlobalNetworkPolicy', ['g1'], [], policySpec) },
  { weight: 4, arbitrary: manifest('WorkloadEndpoint', workloadNames, ['a', 'p'], workloadSpec) },
  { weight: 2, arbitrary: manifest('HostEndpoint', ['h1', 'h2'], [], hostSpec) },
  { weight: 2, arbitrary: manifest('Profile', ['p1', 'p2', 'kns.a'], [], profileSpec) },
  { weight: 1, arbitrary: manifest('GlobalNetworkSet', ['s1'], [], fc.record({ nets: fc.array(net) })) },
  { weight: 1, arbitrary: manifest('NetworkSet', ['s1'], ['a'], fc.record({ nets: fc.array(net) })) },
  {
    weight: 1,
    arbitrary: manifest(
      'Tier',
      ['default', 'early'],
      [],
      fc.record({ order: fc.nat(3), defaultAction: fc.constantFrom('Pass', 'Deny') }),
    ),
  },
  { weight: 2, arbitrary: manifest('IPPool', ['a', 'b'], [], poolSpec) },
  { weight: 3, arbitrary: manifest('Node', ['here', 'there', 'x'], [], nodeSpec) },
  { weight: 4, arbitrary: block },
);

type Step =
  | { readonly type: 'put'; readonly manifest: Manifest }
  | { readonly type: 'delete'; readonly victim: number }
  | { readonly type: 'flush' };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('put' as const), manifest: anyManifest }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('delete' as const), victim: fc.nat() }) },
  { weight: 2, arbitrary: fc.constant({ type: 'flush' as const }) },
);

function play(feed: Feed, steps: readonly Step[]): Map<string, unknown> {
  const store = new Map<string, unknown>();
  for (const next of steps) {
    if (next.type === 'flush') {
      feed.flush(3);
      continue;
    }
    const change = changeOf(next, store);
    if (change === undefined) continue;
    if (change.value === undefined) store.delete(change.key);
    else store.set(change.key, change.value);
    feed.update([change]);
  }
  return store;
}

function changeOf(next: Exclude<Step, { type: 'flush' }>, store: ReadonlyMap<string, unknown>): Change | undefined {
  if (next.type === 'put') return { key: keyOf(next.manifest), value: storedValue(next.manifest) };
  const key = [...store.keys()][next.victim % Math.max(1, store.size)];
  return key === undefined ? undefined : { key, value: undefined };
}

test('createGraph() after any history says what a fresh start from the same store says', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, isInSyncFirst) => {
      const feed = new Feed();
      if (isInSyncFirst) feed.inSync();
      const store = play(feed, steps);
      t.deepEqual(feed.inSync().flush().state(), freshState(store));
    }),
    { numRuns: 400 },
  );
});

test('createGraph() holds and announces nothing once everything has been deleted', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const feed = new Feed().inSync();
      const store = play(feed, steps);
      feed.update([...store.keys()].map((key) => ({ key, value: undefined }))).flush();
      t.deepEqual(feed.state(), new Feed().state());
      t.is(feed.graph.rows(), 0);
      t.is(feed.graph.problems().size, 0);
    }),
    { numRuns: 200 },
  );
});

test('announceAnew() after any history tells a dataplane that knows nothing all there is', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.array(step, { maxLength: 20 }), (before, after) => {
      const feed = new Feed().inSync();
      play(feed, before);
      feed.startOver();
      const store = play(feed.flush(), [...before, ...after]);
      t.deepEqual(feed.flush().state(), freshState(store));
    }),
    { numRuns: 200 },
  );
});

const kinds = [
  'GlobalNetworkPolicy',
  'StagedGlobalNetworkPolicy',
  'GlobalNetworkSet',
  'HostEndpoint',
  'Profile',
  'Tier',
  'IPPool',
  'Node',
];
const namespacedKinds = [
  'NetworkPolicy',
  'StagedNetworkPolicy',
  'StagedKubernetesNetworkPolicy',
  'NetworkSet',
  'WorkloadEndpoint',
];
const anyKey = fc.oneof(
  fc.constantFrom(...kinds).map((kind) => keyOf({ kind, metadata: { name: 'x' } })),
  fc.constantFrom('10.0.0.0/30', 'fd00::/126', 'x').map((name) => keyOf({ kind: 'IPAMBlock', metadata: { name } })),
  fc
    .constantFrom(...namespacedKinds)
    .map((kind) => keyOf({ kind, metadata: { name: 'here-cni-x-eth0', namespace: 'y' } })),
);

/** A manifest in which one field, at any depth, has become something else. */
const damaged = fc.tuple(anyManifest, fc.infiniteStream(fc.nat()), fc.jsonValue()).map(([whole, random, junk]) => {
  const copy = structuredClone(whole) as object;
  let at = copy as Record<string, unknown>;
  for (;;) {
    const keys = Object.keys(at);
    const key = keys[(random.next().value ?? 0) % Math.max(1, keys.length)];
    if (key === undefined) return copy;
    const child = at[key];
    if (typeof child === 'object' && child !== null && (random.next().value ?? 0) % 4 > 0) {
      at = child as Record<string, unknown>;
    } else {
      at[key] = junk;
      return copy;
    }
  }
});

test('createGraph() takes arbitrary JSON under valid keys without throwing or breaking its promises', (t) => {
  const value = fc.oneof(fc.jsonValue(), fc.record({ metadata: fc.jsonValue(), spec: fc.jsonValue() }), damaged);
  const changes = fc.array(fc.record({ key: anyKey, value }), { maxLength: 20 });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 10 }), changes, (steps, junk) => {
      const feed = new Feed().inSync();
      const store = play(feed, steps);
      for (const change of junk) {
        feed.update([change]).flush();
        store.set(change.key, change.value);
      }
      t.deepEqual(feed.flush().state(), freshState(store));
    }),
    { numRuns: 500 },
  );
});

test('decodeUpdate() takes any bytes, and the graph reports those that are not JSON', (t) => {
  fc.assert(
    fc.property(anyKey, fc.uint8Array({ maxLength: 40 }), (key, bytes) => {
      const graph = createGraph({ hostname: 'here' });
      graph.update([decodeUpdate({ key, value: Buffer.from(bytes), revision: 2 }, new LargeValues())]);
      graph.status('in-sync', 2);
      graph.flush();
    }),
  );
  const graph = createGraph({ hostname: 'here' });
  const key = keyOf({ kind: 'Tier', metadata: { name: 'x' } });
  graph.update([decodeUpdate({ key, value: Buffer.from('{"spec":'), revision: 2 }, new LargeValues())]);
  t.regex(graph.problems().get(key)![0]!.message, /not JSON/);
  graph.update([decodeUpdate({ key, value: undefined, revision: 3 }, new LargeValues())]);
  t.is(graph.problems().size, 0);
});

test('createGraph() is not disturbed by 200 malformed objects, and reports each', (t) => {
  const good = fc.sample(anyManifest, { seed: 7, numRuns: 60 });
  const wrong = [
    5,
    'text',
    null,
    [],
    { spec: 5 },
    { spec: [] },
    { metadata: 'x' },
    { spec: { order: 'first', cidr: 1, nets: {}, ipNetworks: 3, ingress: 4, podSelector: 5, node: {}, bgp: 7 } },
  ];
  const bad: Change[] = [];
  for (let i = 0; bad.length < 200; i++) {
    const all = [...kinds.map((kind) => ({ kind })), ...namespacedKinds.map((kind) => ({ kind, namespace: 'bad' }))];
    const { kind, ...place } = all[i % all.length]!;
    const value = wrong[Math.floor(i / all.length) % wrong.length];
    const key = keyOf({ kind, metadata: { name: `here-cni-bad${i}-eth0`, ...place } });
    if (isRefused(key, value)) bad.push({ key, value });
  }
  const store = storeOf(good);
  const mixed = new Feed()
    .update([...bad, ...[...store].map(([key, value]) => ({ key, value }))])
    .inSync()
    .flush();
  t.deepEqual(mixed.state(), freshState(store));
  for (const { key } of bad) t.true((mixed.graph.problems().get(key)?.length ?? 0) > 0, key);
});

/** Some of the wrong values are right for some kinds; those do not count. */
function isRefused(key: string, value: unknown): boolean {
  const graph = createGraph({ hostname: 'here' });
  graph.update([{ key, value, revision: 2 }]);
  return graph.problems().size > 0;
}
