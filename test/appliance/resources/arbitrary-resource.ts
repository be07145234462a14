/** Random stored resources of any kind, made from the kinds' schemas; unlike manifests they need not make sense. */
import fc from 'fast-check';
import type { ObjectSchema, Schema } from '#appliance/lib/schema.ts';
import type { KindDefinition } from '#appliance/resources/define.ts';

const scalars: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  protocol: fc.constantFrom('TCP', 'ICMPv6', 6, 255, '17'),
  port: fc.constantFrom(1, 65535, '80:90', 'http', '443'),
  asNumber: fc.constantFrom(1, 4294967295, '1.10', '64512'),
  duration: fc.constantFrom('90s', '1h', '1.5s', '100us', '1m30s'),
  dscp: fc.constantFrom(0, 46, 'EF', 'af11'),
  boolean: fc.constantFrom('true', 'false', true),
  time: fc.constantFrom('2026-08-01T09:30:00Z', '2026-08-01T11:30:00.5+02:00', null),
};

const anyText = fc.oneof(
  fc.string({ maxLength: 12, unit: 'binary' }),
  fc.constantFrom('', 'a', '<&>', 'default.x', '\u2028', '"\\\n\t'),
);

/** The spec of a kind. */
export function specArbitrary(kind: KindDefinition): fc.Arbitrary<unknown> {
  return objectArbitrary(kind.spec);
}

/** Labels and annotations. */
export const stringsArbitrary = fc.dictionary(
  anyText.filter((key) => key !== '__proto__'),
  anyText,
  { maxKeys: 4 },
);

function objectArbitrary(schema: ObjectSchema): fc.Arbitrary<unknown> {
  const members = Object.entries(schema.properties).map(([key, property]) => [key, valueArbitrary(property)] as const);
  return fc.record(Object.fromEntries(members), { requiredKeys: [] });
}

function valueArbitrary(schema: Schema): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'object':
      return objectArbitrary(schema);
    case 'map':
      return stringsArbitrary;
    case 'list':
      return fc.array(valueArbitrary(schema.items), { maxLength: 2 });
    case 'text':
      return schema.enum === undefined ? anyText : fc.constantFrom(...schema.enum);
    case 'integer':
      return fc.integer();
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'boolean':
      return fc.boolean();
    case 'scalar':
      return scalars[schema.name]!;
    case 'any':
      return fc.constant({});
  }
}
