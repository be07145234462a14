import test from 'ava';
import { createTestApi, networkSet, policy, root } from './test-api.ts';

test('POST stamps, defaults and stores a resource, and answers 201 with what a GET gives', async (t) => {
  const api = await createTestApi();
  const made = await api.call('POST', 'namespaces/prod/networkpolicies', policy('db', 'prod'));
  t.is(made.statusCode, 201);
  t.like(made.json(), {
    kind: 'NetworkPolicy',
    metadata: {
      name: 'db',
      namespace: 'prod',
      creationTimestamp: '2026-08-01T09:30:00Z',
      labels: { 'projectcalico.org/tier': 'default' },
    },
    spec: { tier: 'default', selector: 'all()', types: ['Ingress'] },
  });
  t.regex(made.json().metadata.uid, /^0{8}-/);
  const got = await api.call('GET', 'namespaces/prod/networkpolicies/db');
  t.deepEqual(got.json(), made.json());
  const { entries } = await api.store.range({
    key: Buffer.from('/calico/resources/v3/projectcalico.org/networkpolicies/prod/db'),
  });
  t.is(made.json().metadata.resourceVersion, String(entries[0]!.modRevision));
  t.true(entries[0]!.value.toString().includes('"projectcalico.org/metadata":"{\\"name\\":\\"db\\"}"'));
});

test('POST of a name that is taken is 409 AlreadyExists with the plural in the details', async (t) => {
  const api = await createTestApi();
  await api.call('POST', 'globalnetworksets', networkSet('a'));
  const again = await api.call('POST', 'globalnetworksets', networkSet('a'));
  t.is(again.statusCode, 409);
  t.like(again.json(), {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    reason: 'AlreadyExists',
    message: 'globalnetworksets.projectcalico.org "a" already exists',
    details: { name: 'a', group: 'projectcalico.org', kind: 'globalnetworksets' },
    code: 409,
  });
});

test('POST takes what the body leaves out from the path, and refuses a body that says otherwise', async (t) => {
  const api = await createTestApi();
  const bare = { metadata: { name: 'web' }, spec: { selector: 'all()' } };
  t.is((await api.call('POST', 'namespaces/prod/networkpolicies', bare)).statusCode, 201);
  const other = await api.call('POST', 'namespaces/prod/networkpolicies', policy('web', 'dev'));
  t.is(other.statusCode, 400);
  t.regex(other.json().message, /metadata\.namespace/);
  t.is((await api.call('POST', 'globalnetworksets', policy('web', 'dev'))).statusCode, 400);
});

test('POST with generateName makes a name', async (t) => {
  const api = await createTestApi();
  const body = { metadata: { generateName: 'set-' }, spec: {} };
  t.is((await api.call('POST', 'globalnetworksets', body)).json().metadata.name, 'set-abcde');
});

test('an invalid resource is 422 with every problem as a cause', async (t) => {
  const api = await createTestApi();
  const bad = networkSet('a', {}, { nets: ['10.0.0.0/33', 'no'] });
  const answer = await api.call('POST', 'globalnetworksets', bad);
  t.is(answer.statusCode, 422);
  const { reason, details } = answer.json();
  t.is(reason, 'Invalid');
  t.is(details.kind, 'GlobalNetworkSet');
  t.deepEqual(
    details.causes.map((cause: { field: string }) => cause.field),
    ['spec.nets[0]', 'spec.nets[1]'],
  );
});

