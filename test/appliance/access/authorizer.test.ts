/** Roles and bindings as they are followed: the default ones, the time before they are known, the time without a store, hosts, reviews, and what a question costs. */
import test from 'ava';
import fc from 'fast-check';
import { decide } from '#appliance/access/decide.ts';
import { certificateIdentity } from '#appliance/access/identity.ts';
import type { ResourceAttributes } from '#appliance/access/rule.ts';
import { AccessTable } from '#appliance/access/table.ts';
import { startAuthorizer } from '#appliance/api/access/authorizer.ts';
import { ensureDefaultRoles } from '#appliance/api/access/ensure-default-roles.ts';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import { createResources } from '#appliance/datastore/resources.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { type Answer, type Caller, calico, rbac, startAccessApi } from './access-api.ts';
import { type Given, type Question, type Rule, rulesAllow } from './naive-evaluator.ts';

const group = 'projectcalico.org';
const merge = { 'content-type': 'application/merge-patch+json' };
const viewer = certificateIdentity({ CN: 'vic', O: 'calico:viewers' })!;
const master = certificateIdentity({ CN: 'root', O: 'system:masters' })!;

function wish(verb: string, resource: string, namespace = '', name = ''): ResourceAttributes {
  return { type: 'resource', verb, group, resource, subresource: '', namespace, name };
}

test('default roles are put back, what was added to them stays, and those taken over are left alone', async (t) => {
  await using api = await startAccessApi();
  const root = await api.as('root', 'system:masters');
  const role = (name: string) => `${rbac}/clusterroles/${name}`;
  const binding = (name: string) => `${rbac}/clusterrolebindings/${name}`;
  const revision = await api.resources.revision();
  await ensureDefaultRoles(api.resources);
  t.is(await api.resources.revision(), revision, 'nothing to do');
  await root.call('DELETE', `${rbac}/clusterroles`);
  await root.call('DELETE', `${rbac}/clusterrolebindings`);
  await Promise.all([1, 2, 3].map(() => ensureDefaultRoles(api.resources)));
  t.is((await root.call('GET', `${rbac}/clusterroles`)).body.items.length, 6, 'by several at once');

  const added = { verbs: ['get'], apiGroups: [''], resources: ['serviceaccounts'] };
  await root.call('PATCH', role('calico-viewer'), { rules: [added] }, merge);
  await root.call('DELETE', role('calico-editor'));
  await root.call('DELETE', binding('calico-editor'));
  await root.call('PATCH', binding('calico-viewer'), { subjects: [{ kind: 'User', name: 'eve' }] }, merge);
  await root.call('DELETE', binding('system:node'));
  const other = { kind: 'ClusterRole', name: 'calico-viewer' };
  await root.call('POST', `${rbac}/clusterrolebindings`, { metadata: { name: 'system:node' }, roleRef: other });
  const taken = { metadata: { annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'false' } }, rules: null };
  await root.call('PATCH', role('system:basic-user'), taken, merge);
  await ensureDefaultRoles(api.resources);

  const rulesOf = async (name: string) => (await root.call('GET', role(name))).body.rules;
  t.deepEqual((await rulesOf('calico-viewer'))[0], added);
  t.is((await rulesOf('calico-viewer')).length, 3);
  t.is((await rulesOf('calico-editor')).length, 3);
  t.is(await rulesOf('system:basic-user'), undefined);
  const subjects = (await root.call('GET', binding('calico-viewer'))).body.subjects;
  t.deepEqual(
    subjects.map((one: { name: string }) => one.name),
    ['eve', 'calico:viewers'],
  );
  t.is((await root.call('GET', binding('system:node'))).body.roleRef.name, 'system:node');
});

test('before the roles have been read administrators alone are let in, and afterwards a lost store changes nothing', async (t) => {
  const store = await openMemoryStore();
  const resources = createResources(store, { now: () => new Date(), uuid: () => 'u' });
  await ensureDefaultRoles(resources);
  const { range, watch } = store;
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  store.range = async (request) => {
    await held;
    return range.call(store, request);
  };
  const authorizer = startAuthorizer(store, silentLogger);
  t.throws(() => authorizer.decide(viewer, wish('get', 'tiers')), { code: 'API_NOT_READY' });
  t.true(authorizer.decide(master, wish('get', 'tiers')).isAllowed);
  release();
  for (let i = 0; i < 6; i++) await authorizer.settle(); // it waits a moment only, and machines can be busy
  t.true(authorizer.decide(viewer, wish('get', 'tiers')).isAllowed);
  t.false(authorizer.decide(viewer, wish('delete', 'tiers')).isAllowed);
  store.range = async () => {
    throw new Error('gone');
  };
  store.watch = async () => {
    throw new Error('gone');
  };
  t.true(authorizer.decide(viewer, wish('get', 'tiers')).isAllowed);
  t.false(authorizer.decide(viewer, wish('delete', 'tiers')).isAllowed);
  Object.assign(store, { range, watch });
  await authorizer.close();
  await store.close();
});

