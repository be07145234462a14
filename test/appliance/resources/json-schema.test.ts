/** The schemas clients read are plain JSON and say what the decoder does. */
import test from 'ava';
import { openApiSchema } from '#appliance/resources/json-schema.ts';
import { apiKinds, kindOf, kinds } from '#appliance/resources/registry.ts';

type Json = Record<string, unknown>;

/** The schema at a path of property names; `[]` enters a list. */
function at(kind: string, ...path: string[]): Json {
  return path.reduce<Json>(
    (schema, key) => (key === '[]' ? (schema.items as Json) : ((schema.properties as Json)[key] as Json)),
    openApiSchema(kindOf(kind)!),
  );
}

test('openApiSchema() is plain JSON and names the kind for kubectl', (t) => {
  for (const kind of kinds) {
    const schema = openApiSchema(kind);
    t.deepEqual(JSON.parse(JSON.stringify(schema)), schema, kind.kind);
    t.deepEqual(schema['x-kubernetes-group-version-kind'], [
      { group: 'projectcalico.org', version: 'v3', kind: kind.kind },
    ]);
  }
});

test('openApiSchema() has a status exactly where the kind has one', (t) => {
  for (const kind of kinds) {
    t.is('status' in (openApiSchema(kind).properties as Json), kind.hasStatus, kind.kind);
  }
});

test('openApiSchema() keeps limits, words, defaults and what is required', (t) => {
  t.like(at('GlobalNetworkPolicy', 'spec', 'ingress'), { type: 'array', maxItems: 1024 });
  t.like(at('GlobalNetworkPolicy', 'spec', 'ingress', '[]'), { type: 'object', required: ['action'] });
  t.deepEqual(at('GlobalNetworkPolicy', 'spec', 'ingress', '[]', 'action').enum, ['Allow', 'Deny', 'Log', 'Pass']);
  t.like(at('GlobalNetworkPolicy', 'spec', 'tier'), { type: 'string', default: 'default', maxLength: 253 });
  t.like(at('IPPool', 'spec', 'cidr'), { type: 'string', format: 'cidr', maxLength: 48 });
  t.like(at('BGPPeer', 'spec', 'ttlSecurity'), { type: 'integer', minimum: 0, maximum: 255 });
});

test('openApiSchema() lets ports and protocols be numbers or texts', (t) => {
  const port = at('GlobalNetworkPolicy', 'spec', 'ingress', '[]', 'destination', 'ports', '[]');
  t.is(port['x-kubernetes-int-or-string'], true);
});

test('openApiSchema() says in a pattern which words ignore case', (t) => {
  const { pattern } = at('FelixConfiguration', 'spec', 'chainInsertMode');
  t.regex('INSERT', new RegExp(String(pattern)));
  t.notRegex('inserted', new RegExp(String(pattern)));
});

test('openApiSchema() has a word for every field of every kind', (t) => {
  const bare = apiKinds.flatMap((kind) => undescribed(openApiSchema(kind), kind.kind));
  t.deepEqual(bare, []);
});

/** Paths of fields without a description. */
function undescribed(schema: Json, path: string): string[] {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Json>);
  const within = [schema.items, schema.additionalProperties].filter((one) => typeof one === 'object') as Json[];
  return [
    ...properties.filter(([, one]) => !one.description).map(([key]) => `${path}.${key}`),
    ...properties.flatMap(([key, one]) => undescribed(one, `${path}.${key}`)),
    ...within.flatMap((one) => undescribed(one, `${path}[]`)),
  ];
}
