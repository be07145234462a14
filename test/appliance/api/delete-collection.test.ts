import test from 'ava';
import { createTestApi, networkSet, policy, type TestApi } from './test-api.ts';

async function names(api: TestApi, path: string): Promise<string[]> {
  const list = (await api.call('GET', path)).json<{ items: { metadata: { name: string } }[] }>();
  return list.items.map((item) => item.metadata.name);
}

async function withSets(): Promise<TestApi> {
  const api = await createTestApi();
  for (const name of ['a', 'b', 'c']) {
    const labels = { team: name === 'c' ? 'two' : 'one' };
    await api.call('POST', 'globalnetworksets', networkSet(name, labels));
  }
  return api;
}

test('a collection is deleted as far as its selectors choose, and the answer lists what is gone', async (t) => {
  const api = await withSets();
  const answer = await api.call('DELETE', 'globalnetworksets?labelSelector=team%3Done');
  t.is(answer.statusCode, 200);
  t.is(answer.json().kind, 'GlobalNetworkSetList');
  t.deepEqual(
    answer.json().items.map((item: { metadata: { name: string } }) => item.metadata.name),
    ['a', 'b'],
  );
  t.deepEqual(await names(api, 'globalnetworksets'), ['c']);
});

test('a dry run deletes nothing, and a namespace is its own collection', async (t) => {
  const api = await withSets();
  t.is((await api.call('DELETE', 'globalnetworksets', { dryRun: ['All'] })).json().items.length, 3);
  t.is((await names(api, 'globalnetworksets')).length, 3);
  for (const namespace of ['x', 'y'])
    await api.call('POST', `namespaces/${namespace}/networkpolicies`, policy('p', namespace));
  await api.call('DELETE', 'namespaces/x/networkpolicies');
  t.is((await names(api, 'networkpolicies')).length, 1);
  t.is((await api.call('DELETE', 'networkpolicies')).statusCode, 405, 'not all namespaces at once');
});

test('what may not be deleted stops the deletion with its reason', async (t) => {
  const api = await createTestApi();
  const answer = await api.call('DELETE', 'tiers');
  t.is(answer.statusCode, 403);
  t.is((await names(api, 'tiers')).length, 3);
});
