/** The document is valid, and the server does what it says: answers conform, parameters are checked. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv } from 'ajv';
import test, { type ExecutionContext } from 'ava';
import { pathOf } from '#appliance/api/discovery.ts';
import { apiKinds as kinds } from '#appliance/resources/registry.ts';
import { createTestApi, networkSet, root, type TestApi } from './test-api.ts';

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: object; readonly responses: Readonly<Record<string, Answer>> };
}
interface Answer {
  readonly $ref?: string;
  readonly content: Readonly<Record<string, { readonly schema: { readonly $ref?: string } }>>;
}
interface Operation {
  readonly responses: Readonly<Record<string, Answer>>;
  readonly parameters?: readonly { readonly name: string; readonly schema: object }[];
}

async function documentOf(api: TestApi): Promise<Document> {
  return (await api.call('GET', '/openapi.json')).json();
}

/** Checks an answer against what the document says of it. */
function conformance(document: Document) {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'doc', components: document.components });
  return (t: ExecutionContext, path: string, method: string, code: number, form: string, body: unknown) => {
    const said = document.paths[path]?.[method]?.responses[String(code)];
    if (said === undefined) return t.fail(`${method} ${path} is not said to answer ${code}`);
    const answer = said.$ref === undefined ? said : document.components.responses[said.$ref.split('/').at(-1)!]!;
    const reference = answer.content[form]?.schema.$ref;
    if (reference === undefined) return t.fail(`${method} ${path} ${code} has no ${form}`);
    const accepts = ajv.compile({ $ref: `doc${reference}` });
    return t.true(
      accepts(body),
      `${method} ${path} ${code}: ${ajv.errorsText(accepts.errors)}: ${JSON.stringify(body)}`,
    );
  };
}

test('every document is valid to an independent validator', async (t) => {
  const api = await createTestApi();
  const { paths } = (await api.call('GET', '/openapi/v3')).json();
  const urls = Object.values(paths).map((entry) => (entry as { serverRelativeURL: string }).serverRelativeURL);
  t.true(urls.length >= 4);
  for (const url of [...urls, '/openapi.json']) {
    const result = await new Validator().validate((await api.call('GET', url)).json());
    t.true(result.valid, `${url}: ${JSON.stringify(result.errors)?.slice(0, 500)}`);
  }
});

test('answers conform for every kind: created, read, listed, as tables, replaced, patched, told of, deleted', async (t) => {
  const api = await createTestApi();
  const document = await documentOf(api);
  const conforms = conformance(document);
  const json = 'application/json';
  const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const metadata = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
  let created = 0;
  for (const kind of kinds) {
    const root = pathOf(kind);
    const { namespace, name } = kind.example.metadata;
    const scope = kind.isNamespaced ? `/namespaces/${namespace}` : '';
    const where = `${root}${kind.isNamespaced ? '/namespaces/{namespace}' : ''}/${kind.plural}`;
    const collection = `${root}${scope}/${kind.plural}`;
    const one = `${collection}/${name}`;
    const ask = async (
      method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
      url: string,
      said: string,
      body?: unknown,
      form = json,
    ) => {
      const headers: Record<string, string> = { accept: form };
      if (method === 'PATCH') headers['content-type'] = 'application/merge-patch+json';
      const answer = await api.call(method, url, body, headers);
      conforms(t, said, method.toLowerCase(), answer.statusCode, answer.statusCode < 300 ? form : json, answer.json());
      return answer;
    };
    const made = await ask('POST', collection, where, kind.example);
    if (made.statusCode === 201) created++;
    await ask('POST', collection, where, { spec: { surprise: 1 } });
    for (const form of [json, table]) await ask('GET', collection, where, undefined, form);
    for (const form of [json, table, metadata]) await ask('GET', one, `${where}/{name}`, undefined, form);
    await ask('PATCH', one, `${where}/{name}`, { metadata: { labels: { a: 'b' } } });
    const now = await api.call('GET', one);
    if (now.statusCode === 200) await ask('PUT', one, `${where}/{name}`, now.json());
    await ask('GET', `${one}/history`, `${where}/{name}/history`);
    await ask('DELETE', one, `${where}/{name}`);
    await ask('GET', one, `${where}/{name}`);
    if (document.paths[where]?.delete !== undefined) await ask('DELETE', collection, where);
  }
  t.true(created > kinds.length - 5, `${created} examples were created`);
});

