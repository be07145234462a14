/**
 * Manifests that must be refused, made from the kinds' examples: wrong types everywhere, unknown fields, illegal names,
 * hostile texts and numbers. For everything that takes manifests: decoder, API, command line, agent. Deterministic.
 */
import type { ObjectSchema, Schema } from '#appliance/lib/schema.ts';
import type { KindDefinition } from '#appliance/resources/define.ts';
import { kinds } from '#appliance/resources/registry.ts';

/** A manifest, what is wrong with it, and the path the answer must name. */
export interface MalformedManifest {
  readonly title: string;
  readonly manifest: unknown;
  readonly path: string;
}

/** A few hundred of them, every kind included. */
export function malformedManifests(): MalformedManifest[] {
  return [...malformedDocuments(), ...kinds.flatMap(malformedOfKind)];
}

/** Texts that have broken shells, SQL, YAML, nft scripts, logs and keys. */
export const hostileTexts: readonly string[] = [
  '"; rm -rf /; echo "',
  "'; DROP TABLE policies; --",
  'a\nb',
  'a\u0000b',
  'x; flush ruleset',
  '../../../etc/passwd',
  '$(reboot)',
  '{{ .Secret }}',
  'caf\u00e9',
  '\u202egnp\u202c',
  '\u{1f4a5}',
  '%2f%2e%2e',
  ' leading',
  'x'.repeat(5_000),
];

function malformedDocuments(): MalformedManifest[] {
  const gnp = { apiVersion: 'projectcalico.org/v3', kind: 'GlobalNetworkPolicy', metadata: { name: 'a' } };
  const rows: readonly (readonly [string, unknown, string])[] = [
    ['nothing', undefined, ''],
    ['null', null, ''],
    ['a text', 'kind: GlobalNetworkPolicy', ''],
    ['a list', [gnp], ''],
    ['an empty object', {}, 'kind'],
    ['a number as kind', { ...gnp, kind: 7 }, 'kind'],
    ['an unknown kind', { ...gnp, kind: 'GlobalNetworkPolice' }, 'kind'],
    ['a kind in the wrong case', { ...gnp, kind: 'globalnetworkpolicy' }, 'kind'],
    ['a member of every object as kind', { ...gnp, kind: 'constructor' }, 'kind'],
    ['an older version', { ...gnp, apiVersion: 'v1' }, 'apiVersion'],
    ['another group', { ...gnp, apiVersion: 'crd.projectcalico.org/v1' }, 'apiVersion'],
    ['no metadata', { ...gnp, metadata: undefined }, 'metadata.name'],
    ['a prototype in the spec', withPrototype(gnp), 'spec.__proto__'],
    [
      'a prototype among the labels',
      { ...gnp, metadata: { name: 'a', labels: JSON.parse('{"__proto__": "x"}') } },
      'metadata.labels.__proto__',
    ],
    ['endless nesting', { ...gnp, spec: nested(10_000) }, 'spec.nested'],
  ];
  return rows.map(([title, manifest, path]) => ({ title, manifest, path }));
}

/** As a parser would deliver it: an own property of that name. */
function withPrototype(manifest: object): unknown {
  return { ...manifest, spec: JSON.parse('{"__proto__": {"isAdmin": true}}') };
}

function nested(depth: number): unknown {
  let value: unknown = 'bottom';
  for (let i = 0; i < depth; i++) value = { nested: value };
  return value;
}

function malformedOfKind(kind: KindDefinition): MalformedManifest[] {
  return [...malformedEnvelopes(kind), ...malformedNames(kind), ...malformedFields(kind)];
}

