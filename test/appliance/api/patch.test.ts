/** Patches, their refusals, and that dry runs of every verb store nothing. */
import test from 'ava';
import { applyJsonPatch } from '#appliance/api/patch/json-patch.ts';
import { createTestApi, networkSet, policy } from './test-api.ts';

const json = { 'content-type': 'application/json-patch+json' };
const merge = { 'content-type': 'application/merge-patch+json' };
const strategic = { 'content-type': 'application/strategic-merge-patch+json' };

test('a JSON patch whose test fails is 422 and changes nothing; one whose test holds goes through', async (t) => {
  const api = await createTestApi();
  await api.call('POST', 'globalnetworksets', networkSet('a', { x: '1' }));
  const patch = (was: string) => [
    { op: 'test', path: '/metadata/labels/x', value: was },
    { op: 'replace', path: '/metadata/labels/x', value: '2' },
  ];
  const failed = await api.call('PATCH', 'globalnetworksets/a', patch('0'), json);
  t.is(failed.statusCode, 422);
  t.is(failed.json().reason, 'Invalid');
  t.is((await api.call('PATCH', 'globalnetworksets/a', patch('1'), json)).json().metadata.labels.x, '2');
});

test('a JSON patch with another version or uid in it is 409 with the version there is', async (t) => {
  const api = await createTestApi();
  const { metadata } = (await api.call('POST', 'globalnetworksets', networkSet('a'))).json();
  const stale = await api.call(
    'PATCH',
    'globalnetworksets/a',
    [{ op: 'replace', path: '/metadata/resourceVersion', value: '1' }],
    json,
  );
  t.is(stale.statusCode, 409);
  t.regex(stale.json().message, new RegExp(`resourceVersion is ${metadata.resourceVersion}, not 1`));
  t.deepEqual(stale.json().details.causes, [
    { reason: 'FieldValueConflict', message: `is ${metadata.resourceVersion}`, field: 'metadata.resourceVersion' },
  ]);
  const other = await api.call('PATCH', 'globalnetworksets/a', { metadata: { uid: 'x' } }, merge);
  t.is(other.statusCode, 409);
  t.is(other.json().details.causes[0].field, 'metadata.uid');
  const put = { ...networkSet('a'), metadata: { ...metadata, uid: 'other' } };
  t.is((await api.call('PUT', 'globalnetworksets/a', put)).statusCode, 409);
});

test('a merge patch removes labels and annotations by null', async (t) => {
  const api = await createTestApi();
  await api.call('POST', 'globalnetworksets', networkSet('a', { x: '1' }));
  const gone = await api.call('PATCH', 'globalnetworksets/a', { metadata: { labels: null, annotations: null } }, merge);
  t.is(gone.json().metadata.labels, undefined);
});

test('strategic directives are refused by name, wherever they stand, and nothing of them is stored', async (t) => {
  const api = await createTestApi();
  await api.call('POST', 'globalnetworksets', networkSet('a', { x: '1' }));
  const before = await api.resources.revision();
  for (const directive of ['$patch', '$retainKeys', '$setElementOrder/nets', '$deleteFromPrimitiveList/nets']) {
    for (const patch of [{ [directive]: 'replace' }, { spec: { nets: [{ [directive]: [] }] } }]) {
      const answer = await api.call('PATCH', 'globalnetworksets/a?fieldValidation=Ignore', patch, strategic);
      t.is(answer.statusCode, 400);
      t.true(answer.json().message.includes(directive));
    }
  }
  t.is(await api.resources.revision(), before);
});

test('a body in an unknown form is 415 and told what there is', async (t) => {
  const api = await createTestApi();
  await api.call('POST', 'globalnetworksets', networkSet('a'));
  for (const type of ['text/plain', 'application/xml', 'application/yaml']) {
    const answer = await api.call('PATCH', 'globalnetworksets/a', '{}', { 'content-type': type });
    t.is(answer.statusCode, 415, type);
    for (const known of ['json-patch+json', 'merge-patch+json', 'apply-patch+yaml', 'strategic-merge-patch+json'])
      t.true(answer.json().message.includes(`application/${known}`), known);
  }
});

