import test from 'ava';
import fc from 'fast-check';
import { parse } from 'yaml';
import { compareNaturally } from '#cli/output/natural-order.ts';
import { printYaml, printYamlPieces } from '#cli/output/yaml.ts';

test('`printYaml()` sorts keys and does not indent lists under their key', (t) => {
  const policy = {
    kind: 'GlobalNetworkPolicy',
    apiVersion: 'projectcalico.org/v3',
    metadata: { name: 'web', creationTimestamp: '2026-08-01T09:30:00Z', labels: {} },
    spec: {
      order: 10.5,
      ingress: [{ action: 'Allow', destination: { ports: [443, '8000:8010'] } }],
      types: ['Ingress'],
    },
  };
  t.is(
    printYaml(policy),
    `apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata:
  creationTimestamp: "2026-08-01T09:30:00Z"
  labels: {}
  name: web
spec:
  ingress:
  - action: Allow
    destination:
      ports:
      - 443
      - 8000:8010
  order: 10.5
  types:
  - Ingress
`,
  );
});

const scalars: readonly (readonly [string, string])[] = [
  ['', '""'],
  ['yes', '"yes"'],
  ['y', '"y"'],
  ['true', '"true"'],
  ['123', '"123"'],
  ['1_000', '"1_000"'],
  ['0x1f', '"0x1f"'],
  ['1e3', '"1e3"'],
  ['12:30', '"12:30"'],
  ['.', '"."'],
  ['-.', '"-."'],
  ['2026-08-01', '"2026-08-01"'],
  ['~', '"~"'],
  ['10.0.0.0/16', '10.0.0.0/16'],
  ['fd00::1', 'fd00::1'],
  ['all()', 'all()'],
  ['!has(x)', `'!has(x)'`],
  [`role == "web" && env in {'a', 'b'}`, `role == "web" && env in {'a', 'b'}`],
  [`'quoted'`, `'''quoted'''`],
  ['a: b', `'a: b'`],
  ['a #b', `'a #b'`],
  ['- x', `'- x'`],
  ['-x', '-x'],
  ['*', `'*'`],
  [' lead', `' lead'`],
  ['tab\there', '"tab\\there"'],
  ['a\nb\n', '|\n  a\n  b'],
  ['a\nb', '|-\n  a\n  b'],
  ['\u2028', '"\\L"'],
];
for (const [text, printed] of scalars) {
  test(`\`printYaml()\` prints ${JSON.stringify(text)} as a reader of YAML 1.1 needs it`, (t) => {
    t.is(printYaml({ k: text }), `k: ${printed}\n`);
  });
}

test('`printYaml()` folds long text at single blanks after column 80', (t) => {
  const text = Array.from({ length: 30 }, (_, i) => `word${i}`).join(' ');
  const lines = printYaml({ message: text }).split('\n');
  t.true(lines.length > 2);
  t.true(lines[0]!.length > 80 && lines[0]!.length < 90);
  t.true(lines[1]!.startsWith('  word'));
  t.is((parse(lines.join('\n')) as { message: string }).message, text);
});

test('`printYaml()` prints what a YAML reader of either version reads back as the same value', (t) => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('on', '0o7', '1:30', '---', '...', '? a', 'x: ', ' # ', '\r\n', 'a\n\n', '\n'),
  );
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      text,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      tie('list'),
      tie('map'),
    ),
    list: fc.array(tie('value'), { maxLength: 4 }),
    map: fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 4 },
    ),
  }));
  fc.assert(
    fc.property(json.value as fc.Arbitrary<unknown>, (value) => {
      for (const version of ['1.1', '1.2'] as const) {
        t.deepEqual(parse(printYaml(value), { version }), JSON.parse(JSON.stringify(value)));
      }
    }),
    { numRuns: 500 },
  );
});

test('`compareNaturally()` orders numbers by value and letters after other characters', (t) => {
  const sorted = ['a.b', 'a1', 'a2', 'a10', 'ab', 'b'];
  t.deepEqual(sorted.toReversed().sort(compareNaturally), sorted);
});

test('pieces of a long list make up the same text', (t) => {
  const items = Array.from({ length: 501 }, (_, i) => ({
    name: `n${i}`,
    spec: { nets: [`192.0.2.${i % 256}`], on: i % 2 === 0 },
  }));
  for (const value of [
    items,
    { kind: 'List', items, metadata: { resourceVersion: '7' } },
    { items: [] },
    [],
    {},
    'on',
    null,
  ]) {
    const pieces = [...printYamlPieces(value)];
    t.is(pieces.join(''), printYaml(value));
    if (Array.isArray(value) && value.length > 0) t.true(pieces.length > 2);
  }
});
