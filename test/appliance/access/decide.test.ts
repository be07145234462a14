import test from 'ava';
import { decide as decideBy } from '#appliance/access/decide.ts';
import { defaultRoles } from '#appliance/access/default-roles.ts';
import { certificateIdentity, type Identity, localIdentity, nodeOf } from '#appliance/access/identity.ts';
import { type Attributes, allows } from '#appliance/access/rule.ts';
import { AccessTable } from '#appliance/access/table.ts';

const table = new AccessTable();
for (const { name, group, rules } of defaultRoles) {
  table.setRole('', name, rules);
  table.setBinding('', name, { roleRef: { kind: 'ClusterRole', name }, subjects: [{ kind: 'Group', name: group }] });
}

/** By the default roles. */
function decide(identity: Identity, attributes: Attributes) {
  return decideBy(identity, table.grantsOf(identity), attributes);
}

const resources = ['globalnetworkpolicies', 'nodes', 'tiers'];
const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
const reading = verbs.slice(0, 3);

function wish(verb: string, resource: string, name = 'x', subresource = ''): Attributes {
  return { type: 'resource', verb, group: 'projectcalico.org', resource, subresource, namespace: '', name };
}

function certificate(CN: string, O: string | string[]): Identity {
  return certificateIdentity({ CN, O })!;
}

const people: Readonly<Record<string, Identity>> = {
  socket: localIdentity('socket'),
  master: certificate('root', 'system:masters'),
  editor: certificate('eve', ['staff', 'calico:editors']),
  viewer: certificate('vic', 'calico:viewers'),
  node: certificate('system:node:h1', 'system:nodes'),
  /** Another group's member with the name of a node. */
  falseNode: certificate('system:node:h1', 'staff'),
  stranger: certificate('sam', 'staff'),
};

/** What each may do, written down by hand: verb, resource and name of everything allowed. */
function expected(who: string): (verb: string, resource: string, name: string) => boolean {
  switch (who) {
    case 'socket':
    case 'master':
    case 'editor':
      return () => true;
    case 'viewer':
      return (verb) => reading.includes(verb);
    case 'node':
      return (verb, resource, name) =>
        reading.includes(verb) ||
        (resource === 'nodes' && name === 'h1' && ['create', 'update', 'patch'].includes(verb));
    default:
      return () => false;
  }
}

for (const [who, identity] of Object.entries(people)) {
  test(`${who} may do exactly what is listed`, (t) => {
    for (const verb of verbs)
      for (const resource of resources)
        for (const name of ['h1', 'h2'])
          t.is(
            decide(identity, wish(verb, resource, name)).isAllowed,
            expected(who)(verb, resource, name),
            `${verb} ${resource}/${name}`,
          );
  });
}

test('everybody with an identity may ask what there is, and only administrators for anything else', (t) => {
  for (const path of ['/version', '/apis', '/apis/projectcalico.org/v3', '/openapi/v3', '/readyz'])
    t.true(decide(people.stranger!, { type: 'path', verb: 'get', path }).isAllowed, path);
  for (const path of ['/metrics', '/versions', '/'])
    t.false(decide(people.stranger!, { type: 'path', verb: 'get', path }).isAllowed, path);
  t.false(decide(people.stranger!, { type: 'path', verb: 'post', path: '/version' }).isAllowed);
  t.true(decide(people.master!, { type: 'path', verb: 'get', path: '/metrics' }).isAllowed);
});

test('a refusal says who cannot do what, in the words of Kubernetes', (t) => {
  t.is(
    decide(people.stranger!, wish('list', 'tiers', '')).reason,
    'User "sam" cannot list resource "tiers" in API group "projectcalico.org" at the cluster scope',
  );
  t.is(decide(people.viewer!, wish('list', 'tiers')).reason, 'role calico-viewer');
});

test('a rule for an object is no rule for its subresources, and a name is needed where names are listed', (t) => {
  const rule = { verbs: ['get'], apiGroups: ['projectcalico.org'], resources: ['tiers'] };
  t.true(allows(rule, wish('get', 'tiers')));
  t.false(allows(rule, wish('get', 'tiers', 'x', 'history')));
  t.true(allows({ ...rule, resources: ['*/history'] }, wish('get', 'tiers', 'x', 'history')));
  t.true(allows({ ...rule, resources: ['tiers/history'] }, wish('get', 'tiers', 'x', 'history')));
  t.true(allows({ ...rule, resourceNames: ['x'] }, wish('get', 'tiers')));
  t.false(allows({ ...rule, resourceNames: ['x'] }, wish('get', 'tiers', '')), 'a list is not of one name');
  t.false(allows({ ...rule, apiGroups: [''] }, wish('get', 'tiers')));
});

test('a certificate gives a user and groups; the group of everybody cannot be claimed, and a nameless one is nobody', (t) => {
  t.deepEqual(certificateIdentity({ CN: 'a', O: ['g', 'system:authenticated'] }), {
    user: 'a',
    groups: ['g', 'system:authenticated'],
    proof: 'certificate',
  });
  t.is(certificateIdentity({ O: 'system:masters' }), undefined);
  t.is(certificateIdentity({ CN: '', O: 'system:masters' }), undefined);
  t.is(nodeOf(people.node!), 'h1');
  t.is(nodeOf(people.falseNode!), undefined);
  t.is(nodeOf(certificate('system:node:', 'system:nodes')), undefined);
});
