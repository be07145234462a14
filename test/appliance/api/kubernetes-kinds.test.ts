/** Namespaces, service accounts, roles and bindings over REST: Kubernetes' groups, paths and shapes. */
import test from 'ava';
import { apiVersionOf, type KindDefinition } from '#appliance/resources/define.ts';
import { storeKey } from '#appliance/resources/key.ts';
import { apiKinds, kindOf, kinds } from '#appliance/resources/registry.ts';
import { createTestApi, networkSet, type TestApi } from './test-api.ts';

const ours = apiKinds.filter((kind) => !kinds.includes(kind));
const rbac = '/apis/rbac.authorization.k8s.io/v1';

function collectionOf(kind: KindDefinition): string {
  const root = kind.group === '' ? '/api/v1' : `/apis/${kind.group}/v1`;
  const { namespace } = kind.example.metadata;
  return namespace === undefined ? `${root}/${kind.plural}` : `${root}/namespaces/${namespace}/${kind.plural}`;
}

for (const kind of ours)
  test(`${kind.kind}: made, read, listed, changed, patched and deleted in its own group`, async (t) => {
    const api = await createTestApi();
    const collection = collectionOf(kind);
    const one = `${collection}/${kind.example.metadata.name}`;
    const made = await api.call('POST', collection, kind.example);
    t.is(made.statusCode, 201, made.body);
    t.like(made.json(), { ...kind.example, apiVersion: apiVersionOf(kind) });
    t.is('spec' in made.json(), kind.members === undefined);
    t.deepEqual((await api.call('GET', one)).json(), made.json());
    const { namespace, name } = kind.example.metadata;
    const { entries } = await api.store.range({ key: Buffer.from(storeKey(kind, namespace, name)) });
    t.is(String(entries[0]?.modRevision), made.json().metadata.resourceVersion);
    t.true(entries[0]!.key.toString().startsWith('/calico/appliance/v1/resources/'));
    const list = (await api.call('GET', collection)).json();
    t.like(list, { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind) });
    t.true(list.items.some((item: { metadata: { name: string } }) => item.metadata.name === name));
    const labels = { metadata: { labels: { team: 'shop' } } };
    const patched = await api.call('PATCH', one, labels, { 'content-type': 'application/merge-patch+json' });
    t.like(patched.json(), labels);
    const replaced = await api.call('PUT', one, {
      ...kind.example,
      metadata: { ...kind.example.metadata, resourceVersion: patched.json().metadata.resourceVersion },
    });
    t.is(replaced.statusCode, 200, replaced.body);
    const table = await api.call('GET', one, undefined, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
    t.is(table.json().rows[0].cells[0], name);
    t.is((await api.call('DELETE', one)).json().status, 'Success');
    t.is((await api.call('GET', one)).statusCode, 404);
    const again = await api.call('POST', collection, kind.example);
    t.is(again.statusCode, 201);
    const all = await api.call('DELETE', collection);
    t.is(all.statusCode, kind.isDeletedSingly === true ? 405 : 200);
    if (kind.isDeletedSingly === true) return;
    t.is((await api.call('GET', one)).statusCode, 404);
  });

test('names of roles may have colons and capitals, and stay one segment of a path', async (t) => {
  const api = await createTestApi();
  const role = (name: string) => ({ ...kindOf('ClusterRole')!.example, metadata: { name } });
  t.is((await api.call('POST', `${rbac}/clusterroles`, role('calico:Ops:read'))).statusCode, 201);
  t.is((await api.call('GET', `${rbac}/clusterroles/calico:Ops:read`)).statusCode, 200);
  t.is((await api.call('GET', `${rbac}/clusterroles/calico%3AOps%3Aread`)).statusCode, 200);
  for (const name of ['a/b', 'a%b', '..', '.', 'a b', 'a\nb', 'ä', 'x'.repeat(254)])
    t.is((await api.call('POST', `${rbac}/clusterroles`, role(name))).statusCode, 422, name);
});

/** What is wrong with a manifest, by its paths. */
async function refused(api: TestApi, kind: string, members: object): Promise<string[]> {
  const definition = kindOf(kind)!;
  const answer = await api.call('POST', collectionOf(definition), { ...definition.example, ...members });
  if (answer.statusCode === 201) return [];
  return answer.json().details.causes.map((cause: { field: string }) => cause.field);
}

const readSets = { verbs: ['get'], apiGroups: ['projectcalico.org'], resources: ['networksets'] };

