import test from 'ava';
import { calicoVersion } from '#appliance/resources/calico-version.ts';
import { createTestApi, networkSet, policy, type TestApi } from './test-api.ts';

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

async function withSets(count: number): Promise<TestApi> {
  const api = await createTestApi();
  for (let i = 0; i < count; i++) {
    const labels = { odd: String(i % 2 === 1), n: String(i) };
    await api.call('POST', 'globalnetworksets', networkSet(`set-${String(i).padStart(4, '0')}`, labels));
  }
  return api;
}

interface Listing {
  items: { metadata: { name: string } }[];
  metadata: { continue?: string; resourceVersion: string };
}

async function names(api: TestApi, path: string): Promise<string[]> {
  const answer = await api.call('GET', path);
  if (answer.statusCode !== 200) throw new Error(answer.body);
  return answer.json<Listing>().items.map((item) => item.metadata.name);
}

test('a list is whole, in key order, and at the revision of the store', async (t) => {
  const api = await withSets(3);
  const answer = await api.call('GET', 'globalnetworksets');
  t.is(answer.statusCode, 200);
  t.like(answer.json(), { kind: 'GlobalNetworkSetList', apiVersion: 'projectcalico.org/v3' });
  t.is(answer.json().metadata.resourceVersion, String(await api.resources.revision()));
  t.deepEqual(
    answer.json<Listing>().items.map((item) => item.metadata.name),
    ['set-0000', 'set-0001', 'set-0002'],
  );
  t.deepEqual((await api.call('GET', 'globalnetworkpolicies')).json().items, []);
});

test('a list of a namespace holds nothing of another, and one of all namespaces holds both', async (t) => {
  const api = await createTestApi();
  for (const namespace of ['a', 'ab'])
    await api.call('POST', `namespaces/${namespace}/networkpolicies`, policy('p', namespace));
  t.is((await names(api, 'namespaces/a/networkpolicies')).length, 1);
  t.is((await names(api, 'networkpolicies')).length, 2);
});

test('pages join to the whole list, though writes go on in between', async (t) => {
  const api = await withSets(7);
  const found: string[] = [];
  let token = '';
  let pages = 0;
  do {
    const answer = await api.call('GET', `globalnetworksets?limit=3&continue=${token}`);
    const list = answer.json<Listing>();
    found.push(...list.items.map((item) => item.metadata.name));
    token = list.metadata.continue ?? '';
    pages++;
    await api.call('DELETE', `globalnetworksets/set-000${7 - pages}`);
    await api.call('POST', 'globalnetworksets', networkSet(`set-0000-${pages}`));
  } while (token !== '');
  t.is(pages, 3);
  t.deepEqual(found, ['set-0000', 'set-0001', 'set-0002', 'set-0003', 'set-0004', 'set-0005', 'set-0006']);
});

test('pages of more than a hundred join to the whole list too', async (t) => {
  const api = await withSets(260);
  const found: string[] = [];
  const sizes: number[] = [];
  let token: string | undefined = '';
  while (token !== undefined) {
    const list: Listing = (await api.call('GET', `globalnetworksets?limit=130&continue=${token}`)).json();
    found.push(...list.items.map((item) => item.metadata.name));
    sizes.push(list.items.length);
    token = list.metadata.continue;
  }
  t.deepEqual(sizes, [130, 130]);
  t.is(new Set(found).size, 260);
  const odd = (await api.call('GET', 'globalnetworksets?limit=125&labelSelector=odd%3Dtrue')).json<Listing>();
  t.is(odd.items.length, 125);
  t.truthy(odd.metadata.continue);
});

test('a page that ends with the list has no continue token, also with a selector', async (t) => {
  const api = await withSets(4);
  t.is((await api.call('GET', 'globalnetworksets?limit=4')).json<Listing>().metadata.continue, undefined);
  const odd = (await api.call('GET', 'globalnetworksets?limit=2&labelSelector=odd%3Dtrue')).json<Listing>();
  t.is(odd.items.length, 2);
  t.is(odd.metadata.continue, undefined);
});

test('a continue token is refused when it is not ours, and 410 when its revision is gone', async (t) => {
  const api = await withSets(3);
  const token = (await api.call('GET', 'globalnetworksets?limit=1')).json<Listing>().metadata.continue;
  t.is((await api.call('GET', 'globalnetworksets?continue=abc')).statusCode, 400);
  t.is((await api.call('GET', `hostendpoints?continue=${token}`)).statusCode, 400);
  await api.call('POST', 'globalnetworksets', networkSet('z'));
  await api.store.compact(await api.resources.revision());
  const expired = await api.call('GET', `globalnetworksets?limit=1&continue=${token}`);
  t.is(expired.statusCode, 410);
  t.is(expired.json().reason, 'Expired');
});

for (const [selector, expected] of [
  ['odd=true', ['set-0001', 'set-0003']],
  ['odd==true,n!=1', ['set-0003']],
  ['n in (0, 3)', ['set-0000', 'set-0003']],
  ['n notin (0,3)', ['set-0001', 'set-0002']],
  ['n>1', ['set-0002', 'set-0003']],
  ['n<1', ['set-0000']],
  ['odd', ['set-0000', 'set-0001', 'set-0002', 'set-0003']],
  ['!odd', []],
  ['none!=x', ['set-0000', 'set-0001', 'set-0002', 'set-0003']],
] as const)
  test(`the label selector "${selector}" selects`, async (t) => {
    const api = await withSets(4);
    t.deepEqual(await names(api, `globalnetworksets?labelSelector=${encodeURIComponent(selector)}`), [...expected]);
  });

