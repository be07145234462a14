/** The official JavaScript client, over TLS with a certificate and over plain http: lists, pages, patches of each sort, watches. */
import {
  ApiException,
  ApisApi,
  CustomObjectsApi,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  PatchStrategy,
  setHeaderOptions,
  Watch,
} from '@kubernetes/client-node';
import test, { type ExecutionContext } from 'ava';
import { loopbackKubeconfig, tlsKubeconfig } from './clients/kubeconfig.ts';
import { ClientServer } from './clients/server.ts';

const sets = { group: 'projectcalico.org', version: 'v3', plural: 'networksets', namespace: 'shop' };
const path = '/apis/projectcalico.org/v3/namespaces/shop/networksets';

interface NetworkSet {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly labels?: Record<string, string>;
  };
  readonly spec: { readonly nets: readonly string[] };
}

interface NetworkSetList {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly NetworkSet[];
}

for (const [way, write] of [
  ['TLS', tlsKubeconfig],
  ['plain http', loopbackKubeconfig],
] as const) {
  test(`the JavaScript client lists, pages, patches and watches over ${way}`, async (t) => {
    t.timeout(60_000);
    await using server = await ClientServer.start();
    const config = new KubeConfig();
    config.loadFromString(write(server));
    await live(t, config);
  });
}

async function live(t: ExecutionContext, config: KubeConfig): Promise<void> {
  const api = config.makeApiClient(CustomObjectsApi);
  const groups = (await config.makeApiClient(ApisApi).getAPIVersions()).groups.map(({ name }) => name);
  t.true(groups.includes('projectcalico.org'));
  for (const name of ['a', 'b', 'c', 'd', 'e']) await api.createNamespacedCustomObject({ ...sets, body: body(name) });
  t.deepEqual(await pages(api), [['a', 'b'], ['c', 'd'], ['e']]);
  await patches(t, api);
  await refusals(t, api);
  await watches(t, config, api);
  await objects(t, config);
}

function body(name: string) {
  const metadata = { name, namespace: 'shop' };
  return { apiVersion: 'projectcalico.org/v3', kind: 'NetworkSet', metadata, spec: { nets: ['192.0.2.0/24'] } };
}

async function pages(api: CustomObjectsApi): Promise<string[][]> {
  const found: string[][] = [];
  let token: string | undefined;
  do {
    const page: NetworkSetList = await api.listNamespacedCustomObject({
      ...sets,
      limit: 2,
      ...(token && { _continue: token }),
    });
    found.push(page.items.map(({ metadata }) => metadata.name));
    token = page.metadata.continue;
  } while (token !== undefined);
  return found;
}

async function patches(t: ExecutionContext, api: CustomObjectsApi): Promise<void> {
  const patch = (strategy: string, change: unknown): Promise<NetworkSet> =>
    api.patchNamespacedCustomObject({ ...sets, name: 'a', body: change }, setHeaderOptions('Content-Type', strategy));
  const merged = await patch(PatchStrategy.MergePatch, { metadata: { labels: { x: '1' } } });
  t.deepEqual(merged.metadata.labels, { x: '1' });
  const added = await patch(PatchStrategy.JsonPatch, [{ op: 'add', path: '/spec/nets/-', value: '198.51.100.1/32' }]);
  t.deepEqual(added.spec.nets, ['192.0.2.0/24', '198.51.100.1/32']);
  const strategic = await patch(PatchStrategy.StrategicMergePatch, { metadata: { labels: { x: null, y: '2' } } });
  t.deepEqual(strategic.metadata.labels, { y: '2' });
  await serverSideApply(t, api);
}