test('rules and bindings that mean nothing are refused, each fault with its place', async (t) => {
  const api = await createTestApi();
  const cases: readonly [string, object, string[]][] = [
    ['ClusterRole', { rules: [{}] }, ['rules[0].verbs', 'rules[0].apiGroups', 'rules[0].resources']],
    [
      'ClusterRole',
      { rules: [readSets, { ...readSets, nonResourceURLs: ['/x'] }] },
      ['rules[1].apiGroups', 'rules[1].resources'],
    ],
    [
      'ClusterRole',
      { rules: [{ verbs: ['get'], nonResourceURLs: ['x', '/*/y', '*'] }] },
      ['rules[0].nonResourceURLs[0]', 'rules[0].nonResourceURLs[1]'],
    ],
    ['ClusterRole', { aggregationRule: { clusterRoleSelectors: [] } }, ['aggregationRule']],
    ['Role', { rules: [{ verbs: ['get'], nonResourceURLs: ['/version'] }] }, ['rules[0].nonResourceURLs']],
    ['Role', { aggregationRule: {} }, ['aggregationRule']],
    ['ClusterRoleBinding', { roleRef: { kind: 'Role', name: 'x' } }, ['roleRef.kind']],
    ['ClusterRoleBinding', { roleRef: undefined }, ['roleRef']],
    ['RoleBinding', { roleRef: { kind: 'ClusterRole', apiGroup: 'other' } }, ['roleRef.apiGroup', 'roleRef.name']],
    [
      'RoleBinding',
      {
        subjects: [
          { kind: 'ServiceAccount', name: 'x' },
          { kind: 'Host', name: 'x' },
        ],
      },
      ['subjects[1].kind', 'subjects[0].namespace'],
    ],
    ['RoleBinding', { subjects: [{ kind: 'User', apiGroup: 'other' }] }, ['subjects[0].name', 'subjects[0].apiGroup']],
  ];
  for (const [kind, members, paths] of cases)
    t.deepEqual(await refused(api, kind, members), paths, JSON.stringify(members));
});

test('the group of roles and people is filled in, and the role of a binding stays', async (t) => {
  const api = await createTestApi();
  const binding = {
    ...kindOf('RoleBinding')!.example,
    subjects: [
      { kind: 'User', name: 'eve' },
      { kind: 'ServiceAccount', name: 'ci', namespace: 'shop' },
    ],
    roleRef: { kind: 'Role', name: 'sets-of-shop' },
  };
  const made = (await api.call('POST', `${rbac}/namespaces/shop/rolebindings`, binding)).json();
  t.deepEqual(made.roleRef, { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'sets-of-shop' });
  t.deepEqual(made.subjects[0], { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'eve' });
  t.false('apiGroup' in made.subjects[1]);
  const patch = { roleRef: { name: 'other' } };
  const merge = { 'content-type': 'application/merge-patch+json' };
  const answer = await api.call('PATCH', `${rbac}/namespaces/shop/rolebindings/shop-team`, patch, merge);
  t.is(answer.statusCode, 422);
  t.is(answer.json().details.causes[0].field, 'roleRef');
});

test('a namespace that objects are in is there, and stays as long as they do', async (t) => {
  const api = await createTestApi();
  const names = async () =>
    (await api.call('GET', '/api/v1/namespaces'))
      .json()
      .items.map((item: { metadata: { name: string } }) => item.metadata.name);
  t.deepEqual(await names(), ['default']);
  for (const namespace of ['prod', 'a.b', 'prod-2'])
    await api.call('POST', `namespaces/${namespace}/networksets`, { ...networkSet('s'), kind: 'NetworkSet' });
  await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'empty' } });
  t.deepEqual(await names(), ['a.b', 'default', 'empty', 'prod', 'prod-2']);
  t.is((await api.call('GET', '/api/v1/namespaces/prod')).json().status.phase, 'Active');
  const first = (await api.call('GET', '/api/v1/namespaces?limit=2')).json();
  const rest = (await api.call('GET', `/api/v1/namespaces?continue=${first.metadata.continue}`)).json();
  t.deepEqual(
    [...first.items, ...rest.items].map((item) => item.metadata.name),
    await names(),
  );

  const inUse = await api.call('DELETE', '/api/v1/namespaces/prod');
  t.is(inUse.statusCode, 409);
  t.regex(inUse.json().message, /NetworkSet\(prod\/s\)/);
  const patched = await api.call(
    'PATCH',
    '/api/v1/namespaces/prod',
    { metadata: { labels: { a: 'b' } } },
    { 'content-type': 'application/merge-patch+json' },
  );
  t.is(patched.json().metadata.labels.a, 'b');
  t.is((await api.call('DELETE', '/api/v1/namespaces/prod')).statusCode, 409);
  await api.call('DELETE', 'namespaces/prod/networksets/s');
  t.is((await api.call('DELETE', '/api/v1/namespaces/prod')).statusCode, 200);
  t.is((await api.call('DELETE', '/api/v1/namespaces/default')).statusCode, 403);
  t.is((await api.call('DELETE', '/api/v1/namespaces/never')).statusCode, 404);
  t.deepEqual(await names(), ['a.b', 'default', 'empty', 'prod-2']);
});

test('a namespace does not go while something is put into it', async (t) => {
  const api = await createTestApi();
  await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'prod' } });
  const put = () => api.call('POST', 'namespaces/prod/networksets', { ...networkSet('s'), kind: 'NetworkSet' });
  const original = api.store.txn.bind(api.store);
  let isFirst = true;
  api.store.txn = async (request) => {
    const isDeletion = request.success.some((op) => op.type === 'delete');
    if (isFirst && isDeletion) {
      isFirst = false;
      await put();
    }
    return original(request);
  };
  t.is((await api.call('DELETE', '/api/v1/namespaces/prod')).statusCode, 409);
});