/** Verbs that move an object from one host to another. */
test('a host neither takes over what is another’s nor gives away what is its own, and reads no roles', async (t) => {
  await using api = await startAccessApi();
  const root = await api.as('root', 'system:masters');
  const host = await api.as('system:node:h1', 'system:nodes');
  const endpoint = (name: string, node: string) => ({ metadata: { name }, spec: { node, interfaceName: 'eth0' } });
  const collection = `${calico}/hostendpoints`;
  const codes = async (...calls: readonly Promise<Answer>[]) => (await Promise.all(calls)).map(({ code }) => code);
  await root.call('POST', collection, endpoint('his', 'h2'));
  t.deepEqual(
    await codes(
      host.call('POST', collection, endpoint('own', 'h1')),
      host.call('POST', collection, endpoint('x', 'h2')),
    ),
    [201, 403],
  );
  const move = (node: string) => ({ spec: { node } });
  t.is((await host.call('PATCH', `${collection}/own`, move('h2'), merge)).code, 403);
  t.is((await host.call('PATCH', `${collection}/his`, move('h1'), merge)).code, 403);
  t.is((await host.call('DELETE', `${collection}/his`)).code, 403);
  t.is((await host.call('DELETE', collection)).code, 403);
  t.is((await host.call('DELETE', `${collection}/own`)).code, 200);
  const apply = { 'content-type': 'application/apply-patch+yaml' };
  const node = (name: string) => ({ apiVersion: `${group}/v3`, kind: 'Node', metadata: { name }, spec: {} });
  const applied = (name: string) => host.call('PATCH', `${calico}/nodes/${name}?fieldManager=h`, node(name), apply);
  t.deepEqual([(await applied('h1')).code, (await applied('h2')).code], [201, 403]);
  t.deepEqual(
    await codes(
      host.call('GET', `${rbac}/clusterroles`),
      host.call('GET', `${rbac}/rolebindings`),
      host.call('GET', '/api/v1/serviceaccounts'),
      host.call('POST', '/api/v1/namespaces/default/serviceaccounts/x/token', {}),
      host.call('GET', `${calico}/globalnetworkpolicies`),
    ),
    [403, 403, 403, 403, 200],
  );
});

test('reviews answer by the same rules, for oneself and for others, tiers included', async (t) => {
  await using api = await startAccessApi();
  const root = await api.as('root', 'system:masters');
  const rules = [{ verbs: ['*'], apiGroups: [group], resources: ['tier.networkpolicies'], resourceNames: ['ops.*'] }];
  await root.call('POST', `${rbac}/clusterroles`, { metadata: { name: 'ops' }, rules });
  const give = {
    metadata: { name: 'ops' },
    roleRef: { kind: 'ClusterRole', name: 'ops' },
    subjects: [{ kind: 'ServiceAccount', name: 'ci', namespace: 'shop' }],
  };
  await root.call('POST', `${rbac}/namespaces/shop/rolebindings`, give);
  const account = { user: 'system:serviceaccount:shop:ci', groups: ['system:authenticated'] };
  const may = async (caller: Caller, resourceAttributes: object, spec: object = {}) => {
    const name = 'user' in spec ? 'subjectaccessreviews' : 'selfsubjectaccessreviews';
    const { body } = await caller.call('POST', `/apis/authorization.k8s.io/v1/${name}`, {
      spec: { ...spec, resourceAttributes },
    });
    return body.status?.allowed ?? body.code;
  };
  const inTier = (name: string, namespace: string) => ({
    verb: 'update',
    group,
    resource: 'tier.networkpolicies',
    name,
    namespace,
  });
  t.true(await may(root, inTier('ops.*', 'shop'), account));
  t.false(await may(root, inTier('ops.*', 'bank'), account));
  t.false(await may(root, inTier('default.*', 'shop'), account));
  const sam = await api.as('sam');
  t.is(await may(sam, inTier('ops.*', 'shop'), account), 403, 'not everybody asks about others');
  t.false(await may(sam, inTier('ops.*', 'shop')));
  const host = await api.as('system:node:h1', 'system:nodes');
  t.true(await may(host, { verb: 'update', group, resource: 'nodes', name: 'h1' }));
  t.false(await may(host, { verb: 'update', group, resource: 'nodes', name: 'h2' }));
  const list = await sam.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
    spec: { namespace: 'shop' },
  });
  t.false(list.body.status.incomplete);
  t.deepEqual(
    list.body.status.resourceRules.flatMap((rule: Rule) => rule.verbs),
    ['create', 'create'],
  );
});