test('unknown fields are refused unless the client says otherwise, and then told or dropped', async (t) => {
  const api = await createTestApi();
  const body = { ...networkSet('a', {}, { nets: [], netz: [] }), extra: 1 };
  const strict = await api.call('POST', 'globalnetworksets', body);
  t.is(strict.statusCode, 400);
  t.is(strict.json().reason, 'BadRequest');
  t.regex(strict.json().message, /strict decoding error: .*unknown field "spec\.netz"/);
  t.is(strict.json().details.causes.length, 2);
  const warned = await api.call('POST', 'globalnetworksets?fieldValidation=Warn', body);
  t.is(warned.statusCode, 201);
  t.regex(String(warned.headers.warning), /299 - "unknown field \\"spec\.netz\\""/);
  t.deepEqual(Object.keys(warned.json().spec), []);
  const ignored = await api.call('PUT', 'globalnetworksets/a?fieldValidation=Ignore', {
    ...body,
    metadata: warned.json().metadata,
  });
  t.is(ignored.statusCode, 200);
  t.is(ignored.headers.warning, undefined);
  t.is((await api.call('POST', 'globalnetworksets?fieldValidation=Maybe', body)).statusCode, 400);
});

test('unknown fields beside other problems are told together', async (t) => {
  const api = await createTestApi();
  const answer = await api.call('POST', 'globalnetworksets', networkSet('a', {}, { nets: ['no'], netz: [] }));
  t.is(answer.statusCode, 422);
  t.is(answer.json().details.causes.length, 2);
});

test('PUT replaces at the version it was made from, and not at another', async (t) => {
  const api = await createTestApi();
  const made = (await api.call('POST', 'globalnetworksets', networkSet('a'))).json();
  const next: { metadata: object } = { ...made, spec: { nets: ['198.51.100.0/24'] } };
  const replaced = await api.call('PUT', 'globalnetworksets/a', next);
  t.is(replaced.statusCode, 200);
  t.deepEqual(replaced.json().spec, { nets: ['198.51.100.0/24'] });
  t.is(replaced.json().metadata.uid, made.metadata.uid);
  const stale = await api.call('PUT', 'globalnetworksets/a', next);
  t.is(stale.statusCode, 409);
  t.is(stale.json().reason, 'Conflict');
  const blind = await api.call('PUT', 'globalnetworksets/a', networkSet('a'));
  t.is(blind.statusCode, 422);
  t.is(blind.json().details.causes[0].field, 'metadata.resourceVersion');
  t.is((await api.call('PUT', 'globalnetworksets/none', networkSet('none'))).statusCode, 404);
  t.is(
    (await api.call('PUT', 'globalnetworksets/none', { ...next, metadata: { ...next.metadata, name: 'none' } }))
      .statusCode,
    404,
  );
  t.is((await api.call('PUT', 'globalnetworksets/b', next)).statusCode, 400);
});

test('a write that changes nothing makes no revision', async (t) => {
  const api = await createTestApi();
  const made = (await api.call('POST', 'globalnetworksets', networkSet('a'))).json();
  const before = await api.resources.revision();
  const same = await api.call('PUT', 'globalnetworksets/a', made);
  t.is(same.json().metadata.resourceVersion, made.metadata.resourceVersion);
  t.is(await api.resources.revision(), before);
});

test('PATCH merges, removes by null, and takes JSON patches', async (t) => {
  const api = await createTestApi();
  await api.call('POST', 'globalnetworksets', networkSet('a', { x: '1', y: '2' }));
  const merge = { metadata: { labels: { x: null, z: '3' } } };
  const merged = await api.call('PATCH', 'globalnetworksets/a', merge, {
    'content-type': 'application/merge-patch+json',
  });
  t.is(merged.statusCode, 200);
  t.deepEqual(merged.json().metadata.labels, { y: '2', z: '3' });
  const strategic = await api.call(
    'PATCH',
    'globalnetworksets/a',
    { metadata: { labels: { s: 'x' } } },
    {
      'content-type': 'application/strategic-merge-patch+json',
    },
  );
  t.deepEqual(strategic.json().metadata.labels, { s: 'x', y: '2', z: '3' });
  const operations = [
    { op: 'test', path: '/metadata/labels/y', value: '2' },
    { op: 'add', path: '/spec/nets/-', value: '203.0.113.9' },
    { op: 'remove', path: '/metadata/labels' },
  ];
  const json = { 'content-type': 'application/json-patch+json' };
  const patched = await api.call('PATCH', 'globalnetworksets/a', operations, json);
  t.deepEqual(patched.json().spec.nets, ['192.0.2.0/24', '203.0.113.9']);
  t.is(patched.json().metadata.labels, undefined);
  t.is((await api.call('PATCH', 'globalnetworksets/a', [{ op: 'remove', path: '/spec/none' }], json)).statusCode, 422);
  t.is((await api.call('PATCH', 'globalnetworksets/a', [{ op: 'jump', path: '' }], json)).statusCode, 400);
});

