import test from 'ava';
import { parse } from 'yaml';
import { printYaml } from '#cli/output/yaml.ts';
import { startFakeApiServer } from './fake-api-server.ts';
import { runCli } from './run-cli.ts';

const set = (name: string, extra: object = {}) => ({
  kind: 'GlobalNetworkSet',
  apiVersion: 'projectcalico.org/v3',
  metadata: { name, ...extra },
  spec: { nets: ['10.0.0.0/8'] },
});

test('`get` of one resource prints the object, of several an array, of all a typed list', async (t) => {
  await using server = await startFakeApiServer();
  const env = { CALICO_API_SOCKET: server.address };
  server.put('globalnetworksets', set('a'));
  server.put('globalnetworksets', set('b'));
  const read = async (...words: string[]) =>
    JSON.parse((await runCli(['get', ...words, '-o', 'json'], { env })).stdout);
  t.is((await read('gnetsets', 'a')).metadata.name, 'a');
  t.deepEqual(
    (await read('gnetsets', 'b', 'a')).map((item: { metadata: { name: string } }) => item.metadata.name),
    ['b', 'a'],
  );
  const list = await read('gnetsets');
  t.deepEqual([list.kind, list.apiVersion, list.items.length], ['GlobalNetworkSetList', 'projectcalico.org/v3', 2]);
});

test('`get -o json` indents by two, ends without a newline and escapes as Go does', async (t) => {
  await using server = await startFakeApiServer();
  server.put('globalnetworksets', { ...set('a', { uid: 'u' }), spec: { nets: [] }, note: '<&>' });
  const run = await runCli(['get', 'gnetsets', 'a', '-o', 'json'], { env: { CALICO_API_SOCKET: server.address } });
  t.is(
    run.stdout,
    `{
  "kind": "GlobalNetworkSet",
  "apiVersion": "projectcalico.org/v3",
  "metadata": {
    "uid": "u",
    "creationTimestamp": "2026-08-01T09:30:00Z",
    "name": "a",
    "resourceVersion": "101"
  },
  "spec": {
    "nets": []
  },
  "note": "\\u003c\\u0026\\u003e"
}`,
  );
});

test('`get -o yaml` can be applied again, and with --export to another cluster', async (t) => {
  await using server = await startFakeApiServer();
  const env = { CALICO_API_SOCKET: server.address };
  server.put('globalnetworksets', set('a', { labels: { x: 'yes' } }));
  const { stdout } = await runCli(['get', 'gnetsets', '-o', 'yaml'], { env });
  t.is((await runCli(['apply', '-f', '-'], { env, stdin: stdout })).exitCode, 0);
  const exported = await runCli(['get', 'gnetsets', 'a', '-o', 'yaml', '--export'], { env });
  t.deepEqual((parse(exported.stdout) as { metadata: object }).metadata, { labels: { x: 'yes' }, name: 'a' });
  await using other = await startFakeApiServer();
  const run = await runCli(['create', '-f', '-'], {
    env: { CALICO_API_SOCKET: other.address },
    stdin: exported.stdout,
  });
  t.is(run.stdout, "Successfully created 1 'GlobalNetworkSet' resource(s)\n");
});

test('`get` prints a table per named object, and reads the objects a file names', async (t) => {
  await using server = await startFakeApiServer();
  const env = { CALICO_API_SOCKET: server.address };
  server.put('globalnetworksets', set('a'));
  server.put('globalnetworksets', set('b'));
  const tables = 'NAME   NETS         \nb      10.0.0.0/8   \n\nNAME   NETS         \na      10.0.0.0/8   \n\n';
  t.is((await runCli(['get', 'gnetsets', 'b', 'a', '-o', 'wide'], { env })).stdout, tables);
  const stdin = JSON.stringify([set('b'), set('a')]);
  t.is((await runCli(['get', '-f', '-', '-o', 'wide'], { env, stdin })).stdout, tables);
});

test('`get` reads long lists page by page, and starts over when a page is gone', async (t) => {
  await using server = await startFakeApiServer();
  const env = { CALICO_API_SOCKET: server.address };
  for (let i = 0; i < 2500; i++) server.put('globalnetworksets', set(`s${i}`));
  const run = await runCli(['get', 'gnetsets'], { env });
  t.is(run.stdout.split('\n').length, 2500 + 3);
  const lists = () => server.requests.filter((request) => request.includes('sets?')).length;
  t.is(lists(), 3);
  let isFirst = true;
  server.intercept = () => {
    const isSecondPage = server.requests.at(-1)?.includes('continue=') === true;
    if (!isSecondPage || !isFirst) return undefined;
    isFirst = false;
    return { status: 410, body: { kind: 'Status', reason: 'Expired', message: 'too old' } };
  };
  t.is((await runCli(['get', 'gnetsets'], { env })).stdout, run.stdout);
  isFirst = true;
  const document = (await runCli(['get', 'gnetsets', '-o', 'yaml'], { env })).stdout;
  t.false(isFirst);
  const list = parse(document) as { items: { metadata: { name: string } }[]; metadata: { resourceVersion: string } };
  t.deepEqual(
    list.items.map((item) => item.metadata.name),
    [...server.objects.values()].map((object) => object.metadata.name).sort(),
  );
  t.is(document, printYaml({ ...list, items: list.items }));
  t.is(list.metadata.resourceVersion, '2600'); // it starts at 100
});

test('`get -o yaml` prints a list of many pages whole or not at all', async (t) => {
  await using server = await startFakeApiServer();
  const env = { CALICO_API_SOCKET: server.address };
  for (let i = 0; i < 2500; i++) server.put('globalnetworksets', set(`s${i}`));
  server.intercept = () =>
    server.requests.at(-1)?.includes('continue=2000')
      ? { status: 500, body: { kind: 'Status', reason: 'InternalError', message: 'broken' } }
      : undefined;
  const run = await runCli(['get', 'gnetsets', '-o', 'yaml'], { env });
  t.is(run.stdout, '');
  t.regex(run.stderr, /^failed to get resources: .*broken/);
  t.not(run.exitCode, 0);
  const limited = await runCli(['get', 'gnetsets', '-o', 'yaml', '--limit', '1500'], { env });
  t.is((parse(limited.stdout) as { items: unknown[] }).items.length, 1500);
  const none = await runCli(['get', 'gnp', '-o', 'yaml'], { env });
  t.regex(none.stdout, /^items: \[\]$/m);
});

test('manifests may be arrays, typed lists whose items leave out their kind, and generic lists', async (t) => {
  await using server = await startFakeApiServer();
  const env = { CALICO_API_SOCKET: server.address };
  const { kind: _kind, apiVersion: _apiVersion, ...bare } = set('typed');
  const documents = [
    [set('array')],
    { kind: 'GlobalNetworkSetList', apiVersion: 'projectcalico.org/v3', metadata: {}, items: [bare] },
    { kind: 'List', apiVersion: 'v1', items: [set('generic')] },
  ];
  const stdin = documents.map((document) => JSON.stringify(document)).join('\n---\n');
  const run = await runCli(['create', '-f', '-'], { env, stdin });
  t.is(run.stdout, "Successfully created 3 'GlobalNetworkSet' resource(s)\n");
  t.deepEqual([...server.objects.values()].map((object) => object.metadata.name).sort(), ['array', 'generic', 'typed']);
});