test('applyJsonPatch() ends copies that double and double', (t) => {
  const copies = Array.from({ length: 60 }, (_, i) => ({ op: 'copy', from: '/a', path: `/a/x${i}` }));
  t.throws(() => applyJsonPatch({ a: { text: 'x'.repeat(1000) } }, copies), {
    code: 'API_PATCH_FAILED',
    message: /copies too much/,
  });
  t.throws(
    () =>
      applyJsonPatch(
        {},
        Array.from({ length: 10_001 }, () => ({})),
      ),
    { code: 'API_BAD_REQUEST' },
  );
  t.deepEqual(
    applyJsonPatch({ a: [1] }, [
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'add', path: '/b/-', value: 2 },
    ]),
    { a: [1], b: [1, 2] },
  );
});

test('a dry run of every verb answers as the verb does and leaves the store alone', async (t) => {
  const api = await createTestApi();
  const made = (await api.call('POST', 'globalnetworksets', networkSet('a', { x: '1' }))).json();
  const tier = (await api.call('POST', 'tiers', { metadata: { name: 'ops' }, spec: { order: 1 } })).json();
  await api.call('POST', 'namespaces/a/networkpolicies', policy('p', 'a', { tier: 'ops' }));
  const before = await api.resources.revision();
  const dry = async (method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, headers = {}) =>
    (await api.call(method, `${path}${path.includes('?') ? '&' : '?'}dryRun=All`, body, headers)).statusCode;
  const apply = { 'content-type': 'application/apply-patch+yaml' };
  t.is(await dry('POST', 'globalnetworksets', networkSet('b')), 201);
  t.is(await dry('POST', 'globalnetworksets', networkSet('a')), 409);
  t.is(await dry('PUT', 'globalnetworksets/a', { ...made, spec: { nets: [] } }), 200);
  t.is(await dry('PUT', 'globalnetworksets/a', { ...made, metadata: { ...made.metadata, resourceVersion: '1' } }), 409);
  t.is(await dry('PATCH', 'globalnetworksets/a', { metadata: { labels: { x: '2' } } }, merge), 200);
  t.is(await dry('PATCH', 'globalnetworksets/a?fieldManager=m', { metadata: { labels: { y: '2' } } }, apply), 200);
  t.is(await dry('PATCH', 'globalnetworksets/a?fieldManager=m', { metadata: { labels: { x: '2' } } }, apply), 409);
  t.is(await dry('PATCH', 'globalnetworksets/b?fieldManager=m', networkSet('b'), apply), 201);
  t.is(await dry('PUT', 'tiers/ops/status', { ...tier, status: { conditions: [] } }), 200);
  t.is(await dry('PATCH', 'tiers/ops/status', { status: { conditions: [] } }, merge), 200);
  t.is(await dry('POST', 'namespaces/a/networkpolicies', policy('q', 'a', { tier: 'none' })), 404);
  t.is(await dry('DELETE', 'globalnetworksets/a'), 200);
  t.is(await dry('DELETE', 'tiers/ops'), 409);
  t.is(await dry('DELETE', 'globalnetworksets'), 200);
  t.is(await api.resources.revision(), before);
});

test('warnings stand in the header, in letters a header can have', async (t) => {
  const api = await createTestApi();
  const shadow = { selector: 'all()', ingress: [{ action: 'Allow' }, { action: 'Deny' }] };
  const made = await api.call('POST', 'namespaces/a/networkpolicies', policy('p', 'a', shadow));
  t.is(String(made.headers.warning), '299 - "spec.ingress[1]: is never reached: spec.ingress[0] matches every packet"');
  const odd = await api.call('POST', 'globalnetworksets?fieldValidation=Warn', networkSet('b', {}, { 'größe\n"': 1 }));
  t.is(odd.statusCode, 201);
  t.regex(String(odd.headers.warning), /^299 - "[\x20-\x7e]+"$/);
});
