import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';
import { createTestApi, networkSet, root, type TestApi } from './test-api.ts';

interface Event {
  type: string;
  object: { kind: string; metadata: { name: string; resourceVersion: string }; code?: number; rows?: object[] };
}

/** A watch over a real connection: backpressure and broken connections are part of what is tested. */
async function openWatch(t: ExecutionContext, api: TestApi, path: string, headers: Record<string, string> = {}) {
  const server = http.createServer(api.app.routing);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const request = http.get({ port, path: `${root}/${path}`, headers });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  t.teardown(() => {
    request.destroy();
    server.closeAllConnections();
    server.close();
  });
  const lines = createInterface(response)[Symbol.asyncIterator]();
  const next = async (): Promise<Event | undefined> => {
    const line = await lines.next();
    return line.done === true ? undefined : JSON.parse(line.value);
  };
  return { response, request, next, brief: async () => brief(await next()) };
}

function brief(event: Event | undefined): string {
  return event === undefined ? 'end' : `${event.type} ${event.object.metadata?.name ?? ''}`.trim();
}

test('a watch from a list sees what comes after it, each at a greater version', async (t) => {
  const api = await createTestApi();
  await api.call('POST', 'globalnetworksets', networkSet('before'));
  const { resourceVersion } = (await api.call('GET', 'globalnetworksets')).json().metadata;
  const watch = await openWatch(t, api, `globalnetworksets?watch=true&resourceVersion=${resourceVersion}`);
  await api.call('POST', 'globalnetworksets', networkSet('a'));
  await api.call(
    'PATCH',
    'globalnetworksets/a',
    { metadata: { labels: { x: '1' } } },
    { 'content-type': 'application/merge-patch+json' },
  );
  await api.call('DELETE', 'globalnetworksets/a');
  const events = [await watch.next(), await watch.next(), await watch.next()];
  t.deepEqual(events.map(brief), ['ADDED a', 'MODIFIED a', 'DELETED a']);
  const versions = events.map((event) => Number(event!.object.metadata.resourceVersion));
  t.true(Number(resourceVersion) < versions[0]! && versions[0]! < versions[1]! && versions[1]! < versions[2]!);
});

test('a watch without a version, or from 0, begins with everything there is', async (t) => {
  const api = await createTestApi();
  for (const name of ['a', 'b']) await api.call('POST', 'globalnetworksets', networkSet(name));
  for (const version of ['', '&resourceVersion=0']) {
    const watch = await openWatch(t, api, `globalnetworksets?watch=1${version}`);
    t.deepEqual([await watch.brief(), await watch.brief()], ['ADDED a', 'ADDED b']);
    await api.call(
      'PATCH',
      'globalnetworksets/b',
      { metadata: { labels: { x: `v${version.length}` } } },
      { 'content-type': 'application/merge-patch+json' },
    );
    t.is(await watch.brief(), 'MODIFIED b');
  }
});

test('a resource that enters a selection is added, one that leaves it is deleted, others are not told', async (t) => {
  const api = await createTestApi();
  const watch = await openWatch(t, api, 'globalnetworksets?watch=true&labelSelector=x%3D1');
  const label = (name: string, x: string | null) =>
    api.call(
      'PATCH',
      `globalnetworksets/${name}`,
      { metadata: { labels: { x } } },
      { 'content-type': 'application/merge-patch+json' },
    );
  await api.call('POST', 'globalnetworksets', networkSet('other', { x: '2' }));
  await api.call('POST', 'globalnetworksets', networkSet('a', { x: '2' }));
  await label('a', '1');
  await label('a', null);
  await label('other', '3');
  await label('other', '1');
  await api.call('DELETE', 'globalnetworksets/other');
  t.deepEqual(
    [await watch.brief(), await watch.brief(), await watch.brief(), await watch.brief()],
    ['ADDED a', 'DELETED a', 'ADDED other', 'DELETED other'],
  );
});

test('a watch of one name sees only that one', async (t) => {
  const api = await createTestApi();
  const watch = await openWatch(t, api, 'globalnetworksets?watch=true&fieldSelector=metadata.name%3Da');
  for (const name of ['aa', 'b', 'a']) await api.call('POST', 'globalnetworksets', networkSet(name));
  t.is(await watch.brief(), 'ADDED a');
});

