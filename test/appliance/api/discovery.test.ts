import { Validator } from '@seriousme/openapi-schema-validator';
import test from 'ava';
import { kinds } from '#appliance/resources/registry.ts';
import { createTestApi } from './test-api.ts';

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
const documentPath = '/openapi/v3/apis/projectcalico.org/v3';

test('discovery in its aggregated form names every kind, in the type clients ask for', async (t) => {
  const api = await createTestApi();
  const answer = await api.call('GET', '/apis', undefined, { accept: aggregated });
  t.is(answer.headers['content-type'], 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
  const { resources } = answer.json().items[0].versions[0];
  t.deepEqual(
    resources.map((resource: { resource: string }) => resource.resource),
    [...kinds.map((kind) => kind.plural), 'ipamblocks', 'ipamhandles'],
  );
  const tiers = resources.find((resource: { resource: string }) => resource.resource === 'tiers');
  t.like(tiers, { scope: 'Cluster', singularResource: 'tier', subresources: [{ subresource: 'status' }] });
  t.deepEqual(
    answer.json().items.map((item: { metadata: { name: string } }) => item.metadata.name),
    ['projectcalico.org', 'rbac.authorization.k8s.io', 'authentication.k8s.io', 'authorization.k8s.io'],
  );
  const [core] = (await api.call('GET', '/api', undefined, { accept: aggregated })).json().items;
  t.deepEqual(
    core.versions[0].resources.map((resource: { resource: string }) => resource.resource),
    ['namespaces', 'serviceaccounts', 'events'],
  );
});

test('discovery in its plain form leads from the groups to the resources', async (t) => {
  const api = await createTestApi();
  t.is((await api.call('GET', '/api')).json().kind, 'APIVersions');
  const { groups } = (await api.call('GET', '/apis')).json();
  t.is(groups[0].preferredVersion.groupVersion, 'projectcalico.org/v3');
  t.is((await api.call('GET', '/apis/projectcalico.org')).json().kind, 'APIGroup');
  const { kind, resources } = (await api.call('GET', '/apis/projectcalico.org/v3')).json();
  t.is(kind, 'APIResourceList');
  const byName = new Map(resources.map((resource: { name: string }) => [resource.name, resource]));
  t.like(byName.get('networkpolicies'), { namespaced: true, kind: 'NetworkPolicy' });
  t.true(byName.has('tiers/status'));
  t.deepEqual((await api.call('GET', '/api')).json().versions, ['v1']);
  const lists = ['/api/v1', '/apis/rbac.authorization.k8s.io/v1', '/apis/authorization.k8s.io/v1'];
  const names = await Promise.all(lists.map(async (path) => (await api.call('GET', path)).json().resources[0].name));
  t.deepEqual(names, ['namespaces', 'clusterroles', 'selfsubjectaccessreviews']);
  t.deepEqual((byName.get('clusterinformations') as { verbs: string[] }).verbs, ['get', 'list', 'watch']);
});

test('the OpenAPI document is pinned by its hash and has what kubectl looks for', async (t) => {
  const api = await createTestApi();
  const index = (await api.call('GET', '/openapi/v3')).json();
  const url = index.paths['apis/projectcalico.org/v3'].serverRelativeURL;
  const answer = await api.call('GET', url);
  t.regex(String(answer.headers['cache-control']), /immutable/);
  t.false(String((await api.call('GET', documentPath)).headers['cache-control']).includes('immutable'));
  const document = answer.json();
  for (const kind of kinds) {
    const path = kind.isNamespaced
      ? `/apis/projectcalico.org/v3/namespaces/{namespace}/${kind.plural}/{name}`
      : `/apis/projectcalico.org/v3/${kind.plural}/{name}`;
    const { patch } = document.paths[path];
    t.is(patch['x-kubernetes-group-version-kind'].kind, kind.kind);
    t.true(patch.parameters.some((parameter: { name: string }) => parameter.name === 'fieldValidation'));
    t.deepEqual(Object.keys(patch.requestBody.content), [
      'application/merge-patch+json',
      'application/json-patch+json',
      'application/apply-patch+yaml',
    ]);
    t.is(document.components.schemas[kind.kind]['x-kubernetes-group-version-kind'][0].kind, kind.kind);
    t.truthy(document.components.schemas[kind.kind].properties.spec);
  }
});

test('every reference in the OpenAPI document leads somewhere, and operation names are unique', async (t) => {
  const api = await createTestApi();
  const { body } = await api.call('GET', documentPath);
  const { schemas } = JSON.parse(body).components;
  const references = [...body.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1]!);
  t.true(references.length > 100);
  t.deepEqual(
    [...new Set(references)].filter((name) => schemas[name] === undefined),
    [],
  );
  t.false(/"\$ref":"(?!#\/components\/(?:schemas|responses)\/)/.test(body));
  const operations = [...body.matchAll(/"operationId":"([^"]+)"/g)].map((match) => match[1]);
  t.is(new Set(operations).size, operations.length);
});

test('version 2 of OpenAPI is valid, has every kind, and comes as protobuf for kubectl', async (t) => {
  const api = await createTestApi();
  const json = (await api.call('GET', '/openapi/v2')).json();
  const result = await new Validator().validate(json);
  t.true(result.valid, JSON.stringify(result.errors)?.slice(0, 500));
  for (const kind of kinds) t.is(json.definitions[kind.kind]['x-kubernetes-group-version-kind'][0].kind, kind.kind);
  const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
  const answer = await api.call('GET', '/openapi/v2', undefined, { accept });
  t.is(answer.headers['content-type'], 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
  t.deepEqual([...answer.rawPayload.subarray(0, 5)], [0x0a, 3, ...Buffer.from('2.0')]);
});