/** Two managers: the second is told whose field it would take, and takes it when it insists. */
async function serverSideApply(t: ExecutionContext, api: CustomObjectsApi): Promise<void> {
  const apply = (fieldManager: string, value: string, force = false): Promise<NetworkSet> => {
    const change = { ...body('b'), metadata: { ...body('b').metadata, labels: { owned: value } } };
    const type = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply);
    return api.patchNamespacedCustomObject({ ...sets, name: 'b', body: change, fieldManager, force }, type);
  };
  t.is((await apply('one', '1')).metadata.labels?.owned, '1');
  const refused = await t.throwsAsync(apply('two', '2'), { instanceOf: ApiException });
  t.is(refused?.code, 409);
  t.is((await apply('two', '2', true)).metadata.labels?.owned, '2');
}

/** The errors a program looks at: its code, and the Status in the body. */
async function refusals(t: ExecutionContext, api: CustomObjectsApi): Promise<void> {
  const codeOf = async (work: Promise<unknown>) => {
    const error = await t.throwsAsync(work, { instanceOf: ApiException });
    return [error?.code, JSON.parse(error?.body as string).reason];
  };
  t.deepEqual(await codeOf(api.getNamespacedCustomObject({ ...sets, name: 'none' })), [404, 'NotFound']);
  t.deepEqual(await codeOf(api.createNamespacedCustomObject({ ...sets, body: body('a') })), [409, 'AlreadyExists']);
  const old = { ...body('a'), metadata: { ...body('a').metadata, resourceVersion: '1' } };
  t.deepEqual(await codeOf(api.replaceNamespacedCustomObject({ ...sets, name: 'a', body: old })), [409, 'Conflict']);
  const wrong = { ...body('f'), spec: { nets: ['no address'] } };
  t.deepEqual(await codeOf(api.createNamespacedCustomObject({ ...sets, body: wrong })), [422, 'Invalid']);
}

/** Broken off after two events and taken up again at the last one's version. */
async function watches(t: ExecutionContext, config: KubeConfig, api: CustomObjectsApi): Promise<void> {
  const list: NetworkSetList = await api.listNamespacedCustomObject(sets);
  const label = (turn: string) =>
    api.patchNamespacedCustomObject(
      { ...sets, name: 'b', body: { metadata: { labels: { turn } } } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    );
  for (const turn of ['1', '2', '3']) await label(turn);
  await api.deleteNamespacedCustomObject({ ...sets, name: 'e' });
  const first = await take(config, list.metadata.resourceVersion, 2);
  const rest = await take(config, first.at(-1)!.object.metadata.resourceVersion, 2);
  const told = [...first, ...rest].map(
    ({ type, object }) => `${type} ${object.metadata.labels?.turn ?? object.metadata.name}`,
  );
  t.deepEqual(told, ['MODIFIED 1', 'MODIFIED 2', 'MODIFIED 3', 'DELETED e']);
}

interface Event {
  readonly type: string;
  readonly object: NetworkSet;
}

function take(config: KubeConfig, resourceVersion: string, count: number): Promise<Event[]> {
  const events: Event[] = [];
  return new Promise((resolve, reject) => {
    let end: AbortController | undefined;
    const note = (type: string, object: NetworkSet) => {
      if (events.length < count) events.push({ type, object });
      if (events.length < count) return;
      resolve(events);
      end?.abort();
    };
    const done = (error: unknown) => reject(error ?? new Error(`ended after ${events.length} events`));
    void new Watch(config).watch(path, { resourceVersion, timeoutSeconds: 20 }, note, done).then((controller) => {
      end = controller;
      if (events.length === count) end.abort();
    });
  });
}

/** The client that works by discovery, as controllers use it. */
async function objects(t: ExecutionContext, config: KubeConfig): Promise<void> {
  const api = KubernetesObjectApi.makeApiClient(config);
  const made = await api.create({ ...body('g'), spec: { nets: ['203.0.113.0/24'] } } as KubernetesObject);
  t.is(made.metadata?.name, 'g');
  const listed = await api.list('projectcalico.org/v3', 'NetworkSet', 'shop');
  t.deepEqual(
    listed.items.map(({ metadata }) => metadata?.name),
    ['a', 'b', 'c', 'd', 'g'],
  );
  t.is((await api.delete(made)).status, 'Success');
}