test('a watch by a field sees what moves in and out', async (t) => {
  const api = await createTestApi();
  const put = (node: string) =>
    api.call(
      'PATCH',
      'hostendpoints/e?fieldManager=m&force=true',
      { spec: { node, interfaceName: 'eth0' } },
      { 'content-type': 'application/apply-patch+yaml' },
    );
  await put('one');
  const watch = await openWatch(t, api, 'hostendpoints?watch=true&fieldSelector=spec.node%3Dtwo');
  for (const node of ['two', 'one', 'two']) t.is((await put(node)).statusCode, 200);
  await api.call('DELETE', 'hostendpoints?fieldSelector=spec.node%3Done');
  await api.call('DELETE', 'hostendpoints?fieldSelector=spec.node%3Dtwo');
  const told = [await watch.brief(), await watch.brief(), await watch.brief(), await watch.brief()];
  t.deepEqual(told, ['ADDED e', 'DELETED e', 'ADDED e', 'DELETED e']);
});

test('a watch from a version that is gone is 410', async (t) => {
  const api = await createTestApi();
  for (const name of ['a', 'b', 'c']) await api.call('POST', 'globalnetworksets', networkSet(name));
  await api.store.compact(await api.resources.revision());
  const answer = await api.call('GET', 'globalnetworksets?watch=true&resourceVersion=1');
  t.is(answer.statusCode, 410);
  t.is(answer.json().reason, 'Expired');
});

test('bookmarks come only when asked for, and carry the version reached', async (t) => {
  const api = await createTestApi();
  const marked = await openWatch(t, api, 'globalnetworksets?watch=true&allowWatchBookmarks=true');
  await api.call('POST', 'globalnetworksets', networkSet('a'));
  let event = await marked.next();
  while (event?.type !== 'ADDED') event = await marked.next();
  const bookmark = await marked.next();
  t.is(bookmark?.type, 'BOOKMARK');
  t.is(bookmark?.object.kind, 'GlobalNetworkSet');
  t.is(bookmark?.object.metadata.resourceVersion, String(await api.resources.revision()));
  const silent = await api.call('GET', 'globalnetworksets?watch=true&resourceVersion=1&timeoutSeconds=1');
  t.false(silent.body.includes('BOOKMARK'));
  t.true(silent.body.includes('ADDED'));
});

test('a table watch gives one row an event, and bookmarks without rows', async (t) => {
  const api = await createTestApi();
  const accept = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
  await api.call('POST', 'globalnetworksets', networkSet('a'));
  const watch = await openWatch(t, api, 'globalnetworksets?watch=true&allowWatchBookmarks=true', accept);
  const added = await watch.next();
  t.is(added?.object.kind, 'Table');
  t.is(added?.object.rows?.length, 1);
  const bookmark = await watch.next();
  t.is(bookmark?.type, 'BOOKMARK');
  t.deepEqual(bookmark?.object.rows, []);
});

test('a watch ends cleanly with its timeout, and with the server', async (t) => {
  const api = await createTestApi();
  const timed = await openWatch(t, api, 'globalnetworksets?watch=true&timeoutSeconds=1');
  t.is(await timed.brief(), 'end');
  t.true(timed.response.complete);
  const open = await openWatch(t, api, 'globalnetworksets?watch=true');
  api.stopping.abort();
  t.is(await open.brief(), 'end');
  t.true(open.response.complete);
});

test('a client that goes away takes its watch in the store with it', async (t) => {
  const api = await createTestApi();
  let open = 0;
  const watchStore = api.store.watch.bind(api.store);
  api.store.watch = async (request, signal) => {
    open++;
    signal?.addEventListener('abort', () => open--);
    return watchStore(request, signal);
  };
  const watch = await openWatch(t, api, 'globalnetworksets?watch=true');
  t.is(open, 1);
  watch.request.destroy();
  for (let i = 0; i < 100 && open > 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  t.is(open, 0);
});

test('a store that ends a watch ends the stream with an error the client knows', async (t) => {
  const api = await createTestApi();
  const watch = await openWatch(t, api, 'globalnetworksets?watch=true');
  await api.store.close();
  const event = await watch.next();
  t.true(event === undefined || event.type === 'ERROR');
});