test('every line of a watch is a WatchEvent', async (t) => {
  const api = await createTestApi();
  const conforms = conformance(await documentOf(api));
  await api.call('POST', 'globalnetworksets', networkSet('a'));
  const answer = await api.call('GET', 'globalnetworksets?watch=true&timeoutSeconds=1&allowWatchBookmarks=1');
  const lines = answer.body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string });
  t.deepEqual([...new Set(lines.map(({ type }) => type))], ['ADDED', 'BOOKMARK']);
  for (const line of lines) conforms(t, `${root}/globalnetworksets`, 'get', 200, 'application/json;stream=watch', line);
});

const wrong: readonly (readonly [string, string, string])[] = [
  ['GET', 'tiers', 'limit=-1'],
  ['GET', 'tiers', 'limit=many'],
  ['GET', 'tiers', 'limit='],
  ['GET', 'tiers', 'timeoutSeconds=1.5'],
  ['GET', 'tiers', 'timeoutSeconds=99999999999'],
  ['GET', 'tiers', 'resourceVersion=newest'],
  ['GET', 'tiers', 'resourceVersionMatch=Newest'],
  ['GET', 'tiers', 'continue=%24%24'],
  ['GET', 'tiers', 'watch=perhaps'],
  ['GET', 'tiers', 'allowWatchBookmarks=2'],
  ['GET', 'tiers/default', 'resourceVersion=x'],
  ['GET', 'tiers/default/history', 'limit=x'],
  ['POST', 'tiers', 'dryRun=Some'],
  ['POST', 'tiers', 'fieldValidation=Lax'],
  ['POST', 'tiers', `fieldManager=${'m'.repeat(129)}`],
  ['DELETE', 'tiers', 'dryRun=Some'],
];

for (const [method, path, query] of wrong) {
  test(`a bad request that names the parameter: ${method} ${path}?${query.slice(0, 40)}`, async (t) => {
    const api = await createTestApi();
    const answer = await api.call(
      method as 'GET',
      `${path}?${query}`,
      method === 'POST' ? { metadata: { name: 'a' } } : undefined,
    );
    t.is(answer.statusCode, 400);
    t.like(answer.json(), { kind: 'Status', reason: 'BadRequest' });
    t.true(answer.json().message.includes(query.split('=')[0]!), answer.body);
  });
}

test('a change whose answer nobody would take is not made', async (t) => {
  const api = await createTestApi();
  const answer = await api.call('POST', 'globalnetworksets', networkSet('a'), { accept: 'text/csv' });
  t.is(answer.statusCode, 406);
  t.is((await api.call('GET', 'globalnetworksets/a')).statusCode, 404);
});

test('a timeout longer than timers count does not end a watch at once', async (t) => {
  const api = await createTestApi();
  const started = Date.now();
  setTimeout(() => api.stopping.abort(), 300);
  await api.call('GET', 'tiers?watch=true&timeoutSeconds=2147483');
  t.true(Date.now() - started >= 250);
});

test('checks are told line by line when asked', async (t) => {
  const api = await createTestApi();
  t.is((await api.call('GET', '/readyz')).body, 'ok');
  t.is((await api.call('GET', '/readyz?verbose')).body, '[+]ping ok\n[+]store ok\nreadyz check passed\n');
});

test('a body that is no object is a bad request wherever an object is asked for', async (t) => {
  const api = await createTestApi();
  for (const path of [
    'authorization.k8s.io/v1/selfsubjectaccessreviews',
    'authentication.k8s.io/v1/selfsubjectreviews',
  ])
    t.is((await api.call('POST', `/apis/${path}`, '"text"')).statusCode, 400, path);
  t.is((await api.call('POST', 'tiers', '"text"')).statusCode, 400);
});
