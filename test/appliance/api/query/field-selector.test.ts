import test from 'ava';
import { parseFieldSelector, selectableFields } from '#appliance/api/query/field-selector.ts';
import { kindOf } from '#appliance/resources/registry.ts';
import type { Resource } from '#appliance/resources/resource.ts';

const endpoint = kindOf('HostEndpoint')!;
const at = (node: string, interfaceName = 'eth0') =>
  ({ kind: 'HostEndpoint', apiVersion: 'x', metadata: { name: node }, spec: { node, interfaceName } }) as Resource;

test('parseFieldSelector() selects by where something belongs, with =, == and !=', (t) => {
  const chosen = (text: string) => ['a', 'b'].filter((node) => parseFieldSelector(text, endpoint).matches(at(node)));
  t.deepEqual(chosen(''), ['a', 'b']);
  t.deepEqual(chosen('spec.node=a'), ['a']);
  t.deepEqual(chosen('spec.node==b,spec.interfaceName=eth0'), ['b']);
  t.deepEqual(chosen(' spec.node != a , spec.interfaceName!=eth1'), ['b']);
  t.deepEqual(chosen('spec.node='), []);
  t.is(parseFieldSelector('metadata.name=a', endpoint).name, 'a');
  t.is(parseFieldSelector('metadata.name!=a', endpoint).name, undefined);
});

test('parseFieldSelector() takes escaped commas and equals as part of a value', (t) => {
  t.true(parseFieldSelector('spec.interfaceName=a\\,b\\=c', endpoint).matches(at('n', 'a,b=c')));
});

test('parseFieldSelector() names the fields there are for one it does not know', (t) => {
  t.throws(() => parseFieldSelector('spec.order=1', endpoint), {
    code: 'API_BAD_REQUEST',
    message:
      /field label not supported: spec\.order; .*metadata\.name, metadata\.namespace, spec\.node, spec\.interfaceName$/,
  });
  for (const bad of ['spec.node', '=a', 'spec.node>a'])
    t.throws(() => parseFieldSelector(bad, endpoint), undefined, bad);
});

test('selectableFields() follow from the schema of the kind', (t) => {
  const has = (kind: string, field: string) => selectableFields(kindOf(kind)!).includes(field);
  for (const kind of ['HostEndpoint', 'WorkloadEndpoint', 'BGPPeer', 'BlockAffinity', 'CalicoNodeStatus'])
    t.true(has(kind, 'spec.node'), kind);
  for (const kind of ['NetworkPolicy', 'GlobalNetworkPolicy', 'StagedNetworkPolicy'])
    t.true(has(kind, 'spec.tier'), kind);
  t.false(has('Tier', 'spec.tier'));
});
