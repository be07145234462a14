import test from 'ava';
import fc from 'fast-check';
import { LargeValues } from '#appliance/felix/calc/large-values.ts';

const key = '/calico/resources/v3/projectcalico.org/globalnetworksets/big';
const many = Array.from({ length: 5_000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);

function text(nets: readonly unknown[], name = 'big'): string {
  return JSON.stringify({ kind: 'GlobalNetworkSet', metadata: { name, labels: { a: 'b' } }, spec: { nets } });
}

function outcome(parse: () => unknown): unknown {
  try {
    return { value: parse() };
  } catch {
    return 'refused';
  }
}

/** Feeds the values one after the other and compares each with a full parse. */
function checkAll(t: { deepEqual(a: unknown, b: unknown): unknown }, values: readonly Buffer[]): void {
  const large = new LargeValues();
  for (const bytes of values) {
    t.deepEqual(
      outcome(() => large.parse(key, bytes)),
      outcome(() => JSON.parse(bytes.toString('utf8'))),
    );
  }
}

const edit = fc.record({
  at: fc.nat(5_200),
  deleted: fc.nat(3),
  inserted: fc.array(
    fc.oneof(
      fc.ipV4(),
      fc.constantFrom('', 'a"b', 'a\\b', 'é', '"', ',', '","', ']', '10.0.0.0/24', 7, null, [], 'nets'),
    ),
    { maxLength: 3 },
  ),
});

test('LargeValues.parse() gives what JSON.parse gives, after any edits of the list', (t) => {
  const property = fc.property(fc.array(edit, { maxLength: 6 }), (edits) => {
    const nets: unknown[] = [...many];
    const values = [text(nets)];
    for (const { at, deleted, inserted } of edits) {
      nets.splice(at, deleted, ...inserted);
      values.push(text(nets, `big${at}`));
    }
    checkAll(
      t,
      values.map((value) => Buffer.from(value)),
    );
  });
  fc.assert(property, { numRuns: 150 });
});

test('LargeValues.parse() gives what JSON.parse gives, after any change of bytes', (t) => {
  const start = Buffer.from(text(many));
  const change = fc.record({ at: fc.nat(start.length - 1), bytes: fc.uint8Array({ maxLength: 4 }), cut: fc.nat(4) });
  const quoted = fc.constantFrom(
    ...['"', '","', ',', ']', '[', '\\', '"nets":[', '}'].map((s) => Uint8Array.from(Buffer.from(s))),
  );
  const anyChange = fc.record({ at: fc.nat(start.length - 1), bytes: quoted, cut: fc.nat(4) });
  const property = fc.property(fc.array(fc.oneof(change, anyChange), { maxLength: 4 }), (changes) => {
    const values = [start];
    for (const { at, bytes, cut } of changes) {
      values.push(Buffer.concat([start.subarray(0, at), bytes, start.subarray(at + cut)]), start);
    }
    checkAll(t, values);
  });
  fc.assert(property, { numRuns: 200 });
});

test('LargeValues.parse() is not misled by other lists of the same name', (t) => {
  const nets = JSON.stringify(many);
  const less = JSON.stringify(many.slice(1));
  const shapes = [
    (list: string) => `{"nets":${list},"spec":{"nets":[]}}`,
    (list: string) => `{"spec":{"nets":["x"]},"nets":${list}}`,
    (list: string) => `{"spec":{"nets":${list}},"spec":{}}`,
    (list: string) => `{"spec":{"nets":${list},"nets":["y"]}}`,
    (list: string) => `{"spec":{"nets":${list},"\\u006eets":["y"]}}`,
    (list: string) => `{"spec":{"nets" :["y"],"nets":${list}}}`,
    (list: string) => `{"spec":{"a":{"nets":${list}}}}`,
    (list: string) => `[{"nets":${list}}]`,
  ];
  for (const shape of shapes)
    checkAll(
      t,
      [shape(nets), shape(less), shape(nets)].map((value) => Buffer.from(value)),
    );
});

test('LargeValues.parse() keeps the strings that did not change', (t) => {
  const large = new LargeValues();
  const netsOf = (value: unknown) => (value as { spec: { nets: string[] } }).spec.nets;
  const before = netsOf(large.parse(key, Buffer.from(text(many))));
  const changed = [...many.slice(0, 100), '192.0.2.0/24', ...many.slice(101)];
  const parse = JSON.parse;
  let parsedMax = 0;
  JSON.parse = (json: string) => {
    parsedMax = Math.max(parsedMax, json.length);
    return parse(json);
  };
  t.teardown(() => {
    JSON.parse = parse;
  });
  const after = netsOf(large.parse(key, Buffer.from(text(changed))));
  t.deepEqual(after, changed);
  t.true(parsedMax < 200, 'only the surroundings are parsed');
  t.is(before[99], after[99]);
});
