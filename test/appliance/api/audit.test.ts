import test from 'ava';
import { createTestApi, networkSet } from './test-api.ts';

const caller = { user: 'system:local', from: '127.0.0.1', agent: 'lightMyRequest' };

test('every change is told: who, from where, what, and the revisions before and after; reads are not', async (t) => {
  const api = await createTestApi();
  const first = Number((await api.call('POST', 'globalnetworksets', networkSet('a'))).json().metadata.resourceVersion);
  await api.call('GET', 'globalnetworksets/a');
  await api.call('GET', 'globalnetworksets');
  const merge = { 'content-type': 'application/merge-patch+json' };
  await api.call('PATCH', 'globalnetworksets/a', { metadata: { labels: { x: 'y' } } }, merge);
  await api.call('DELETE', 'globalnetworksets/a');
  const what = { ...caller, group: 'projectcalico.org', resource: 'globalnetworksets', namespace: '', name: 'a' };
  t.is(api.audit.length, 3);
  t.like(api.audit[0], { ...what, verb: 'create', code: 201, after: first, message: 'changed' });
  t.is(api.audit[0]?.before, undefined);
  t.like(api.audit[1], { ...what, verb: 'patch', code: 200, before: first, after: first + 1 });
  t.like(api.audit[2], { ...what, verb: 'delete', code: 200, before: first + 1 });
  t.is(api.audit[2]?.after, undefined);
});

test('a change that was refused or tried out is told as such, and no body ever', async (t) => {
  const api = await createTestApi();
  const secret = 'do-not-tell';
  await api.call('POST', 'globalnetworksets', networkSet('a', {}, { nets: [secret] }));
  await api.call('POST', 'globalnetworksets?dryRun=All', networkSet('b', { note: secret }));
  t.deepEqual(
    api.audit.map(({ code, message }) => [code, message]),
    [
      [422, 'change refused or without effect'],
      [201, 'change refused or without effect'],
    ],
  );
  t.false(JSON.stringify(api.audit).includes(secret));
});

test('of a collection each deletion is told', async (t) => {
  const api = await createTestApi();
  for (const name of ['a', 'b']) await api.call('POST', 'globalnetworksets', networkSet(name));
  api.audit.length = 0;
  await api.call('DELETE', 'globalnetworksets');
  t.deepEqual(
    api.audit.map(({ verb, name }) => [verb, name]),
    [
      ['deletecollection', 'a'],
      ['deletecollection', 'b'],
    ],
  );
});
