/** The published schemas beside the decoder: what the one refuses the other refuses, but for rules that look at several fields. */

import { Ajv, type ValidateFunction } from 'ajv';
import test from 'ava';
import fc from 'fast-check';
import type { Problem } from '#appliance/lib/problem.ts';
import type { Schema } from '#appliance/lib/schema.ts';
import type { KindDefinition } from '#appliance/resources/define.ts';
import { printSchema } from '#appliance/resources/json-schema.ts';
import { readBySchema } from '#appliance/resources/read.ts';
import { apiKinds } from '#appliance/resources/registry.ts';

const runs = Number(process.env.SCHEMA_RUNS ?? 150);
const ajv = new Ajv({ strict: false, validateFormats: false });

/** Values of every format that a pattern cannot say, good ones. */
const formats: Readonly<Record<string, readonly string[]>> = {
  ip: ['10.0.0.1', 'fd00::1'],
  ipv4: ['10.0.0.1'],
  ipv6: ['fd00::1'],
  cidr: ['10.1.0.0/16', 'fd00:1::/64'],
  'cidr-or-ip': ['10.0.0.1/32', '192.0.2.1'],
  'ipv4-cidr': ['10.1.0.0/16'],
  'ipv6-cidr': ['fd00:1::/64'],
  'ipv4-cidr-or-ip': ['10.1.0.0/16'],
  'ipv6-cidr-or-ip': ['fd00:1::'],
  mac: ['ee:ee:ee:ee:ee:ee'],
  regex: ['^a+$'],
  selector: ["role == 'web'", 'all()'],
  'label-value': ['web'],
  'label-key': ['example.org/role'],
  'bgp-community': ['64512:100'],
  'bgp-community-or-name': ['64512:100', 'blue'],
  'peer-address': ['10.9.0.1', '[fd00::1]:1790'],
  'wireguard-key': ['jlkVyQYooZYzI2wFfNhSZez5eWh44yfq1wKVjLvSXgY='],
};

/** A value by its published schema; nothing is known of the decoder here. */
function drawBy(json: Record<string, unknown>): fc.Arbitrary<unknown> {
  const {
    type,
    enum: words,
    pattern,
    format,
    anyOf,
    properties = {},
    required = [],
  } = json as {
    type?: string;
    enum?: unknown[];
    pattern?: string;
    format?: string;
    anyOf?: Record<string, unknown>[];
    properties?: Record<string, Record<string, unknown>>;
    required?: string[];
  };
  const { minimum, maximum, minItems, maxItems, minLength, maxLength } = json as Record<string, number | undefined>;
  if (anyOf !== undefined) return fc.oneof(...anyOf.map(drawBy));
  if (words !== undefined) return fc.constantFrom(...words);
  switch (type) {
    case 'object':
      if (typeof json.additionalProperties === 'object')
        return fc.dictionary(fc.constantFrom('a', 'b'), drawBy(json.additionalProperties as Record<string, unknown>));
      return fc.record(Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, drawBy(value)])), {
        requiredKeys: required,
      });
    case 'array':
      return fc.array(drawBy(json.items as Record<string, unknown>), {
        minLength: minItems ?? 0,
        maxLength: Math.min(maxItems ?? 2, Math.max(2, minItems ?? 0)),
      });
    case 'integer':
      return fc.integer({ min: minimum ?? -5, max: Math.min(maximum ?? 2 ** 31 - 1, Number.MAX_SAFE_INTEGER) });
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true, min: minimum ?? -1e9, max: maximum ?? 1e9 });
    case 'boolean':
      return fc.boolean();
    case 'string':
      if (format !== undefined && formats[format] !== undefined) return fc.constantFrom(...formats[format]);
      if (format === 'date-time') return fc.constant('2026-08-01T09:30:00Z');
      if (pattern !== undefined) return texts(new RegExp(pattern), maxLength ?? 200);
      return fc.string({ minLength: minLength ?? 0, maxLength: Math.min(maxLength ?? 20, 20) });
    default:
      return fc.constant({});
  }
}

