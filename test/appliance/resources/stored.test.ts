/** The bytes of the store: every kind's literal example, names of older versions, escapes, and what reading fills in. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { decodeResource } from '#appliance/resources/decode.ts';
import { parseStoreKey } from '#appliance/resources/key.ts';
import { kinds } from '#appliance/resources/registry.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import { decodeStored, encodeStored } from '#appliance/resources/stored.ts';

const lines = readFileSync(new URL('../../golden/resources/stored.txt', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');
const examples = lines.flatMap((key, i) => (i % 2 === 0 ? [{ key, value: lines[i + 1]! }] : []));

test('the golden file has an example of every kind', (t) => {
  const present = new Set(examples.map(({ key }) => parseStoreKey(key)?.kind.kind));
  t.deepEqual(
    kinds.map((kind) => kind.kind).filter((kind) => !present.has(kind)),
    [],
  );
});

for (const { key, value } of examples) {
  test(`decodeStored() and encodeStored() keep every byte of ${key}`, (t) => {
    t.is(encodeStored(read(key, value)), value);
  });

  test(`decodeResource() takes back what was read from ${key} without changing its bytes`, (t) => {
    const decoded = decodeResource(read(key, value), 'update');
    t.true(decoded.ok, JSON.stringify(decoded));
    if (decoded.ok) t.is(encodeStored(decoded.value), value);
  });
}

test('decodeStored() takes the revision from the store and drops none of the identity', (t) => {
  const { key, value } = examples[2]!;
  const resource = read(key, value, 42);
  t.is(resource.metadata.resourceVersion, '42');
  t.is(resource.metadata.namespace, 'prod');
  t.is(resource.metadata.annotations, undefined);
});

test('decodeStored() has the members of metadata in the order of their encoding', (t) => {
  const { key, value } = examples[2]!;
  t.deepEqual(Object.keys(read(key, value, 42).metadata), [
    'name',
    'namespace',
    'uid',
    'resourceVersion',
    'creationTimestamp',
    'labels',
  ]);
});

const policies = '/calico/resources/v3/projectcalico.org/globalnetworkpolicies/';

test('decodeStored() strips the tier prefix older versions put before names of the default tier', (t) => {
  t.is(read(`${policies}default.foo`, policy('default.foo')).metadata.name, 'foo');
  t.is(read(`${policies}default.foo`, policy('default.foo', { tier: 'default' })).metadata.name, 'foo');
});

test('decodeStored() keeps the prefix of other tiers and of copied policies', (t) => {
  t.is(read(`${policies}ops.foo`, policy('ops.foo', { tier: 'ops' })).metadata.name, 'ops.foo');
  t.is(read(`${policies}knp.default.foo`, policy('knp.default.foo')).metadata.name, 'knp.default.foo');
});

test('decodeStored() believes the name annotation and removes it', (t) => {
  const value = policy('default.foo', {}, { 'projectcalico.org/metadata': '{"name":"default.foo"}', note: 'kept' });
  const { metadata } = read(`${policies}default.foo`, value);
  t.is(metadata.name, 'default.foo');
  t.deepEqual(metadata.annotations, { note: 'kept' });
});

test('decodeStored() ignores a name annotation that is not JSON', (t) => {
  const value = policy('foo', {}, { 'projectcalico.org/metadata': 'nonsense' });
  t.is(read(`${policies}foo`, value).metadata.name, 'foo');
});

test('decodeStored() shows a policy without the tier label in tier default', (t) => {
  const labels = read(`${policies}foo`, policy('foo', { tier: 'ops' })).metadata.labels;
  t.deepEqual(labels, { 'projectcalico.org/tier': 'default' });
});

test('decodeStored() has labels in the order they are stored in, the tier among them', (t) => {
  const labels = { a: '1', 'projectcalico.org/tier': 'ops', z: '2' };
  const stored = JSON.stringify({ metadata: { name: 'foo', labels }, spec: { tier: 'ops' } });
  t.deepEqual(Object.keys(read(`${policies}foo`, stored).metadata.labels!), Object.keys(labels));
  const without = JSON.stringify({ metadata: { name: 'foo', labels: { a: '1', z: '2' } } });
  t.deepEqual(Object.keys(read(`${policies}foo`, without).metadata.labels!), Object.keys(labels));
});

test('decodeStored() takes what older versions wrote: empty entities, null times, keys unknown today', (t) => {
  const value = JSON.stringify({
    kind: 'GlobalNetworkPolicy',
    metadata: { name: 'foo', creationTimestamp: null, selfLink: '/x', clusterName: 'gone' },
    spec: { ingress: [{ action: 'Allow', source: {}, destination: {}, former: 1 }], surplus: true },
  });
  const resource = read(`${policies}foo`, value);
  t.deepEqual(resource.spec, { ingress: [{ action: 'Allow' }] });
  t.is(resource.metadata.creationTimestamp, undefined);
});

test('decodeStored() fills the defaults of a stored pool', (t) => {
  const key = '/calico/resources/v3/projectcalico.org/ippools/p';
  const { spec } = read(key, '{"kind":"IPPool","metadata":{"name":"p"},"spec":{"cidr":"fd00:77::/64"}}');
  t.like(spec, { blockSize: 122, nodeSelector: 'all()', ipipMode: 'Never', allowedUses: ['Workload', 'Tunnel'] });
});

test('decodeStored() reports what it cannot understand', (t) => {
  t.false(decodeStored('/calico/ipam/v2/config', '{}', 1).ok);
  t.false(decodeStored(`${policies}foo`, '{"kind":', 1).ok);
  t.false(decodeStored(`${policies}foo`, '[]', 1).ok);
  const wrong = decodeStored(`${policies}foo`, '{"metadata":{"name":"foo"},"spec":{"ingress":7}}', 1);
  t.deepEqual(wrong.ok ? [] : wrong.problems.map((problem) => problem.path), ['spec.ingress']);
});

test('encodeStored() leaves out what the store never holds', (t) => {
  const resource = read(`${policies}foo`, policy('foo'), 9);
  resource.metadata.generation = 3;
  t.notRegex(encodeStored(resource), /resourceVersion|generation/);
});

test('encodeStored() sorts map keys by bytes and escapes as Go does', (t) => {
  const resource = read(`${policies}foo`, policy('foo'));
  resource.metadata.annotations = { '\u{1f600}': 'x', '\uffee': 'y', b: '<a> & \u2028', B: '"\\\n' };
  t.true(
    encodeStored(resource).includes(
      '"annotations":{"B":"\\"\\\\\\n","b":"\\u003ca\\u003e \\u0026 \\u2028","projectcalico.org/metadata":"{\\"name\\":\\"foo\\"}","\uffee":"y","\u{1f600}":"x"}',
    ),
  );
});

function read(key: string, value: string, revision = 1): Resource {
  const result = decodeStored(key, value, revision);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value;
}

function policy(name: string, spec: object = {}, annotations?: object): string {
  return JSON.stringify({ kind: 'GlobalNetworkPolicy', metadata: { name, annotations }, spec });
}