test('selectors that cannot be parsed are bad requests', async (t) => {
  const api = await createTestApi();
  for (const selector of ['=a', 'a in b', 'a in (b', 'a=b=c', 'a>x', 'a b'])
    t.is((await api.call('GET', `tiers?labelSelector=${encodeURIComponent(selector)}`)).statusCode, 400, selector);
  t.is((await api.call('GET', 'tiers?fieldSelector=spec.order%3D1')).statusCode, 400);
  t.is((await api.call('GET', 'tiers?fieldSelector=spec.tier%3D1')).statusCode, 400);
  t.is((await api.call('GET', 'tiers?limit=-1')).statusCode, 400);
});

test('field selectors select by name, namespace and tier', async (t) => {
  const api = await createTestApi();
  await api.call('POST', 'tiers', { metadata: { name: 'ops' }, spec: { order: 1 } });
  await api.call('POST', 'namespaces/a/networkpolicies', policy('p', 'a'));
  await api.call('POST', 'namespaces/b/networkpolicies', policy('q', 'b', { tier: 'ops' }));
  t.deepEqual(await names(api, 'networkpolicies?fieldSelector=spec.tier%3Dops'), ['q']);
  t.deepEqual(await names(api, 'networkpolicies?fieldSelector=spec.tier%3Ddefault'), ['p']);
  t.deepEqual(await names(api, 'networkpolicies?fieldSelector=metadata.namespace%3Db'), ['q']);
  t.deepEqual(await names(api, 'networkpolicies?fieldSelector=metadata.name!%3Dp,metadata.namespace%3Db'), ['q']);
});

test('the default-allow profile is listed last and got, though it is not stored', async (t) => {
  const api = await createTestApi();
  await api.call('POST', 'profiles', { metadata: { name: 'zz' }, spec: {} });
  t.deepEqual(await names(api, 'profiles'), ['zz', 'projectcalico-default-allow']);
  t.is((await api.call('GET', 'profiles/projectcalico-default-allow')).json().metadata.resourceVersion, '1');
  const page = (await api.call('GET', 'profiles?limit=1')).json<Listing>();
  t.deepEqual(await names(api, `profiles?limit=1&continue=${page.metadata.continue}`), ['projectcalico-default-allow']);
});

test('what is stored and cannot be read is left out of lists, told on GET, and can be deleted', async (t) => {
  const api = await withSets(1);
  const key = Buffer.from('/calico/resources/v3/projectcalico.org/globalnetworksets/broken');
  await api.store.put(key, Buffer.from('{'));
  t.deepEqual(await names(api, 'globalnetworksets'), ['set-0000']);
  const got = await api.call('GET', 'globalnetworksets/broken');
  t.is(got.statusCode, 500);
  t.regex(got.json().message, /cannot be read/);
  t.is((await api.call('DELETE', 'globalnetworksets/broken')).statusCode, 200);
  t.is((await api.call('GET', 'globalnetworksets/broken')).statusCode, 404);
});

test('a table has the columns of the kind, rows with metadata, and ages', async (t) => {
  const api = await withSets(1);
  const answer = await api.call('GET', 'globalnetworksets', undefined, { accept: table });
  const { kind, columnDefinitions, rows, metadata } = answer.json();
  t.is(kind, 'Table');
  t.is(columnDefinitions[0].name, 'Name');
  t.is(columnDefinitions[0].format, 'name');
  t.deepEqual(rows[0].cells, ['set-0000', '192.0.2.0/24', '5m10s']);
  t.like(rows[0].object, { kind: 'PartialObjectMetadata', metadata: { name: 'set-0000' } });
  t.is(metadata.resourceVersion, String(await api.resources.revision()));
  const whole = await api.call('GET', 'globalnetworksets?includeObject=Object', undefined, { accept: table });
  t.is(whole.json().rows[0].object.kind, 'GlobalNetworkSet');
  const one = await api.call('GET', 'globalnetworksets/set-0000?includeObject=None', undefined, { accept: table });
  t.is(one.json().rows.length, 1);
  t.is(one.json().rows[0].object, undefined);
});

test('metadata alone is given when asked for, and nothing but JSON can be asked for', async (t) => {
  const api = await withSets(1);
  const accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
  const answer = await api.call('GET', 'globalnetworksets', undefined, { accept });
  t.is(answer.json().kind, 'PartialObjectMetadataList');
  t.is(answer.json().items[0].spec, undefined);
  t.is((await api.call('GET', 'tiers', undefined, { accept: 'application/vnd.kubernetes.protobuf' })).statusCode, 406);
});

test('a version from the future is 504 and an exact older one is read as it was', async (t) => {
  const api = await withSets(1);
  const before = await api.resources.revision();
  await api.call('POST', 'globalnetworksets', networkSet('z'));
  t.is((await api.call('GET', `globalnetworksets?resourceVersion=${before + 100}`)).statusCode, 504);
  t.deepEqual(await names(api, `globalnetworksets?resourceVersion=${before}&resourceVersionMatch=Exact`), ['set-0000']);
  t.is((await names(api, `globalnetworksets?resourceVersion=${before}`)).length, 2);
});

test('unknown paths and kinds are 404 with a Status, and health answers in plain text', async (t) => {
  const api = await createTestApi();
  const unknown = await api.call('GET', 'wombats');
  t.is(unknown.statusCode, 404);
  t.is(unknown.json().kind, 'Status');
  for (const path of ['/livez', '/readyz', '/healthz']) t.is((await api.call('GET', path)).body, 'ok');
  t.regex((await api.call('GET', '/version')).json().gitVersion, /^v\d+\.\d+\.\d+\+/);
  t.is((await api.call('GET', '/version')).json().calicoVersion, calicoVersion);
  await api.store.close();
  t.is((await api.call('GET', '/readyz')).statusCode, 503);
  t.is((await api.call('GET', 'tiers')).headers['retry-after'], '1');
});