test('PATCH refuses another version, another name and a body that is no patch', async (t) => {
  const api = await createTestApi();
  await api.call('POST', 'globalnetworksets', networkSet('a'));
  const merge = { 'content-type': 'application/merge-patch+json' };
  const patch = (body: unknown, headers = merge) => api.call('PATCH', 'globalnetworksets/a', body, headers);
  t.is((await patch({ metadata: { resourceVersion: '1' } })).statusCode, 409);
  t.is((await patch({ metadata: { name: 'b' } })).statusCode, 422);
  t.is((await patch({ metadata: { uid: 'other' } })).statusCode, 409);
  t.is((await patch([])).statusCode, 400);
  t.is((await patch({ spec: { netz: [] } })).statusCode, 400);
  t.is((await api.call('PATCH', 'globalnetworksets/none', {}, merge)).statusCode, 404);
});

test('PATCH of four clients at once loses none of their labels', async (t) => {
  const api = await createTestApi();
  await api.call('POST', 'globalnetworksets', networkSet('a'));
  const one = (i: number) =>
    api.call(
      'PATCH',
      'globalnetworksets/a',
      { metadata: { labels: { [`l${i}`]: 'x' } } },
      {
        'content-type': 'application/merge-patch+json',
      },
    );
  const answers = await Promise.all([0, 1, 2, 3].map(one));
  t.deepEqual(
    answers.map((answer) => answer.statusCode),
    [200, 200, 200, 200],
  );
  const { labels } = (await api.call('GET', 'globalnetworksets/a')).json().metadata;
  t.deepEqual(Object.keys(labels).sort(), ['l0', 'l1', 'l2', 'l3']);
});

test('DELETE honours preconditions, tells what went, and is 404 the second time', async (t) => {
  const api = await createTestApi();
  const made = (await api.call('POST', 'globalnetworksets', networkSet('a'))).json();
  const other = { preconditions: { uid: 'other' } };
  t.is((await api.call('DELETE', 'globalnetworksets/a', other)).statusCode, 409);
  t.is((await api.call('DELETE', 'globalnetworksets/a', { preconditions: { resourceVersion: '1' } })).statusCode, 409);
  const gone = await api.call('DELETE', 'globalnetworksets/a', { preconditions: { uid: made.metadata.uid } });
  t.is(gone.statusCode, 200);
  t.like(gone.json(), { status: 'Success', details: { name: 'a', kind: 'globalnetworksets', uid: made.metadata.uid } });
  t.is((await api.call('DELETE', 'globalnetworksets/a')).statusCode, 404);
});

test('dryRun=All does everything but the write', async (t) => {
  const api = await createTestApi();
  const before = await api.resources.revision();
  t.is((await api.call('POST', 'globalnetworksets?dryRun=All', networkSet('a'))).statusCode, 201);
  t.is((await api.call('GET', 'globalnetworksets/a')).statusCode, 404);
  t.is(await api.resources.revision(), before);
  const made = (await api.call('POST', 'globalnetworksets', networkSet('a'))).json();
  const again = await api.call('POST', 'globalnetworksets?dryRun=All', networkSet('a'));
  t.is(again.statusCode, 409);
  const changed = await api.call('PUT', 'globalnetworksets/a?dryRun=All', { ...made, spec: { nets: [] } });
  t.deepEqual(changed.json().spec, {});
  t.is((await api.call('DELETE', 'globalnetworksets/a', { dryRun: ['All'] })).statusCode, 200);
  t.is((await api.call('DELETE', 'globalnetworksets/a?dryRun=All')).statusCode, 200);
  t.deepEqual((await api.call('GET', 'globalnetworksets/a')).json(), made);
  t.is((await api.call('DELETE', 'globalnetworksets/a?dryRun=Some')).statusCode, 400);
});