/** Texts that match: drawn from words that real manifests have, and from letters. */
function texts(pattern: RegExp, maxLength: number): fc.Arbitrary<string> {
  const samples = [
    'a',
    'web-1',
    'eth0',
    '1',
    '63',
    '255',
    '443',
    '80:90',
    '65535',
    '1m30s',
    '500ms',
    'Auto',
    'http',
    '/x',
  ];
  const seeds = [
    ...samples,
    '',
    '100.1',
    'TCP',
    'EF',
    'insert',
    'append',
    'Info',
    'AF11',
    'key=value',
    'a.b',
    '64512',
    '10',
  ];
  const fitting = seeds.filter((word) => pattern.test(word) && word.length <= maxLength);
  const isPlain = !/\(\?[=!]/.test(pattern.source);
  if (!isPlain) return fc.constantFrom(...fitting);
  const random = fc.stringMatching(pattern).filter((word) => word.length > 0 && word.length <= maxLength);
  return fitting.length > 0 ? fc.oneof(fc.constantFrom(...fitting), random) : random;
}

/** What strict decoding of a spec finds; rules across fields are not asked. */
function problemsOf(schema: Schema, value: unknown): readonly Problem[] {
  const problems: Problem[] = [];
  const unknown: Problem[] = [];
  readBySchema(schema, value, 'spec', { strict: true, problems, unknown });
  return [...problems, ...unknown];
}

/** Of a range: which of two numbers is greater, no pattern says. */
function isAboutOrder({ message }: Problem): boolean {
  return message === 'minimum port is greater than maximum port';
}

/** What people write of a kind: its spec, or its members where it has no spec. */
function written(kind: KindDefinition): Schema {
  return kind.members ?? kind.spec;
}

function published(kind: KindDefinition): { json: Record<string, unknown>; accepts: ValidateFunction } {
  const json = printSchema(written(kind)) as Record<string, unknown>;
  return { json, accepts: ajv.compile(json) };
}

for (const kind of apiKinds) {
  test(`${kind.kind}: what the schema draws, the decoder takes`, (t) => {
    const { json, accepts } = published(kind);
    let filled = 0;
    fc.assert(
      fc.property(drawBy(json), (value) => {
        if (Object.keys(value as object).length > 0) filled++;
        const plain: unknown = JSON.parse(JSON.stringify(value));
        if (!accepts(plain)) throw new Error(`drawn wrongly: ${ajv.errorsText(accepts.errors)}`);
        const problems = problemsOf(written(kind), plain).filter((problem) => !isAboutOrder(problem));
        if (problems.length > 0) throw new Error(JSON.stringify(problems.slice(0, 3)));
      }),
      { numRuns: runs, seed: 5 },
    );
    t.true(filled > 0);
  });

  test(`${kind.kind}: what the schema refuses after a change, the decoder refuses`, (t) => {
    const { json, accepts } = published(kind);
    let refused = 0;
    fc.assert(
      fc.property(drawBy(json), fc.nat(), fc.constantFrom<unknown>(...intruders), (value, at, intruder) => {
        const changed: unknown = JSON.parse(JSON.stringify(value));
        replaceOne(changed, at, intruder);
        if (accepts(changed)) return;
        refused++;
        if (problemsOf(written(kind), changed).length === 0)
          throw new Error(`${ajv.errorsText(accepts.errors)}: ${JSON.stringify(changed)}`);
      }),
      { numRuns: runs * 2, seed: 5 },
    );
    t.true(refused > 0);
  });
}

/** None is a zero value: null, 0, empty texts and lists count as absent wherever a field may be absent. */
const intruders = [true, -7, 1e17, 2.5, 'Not A Thing!', ['x'], { surprise: 1 }, 'x'.repeat(2000)];

/** Puts `intruder` in one of the places of `value`. */
function replaceOne(value: unknown, at: number, intruder: unknown): void {
  const places: { holder: Record<string, unknown>; key: string }[] = [];
  const visit = (holder: unknown) => {
    if (typeof holder !== 'object' || holder === null) return;
    for (const key of Object.keys(holder)) {
      places.push({ holder: holder as Record<string, unknown>, key });
      visit((holder as Record<string, unknown>)[key]);
    }
  };
  visit(value);
  const place = places[at % Math.max(places.length, 1)];
  if (place === undefined) (value as Record<string, unknown>).surprise = intruder;
  else place.holder[place.key] = intruder;
}