const some = (...list: string[]) => fc.subarray(list, { minLength: 1 });
const anyRule: fc.Arbitrary<Rule> = fc.record(
  {
    verbs: some('get', 'list', 'delete', '*'),
    apiGroups: some(group, '', '*'),
    resources: some('networksets', 'tiers', 'tier.networkpolicies', '*'),
    resourceNames: fc.subarray(['a', 'ops.*']),
  },
  { requiredKeys: ['verbs', 'apiGroups', 'resources'] },
);
const anyGiven: fc.Arbitrary<Given> = fc
  .record({
    to: fc.constantFrom('u1', 'u2', 'g1', 'g2'),
    in: fc.constantFrom('', 'shop', 'bank'),
    rules: fc.array(anyRule, { maxLength: 3 }),
  })
  .map(({ in: namespace, ...rest }) => ({ ...rest, ...(namespace !== '' && { in: namespace }) }));
const anyQuestion = fc.record({
  verb: fc.constantFrom('get', 'list', 'delete', 'watch'),
  group: fc.constantFrom(group, '', 'other'),
  resource: fc.constantFrom('networksets', 'tiers', 'tier.networkpolicies', 'nodes'),
  namespace: fc.constantFrom('', 'shop', 'bank'),
  name: fc.constantFrom('', 'a', 'b', 'ops.*'),
});

test('any roles, bound to anybody in any order and taken away again, allow just what they say', (t) => {
  let allowed = 0;
  let asked = 0;
  const check = (givens: readonly Given[], question: Required<Question>, gone: number) => {
    const table = new AccessTable();
    for (const [i, { to, in: namespace = '', rules }] of givens.entries()) {
      const subjects = [{ kind: to.startsWith('u') ? 'User' : 'Group', name: to }];
      table.setBinding(namespace, `b${i}`, { roleRef: { kind: 'ClusterRole', name: `r${i}` }, subjects });
      table.setRole('', `r${i}`, rules);
    }
    const left = givens.filter((_, i) => i !== gone);
    table.setBinding(givens[gone]?.in ?? '', `b${gone}`, undefined);
    for (const person of [
      { user: 'u1', groups: ['g1'] },
      { user: 'u2', groups: [] },
      { user: 'g1', groups: ['u1'] },
    ]) {
      const identity = { ...person, proof: 'certificate' } as const;
      const attributes = {
        ...wish(question.verb, question.resource, question.namespace, question.name),
        group: question.group,
      };
      const { isAllowed } = decide(identity, table.grantsOf(identity), attributes);
      const kinds = left.filter(({ to }) => (to.startsWith('u') ? to === person.user : person.groups.includes(to)));
      if (isAllowed !== rulesAllow({ user: '', groups: kinds.map(({ to }) => to) }, kinds, question)) return false;
      asked++;
      if (isAllowed) allowed++;
    }
    return true;
  };
  fc.assert(fc.property(fc.array(anyGiven, { maxLength: 6 }), anyQuestion, fc.nat(6), check), { numRuns: 2000 });
  t.log(`${asked} questions, ${allowed} allowed`);
  t.true(allowed > asked / 20);
});

test('what others have been given costs nobody anything', (t) => {
  const table = new AccessTable();
  const rules = [{ verbs: ['get'], apiGroups: [group], resources: ['ippools'] }];
  for (let i = 0; i < 1000; i++) {
    table.setRole('', `r${i}`, rules);
    table.setBinding('', `b${i}`, {
      roleRef: { kind: 'ClusterRole', name: `r${i}` },
      subjects: [{ kind: 'User', name: `u${i}` }],
    });
  }
  const identity = certificateIdentity({ CN: 'u500', O: 'staff' })!;
  t.is(table.grantsOf(identity).length, 1, 'only the own ones are looked at');
  const start = performance.now();
  for (let i = 0; i < 10_000; i++) decide(identity, table.grantsOf(identity), wish('get', 'ippools'));
  t.log(`${((performance.now() - start) / 10).toFixed(2)} us a question, among 1,000 bindings`);
});