function malformedEnvelopes(kind: KindDefinition): MalformedManifest[] {
  const rows: readonly (readonly [string, readonly string[], unknown, string])[] = [
    ['unknown field at the top', ['surplus'], 1, 'surplus'],
    ['unknown field in metadata', ['metadata', 'surplus'], 1, 'metadata.surplus'],
    ['unknown field in spec', ['spec', 'surplus'], 1, 'spec.surplus'],
    ['metadata as text', ['metadata'], 'x', 'metadata'],
    ['spec as list', ['spec'], [], 'spec'],
    ['name as number', ['metadata', 'name'], 7, 'metadata.name'],
    ['labels as list', ['metadata', 'labels'], ['a=b'], 'metadata.labels'],
    ['label as object', ['metadata', 'labels'], { a: {} }, 'metadata.labels.a'],
    ['label with a blank', ['metadata', 'labels'], { 'a b': 'c' }, 'metadata.labels["a b"]'],
    [
      'annotation with a newline in its key',
      ['metadata', 'annotations'],
      { 'a\nb': 'c' },
      'metadata.annotations["a\\nb"]',
    ],
    kind.isNamespaced
      ? ['hostile namespace', ['metadata', 'namespace'], "x'; --", 'metadata.namespace']
      : ['namespace on a global kind', ['metadata', 'namespace'], 'prod', 'metadata.namespace'],
  ];
  return rows.map(([what, path, value, at]) => malformed(kind, what, path, value, at));
}

/** Each kind gets some of the hostile texts as its name, all texts get their turn. */
function malformedNames(kind: KindDefinition): MalformedManifest[] {
  const start = kinds.indexOf(kind) * 3;
  return [0, 1, 2].map((i) => {
    const name = hostileTexts[(start + i) % hostileTexts.length]!;
    return malformed(
      kind,
      `hostile name ${JSON.stringify(name.slice(0, 20))}`,
      ['metadata', 'name'],
      name,
      'metadata.name',
    );
  });
}

/** Every field of the spec with values of wrong types and, where it has rules at all, hostile ones. */
function malformedFields(kind: KindDefinition): MalformedManifest[] {
  const fields = Object.entries(kind.spec.properties).slice(0, 20);
  return fields.flatMap(([field, schema]) =>
    wrongValues(schema).map(([what, value, below]) =>
      malformed(kind, `${field} as ${what}`, ['spec', field], value, `spec.${field}${below}`),
    ),
  );
}

type WrongValue = readonly [what: string, value: unknown, below: string];

const hostileText = "x'; flush ruleset\n#";

function wrongValues(schema: Schema): WrongValue[] {
  switch (schema.type) {
    case 'object':
      return [['text', 'x', ''], ['list', [1], ''], ...firstMember(schema)];
    case 'map':
      return [
        ['text', 'x', ''],
        ['object of objects', { a: {} }, '.a'],
      ];
    case 'list':
      return [
        ['text', 'x', ''],
        ['object', { a: 1 }, ''],
        ...wrongValues(schema.items).map(
          ([what, value, below]): WrongValue => [`list with ${what}`, [value], `[0]${below}`],
        ),
      ];
    case 'text':
      return [
        ['number', 7, ''],
        ['object', {}, ''],
        ...(isFree(schema) ? [] : [['hostile text', hostileText, ''] as const]),
      ];
    case 'integer':
    case 'number':
      return [
        ['text', '7', ''],
        ['NaN', Number.NaN, ''],
        ['infinity', Number.POSITIVE_INFINITY, ''],
      ];
    case 'boolean':
      return [
        ['text', 'true', ''],
        ['number', 1, ''],
      ];
    case 'scalar':
      return [
        ['object', {}, ''],
        ['hostile text', hostileText, ''],
        ['half', 0.5, ''],
      ];
    case 'any':
      return [];
  }
}

function isFree(schema: Schema & { type: 'text' }): boolean {
  return schema.check === undefined && schema.enum === undefined && schema.pattern === undefined;
}

function firstMember(schema: ObjectSchema): WrongValue[] {
  const [name, member] = Object.entries(schema.properties)[0]!;
  return wrongValues(member)
    .slice(0, 2)
    .map(([what, value, below]) => [`object with ${name} as ${what}`, { [name]: value }, `.${name}${below}`]);
}

function malformed(
  kind: KindDefinition,
  what: string,
  path: readonly string[],
  value: unknown,
  at: string,
): MalformedManifest {
  return { title: `${kind.kind}: ${what}`, manifest: replaced(structuredClone(kind.example), path, value), path: at };
}

function replaced(target: object, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  const record = target as Record<string, unknown>;
  return { ...record, [key!]: rest.length === 0 ? value : replaced((record[key!] ?? {}) as object, rest, value) };
}