test('status is written through its own path only', async (t) => {
  const api = await createTestApi();
  const conditions = [
    { type: 'Ready', status: 'True', reason: 'Fine', message: '', lastTransitionTime: '2026-08-01T09:30:00Z' },
  ];
  const tier = { metadata: { name: 'ops' }, spec: { order: 5 }, status: { conditions } };
  const made = (await api.call('POST', 'tiers', tier)).json();
  t.deepEqual(made.status, {});
  const status = await api.call('PUT', 'tiers/ops/status', { ...made, spec: { order: 9 }, status: { conditions } });
  t.is(status.statusCode, 200);
  t.is(status.json().spec.order, 5);
  t.is(status.json().status.conditions[0].reason, 'Fine');
  const main = await api.call('PUT', 'tiers/ops', { ...status.json<object>(), spec: { order: 9 }, status: {} });
  t.is(main.json().spec.order, 9);
  t.is(main.json().status.conditions[0].reason, 'Fine');
  t.is((await api.call('GET', 'globalnetworksets/a/status')).statusCode, 404);
});

test('ClusterInformation is read-only, and other methods are 405 where the path is right', async (t) => {
  const api = await createTestApi();
  const info = (await api.call('GET', 'clusterinformations/default')).json();
  t.is(info.spec.clusterGUID, 'f'.repeat(32));
  const answer = await api.call('PUT', 'clusterinformations/default', info);
  t.is(answer.statusCode, 405);
  t.is(answer.json().reason, 'MethodNotAllowed');
  t.is((await api.call('DELETE', 'clusterinformations/default')).statusCode, 405);
  t.is((await api.call('PUT', 'globalnetworksets')).statusCode, 405);
  t.is((await api.call('POST', 'networkpolicies', policy('a', 'b'))).statusCode, 405);
});

test('bodies that cannot be read are told so', async (t) => {
  const api = await createTestApi();
  const post = (body: string, type: string) => api.call('POST', 'globalnetworksets', body, { 'content-type': type });
  t.is((await post('{"a":', 'application/json')).statusCode, 400);
  t.is((await post('', 'application/json')).statusCode, 400);
  t.is((await post('[]', 'application/json')).statusCode, 400);
  t.is((await post('a: [', 'application/yaml')).statusCode, 400);
  t.is((await post('<a/>', 'text/xml')).statusCode, 415);
  const large = await post(JSON.stringify({ metadata: { name: 'x'.repeat(9 * 1024 * 1024) } }), 'application/json');
  t.is(large.statusCode, 413);
  t.is(large.json().kind, 'Status');
  t.is((await post('metadata: {name: y}\nspec: {nets: [192.0.2.1]}', 'application/yaml')).statusCode, 201);
});

test('a body that does not say what it is counts as JSON', async (t) => {
  const api = await createTestApi();
  const post = (payload: string) => api.app.inject({ method: 'POST', url: `${root}/globalnetworksets`, payload });
  t.is((await post(JSON.stringify(networkSet('plain')))).statusCode, 201);
  t.is((await post('a: [')).statusCode, 400);
});

test('a member called __proto__ is an unknown field like any other', async (t) => {
  const api = await createTestApi();
  const body = '{"metadata":{"name":"a"},"spec":{"__proto__":{"nets":[]}}}';
  t.is((await api.call('POST', 'globalnetworksets', body)).statusCode, 400);
  await api.call('POST', 'globalnetworksets', networkSet('a'));
  const merge = { 'content-type': 'application/merge-patch+json' };
  t.is((await api.call('PATCH', 'globalnetworksets/a', '{"__proto__":{"x":1}}', merge)).statusCode, 400);
});
