/** Servers of other releases: kinds and fields that this client does not know go through it unharmed, where the server takes them. */
import test from 'ava';
import { type FakeApiServer, startFakeApiServer } from './fake-api-server.ts';
import { runCli } from './run-cli.ts';

const widgets = {
  name: 'widgets',
  singularName: 'widget',
  kind: 'Widget',
  namespaced: true,
  verbs: ['create', 'delete', 'get', 'list', 'update'],
  shortNames: ['wd'],
};

/** A server with a kind and a release of its own. */
function discovery(server: FakeApiServer, calicoVersion: string): void {
  const group = { name: 'example.org', preferredVersion: { groupVersion: 'example.org/v1' } };
  const answers: Record<string, unknown> = {
    '/version': { calicoVersion },
    '/api': { kind: 'APIVersions', versions: [] },
    '/apis': { kind: 'APIGroupList', groups: [group] },
    '/apis/example.org/v1': { kind: 'APIResourceList', groupVersion: 'example.org/v1', resources: [widgets] },
  };
  server.intercept = (method, path) =>
    method === 'GET' && Object.hasOwn(answers, path) ? { status: 200, body: answers[path] } : undefined;
}

const widget = 'apiVersion: example.org/v1\nkind: Widget\nmetadata: {name: w, namespace: shop}\nspec: {size: 3}\n';

test('a kind that only the server knows is applied, got, labelled and deleted', async (t) => {
  await using server = await startFakeApiServer();
  discovery(server, 'v3.32.0');
  const env = { CALICO_API_SOCKET: server.address };
  t.is(
    (await runCli(['apply', '-f', '-'], { env, stdin: widget })).stdout,
    "Successfully applied 1 'Widget' resource(s)\n",
  );
  const path = '/apis/example.org/v1/namespaces/shop/widgets/w';
  t.deepEqual(server.objects.get(path)?.spec, { size: 3 });
  const got = JSON.parse((await runCli(['get', 'wd', 'w', '-n', 'shop', '-o', 'json'], { env })).stdout);
  t.deepEqual([got.kind, got.apiVersion, got.spec], ['Widget', 'example.org/v1', { size: 3 }]);
  t.is(
    (await runCli(['get', 'widgets.example.org', 'w', '-n', 'shop', '-o', 'name'], { env })).stdout,
    'widget.example.org/w\n',
  );
  t.is((await runCli(['label', 'widget/w', 'a=b', '-n', 'shop'], { env })).exitCode, 0);
  t.is((await runCli(['apply', '-f', '-', '-v'], { env, stdin: widget.replace('3', '4') })).exitCode, 0);
  t.deepEqual(server.objects.get(path)?.spec, { size: 4 });
  t.is(
    (await runCli(['delete', 'widget', 'w', '-n', 'shop'], { env })).stdout,
    "Successfully deleted 1 'Widget' resource(s)\n",
  );
  t.is((await runCli(['get', 'gadgets'], { env })).stderr, "resource type 'gadgets' is not supported\n");
});

test('its table is the one the server prints', async (t) => {
  await using server = await startFakeApiServer();
  discovery(server, 'v3.32.0');
  const before = server.intercept;
  server.intercept = (method, path) =>
    path === '/apis/example.org/v1/namespaces/default/widgets'
      ? {
          status: 200,
          body: {
            kind: 'Table',
            metadata: {},
            items: [],
            columnDefinitions: [{ name: 'Name' }, { name: 'Size' }, { name: 'Colour', priority: 1 }],
            rows: [{ cells: ['w', 3, null] }],
          },
        }
      : before?.(method, path);
  const env = { CALICO_API_SOCKET: server.address };
  t.is((await runCli(['get', 'widgets'], { env })).stdout, 'NAME   SIZE   \nw      3      \n\n');
  t.is(
    (await runCli(['get', 'widgets', '-o', 'wide'], { env })).stdout,
    'NAME   SIZE   COLOUR   \nw      3      <none>   \n\n',
  );
});

const newer = `apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: a}\nspec: {nets: [10.0.0.0/8], colour: red}\n`;

test('a field this client does not know is a slip of the pen, unless the server is of a later release', async (t) => {
  for (const [version, isTaken] of [
    ['v3.32.0', false],
    ['v3.31.0', false],
    ['v3.33.0', true],
    ['v3.34.1', true],
  ] as const) {
    await using server = await startFakeApiServer();
    discovery(server, version);
    const env = { CALICO_API_SOCKET: server.address };
    const run = await runCli(['apply', '-f', '-'], { env, stdin: newer });
    t.is(run.exitCode, isTaken ? 0 : 1, version);
    if (!isTaken) t.regex(run.stderr, /field in document is not recognized or is in the wrong location: spec.colour/);
    const stored = server.objects.get('/apis/projectcalico.org/v3/globalnetworksets/a');
    t.deepEqual(stored?.spec, isTaken ? { nets: ['10.0.0.0/8'], colour: 'red' } : undefined, version);
  }
});

test('fields of a newer server survive get, edit and apply', async (t) => {
  await using server = await startFakeApiServer();
  discovery(server, 'v3.34.0');
  const env = { CALICO_API_SOCKET: server.address };
  server.put('globalnetworksets', {
    kind: 'GlobalNetworkSet',
    apiVersion: 'projectcalico.org/v3',
    metadata: { name: 'a' },
    spec: { nets: ['10.0.0.0/8'], colour: 'red' },
    future: { deep: [1] },
  });
  const { stdout } = await runCli(['get', 'gnetsets', 'a', '-o', 'yaml'], { env });
  t.regex(stdout, /^ {2}colour: red$/m);
  t.is((await runCli(['apply', '-f', '-'], { env, stdin: stdout })).exitCode, 0);
  await runCli(['edit', 'gnetsets', 'a'], { env: { ...env, EDITOR: 'sed -i s,10.0.0.0/8,10.0.0.0/9,' } });
  const stored = server.objects.get('/apis/projectcalico.org/v3/globalnetworksets/a');
  t.deepEqual(stored?.spec, { nets: ['10.0.0.0/9'], colour: 'red' });
  t.deepEqual(stored?.future, { deep: [1] });
});

test('validate asks no server, whatever it does not know', async (t) => {
  await using server = await startFakeApiServer();
  discovery(server, 'v3.34.0');
  const env = { CALICO_API_SOCKET: server.address };
  for (const stdin of [newer, widget]) t.is((await runCli(['validate', '-f', '-'], { env, stdin })).exitCode, 1);
  t.is(server.requests.length, 0);
});
