import test from 'ava';
import { storePrefix } from '#appliance/resources/key.ts';
import { kindOf } from '#appliance/resources/registry.ts';
import { createTestApi, networkSet, type TestApi } from './test-api.ts';

interface HistoryBody {
  metadata: { resourceVersion: string; oldestResourceVersion: string; isCut: boolean };
  items: {
    resourceVersion: string;
    change: string;
    object?: { spec: { nets: string[] }; metadata: { uid: string; resourceVersion: string } };
    problems?: { path: string; message: string }[];
  }[];
}

const path = 'globalnetworksets/web';

async function historyOf(api: TestApi, query = ''): Promise<HistoryBody> {
  const answer = await api.call('GET', `${path}/history${query}`);
  if (answer.statusCode !== 200) throw new Error(answer.body);
  return answer.json<HistoryBody>();
}

async function setNets(api: TestApi, ...nets: string[]): Promise<string> {
  const answer = await api.call('PATCH', path, { spec: { nets } }, { 'content-type': 'application/merge-patch+json' });
  if (answer.statusCode !== 200) throw new Error(answer.body);
  return answer.json().metadata.resourceVersion;
}

/** Created, changed twice, deleted, created again; other objects change in between. */
async function withPast(): Promise<{ api: TestApi; revisions: string[] }> {
  const api = await createTestApi();
  const create = async () =>
    (await api.call('POST', 'globalnetworksets', networkSet('web'))).json().metadata.resourceVersion as string;
  const revisions = [await create()];
  revisions.push(await setNets(api, '10.0.0.0/8'));
  await api.call('POST', 'globalnetworksets', networkSet('webs'));
  revisions.push(await setNets(api, '10.0.0.0/8', '192.168.0.0/16'));
  await api.call('DELETE', path);
  revisions.push(String(await api.resources.revision()), await create());
  return { api, revisions };
}

test('the history of an object tells each version, oldest first, through deletion and new creation', async (t) => {
  const { api, revisions } = await withPast();
  const { items, metadata } = await historyOf(api);
  t.deepEqual(
    items.map(({ resourceVersion, change, object }) => [resourceVersion, change, object?.spec.nets]),
    [
      [revisions[0], 'created', ['192.0.2.0/24']],
      [revisions[1], 'updated', ['10.0.0.0/8']],
      [revisions[2], 'updated', ['10.0.0.0/8', '192.168.0.0/16']],
      [revisions[3], 'deleted', undefined],
      [revisions[4], 'created', ['192.0.2.0/24']],
    ],
  );
  t.like(metadata, { resourceVersion: String(await api.resources.revision()), isCut: false });
  t.is(items[1]?.object?.metadata.resourceVersion, revisions[1]);
  t.not(items[0]?.object?.metadata.uid, items[4]?.object?.metadata.uid);
});

test('an object can be read as it was at a revision, one by one and in a list', async (t) => {
  const { api, revisions } = await withPast();
  const exact = `resourceVersion=${revisions[1]}&resourceVersionMatch=Exact`;
  t.deepEqual((await api.call('GET', `${path}?${exact}`)).json().spec.nets, ['10.0.0.0/8']);
  const list = (await api.call('GET', `globalnetworksets?${exact}`)).json();
  t.deepEqual(
    list.items.map((item: { metadata: { name: string } }) => item.metadata.name),
    ['web'],
  );
  const gone = `resourceVersion=${revisions[3]}&resourceVersionMatch=Exact`;
  t.is((await api.call('GET', `${path}?${gone}`)).statusCode, 404);
});

test('what was compacted is not told, but what was in force at the oldest revision is', async (t) => {
  const { api, revisions } = await withPast();
  await api.store.compact(Number(revisions[2]) - 1);
  const { items, metadata } = await historyOf(api);
  t.deepEqual(
    items.map((item) => item.resourceVersion),
    revisions.slice(1),
  );
  t.is(metadata.oldestResourceVersion, String(Number(revisions[2]) - 1));
  const old = await api.call('GET', `${path}?resourceVersion=${revisions[0]}&resourceVersionMatch=Exact`);
  t.is(old.statusCode, 410);
  await api.store.compact(await api.resources.revision());
  t.deepEqual(
    (await historyOf(api)).items.map((item) => item.resourceVersion),
    revisions.slice(4),
  );
});

test('a limit keeps the newest versions and says that there were more', async (t) => {
  const { api, revisions } = await withPast();
  const { items, metadata } = await historyOf(api, '?limit=2');
  t.deepEqual(
    items.map((item) => item.resourceVersion),
    revisions.slice(3),
  );
  t.true(metadata.isCut);
});

test('a version that cannot be read is told with its problems, and what never was is not found', async (t) => {
  const { api } = await withPast();
  const key = `${storePrefix(kindOf('GlobalNetworkSet')!, undefined)}web`;
  await api.store.put(Buffer.from(key), Buffer.from('{"spec": {"nets": 1}}'));
  const { items } = await historyOf(api);
  t.is(items.at(-1)?.change, 'updated');
  t.true((items.at(-1)?.problems?.length ?? 0) > 0);
  t.is((await api.call('GET', 'globalnetworksets/nobody/history')).statusCode, 404);
  t.is((await api.call('GET', `${path}/history?limit=x`)).statusCode, 400);
});
