import test from 'ava';
import fc from 'fast-check';
import { matches } from '#appliance/selector/match.ts';
import { parseSelector } from '#appliance/selector/parse.ts';
import { labelsIn, restrictionsOf } from '#appliance/selector/restrictions.ts';
import { labelsArbitrary, selectorArbitrary } from './arbitrary.ts';

const expected: Record<string, string | undefined> = {
  'all()': undefined,
  '!all()': '',
  "a == 'x'": 'a=x',
  "a != 'x'": undefined,
  "!a != 'x'": 'a=x',
  "a in {'x', 'y'}": 'a=x a=y',
  'a in {}': '',
  "!a not in {'x'}": 'a=x',
  'has(a)': 'a',
  '!has(a)': undefined,
  "has(a) && b == 'x'": 'b=x',
  "a == 'x' || b == 'y'": 'a=x b=y',
  "a == 'x' || !has(b)": undefined,
  "!(a != 'x' || has(b))": 'a=x',
};

for (const [text, wanted] of Object.entries(expected)) {
  test(`restrictionsOf() ${text} is ${wanted ?? 'nothing'}`, (t) => {
    const result = parseSelector(text);
    const found = result.ok ? restrictionsOf(result.value, ({ value }) => (value === undefined ? 9 : 1)) : [];
    t.is(found?.map(({ label, value }) => (value === undefined ? label : `${label}=${value}`)).join(' '), wanted);
  });
}

test('restrictionsOf() leaves out nothing that matches, whatever the costs', (t) => {
  fc.assert(
    fc.property(selectorArbitrary, labelsArbitrary, fc.func(fc.nat(5)), (selector, labels, cost) => {
      if (!matches(selector, labels)) return;
      const found = restrictionsOf(selector, cost);
      t.true(found === undefined || found.some(({ label, value }) => has(labels, label, value)));
    }),
    { numRuns: 1000 },
  );
});

test('labelsIn() finds every label that can make a difference', (t) => {
  fc.assert(
    fc.property(selectorArbitrary, labelsArbitrary, (selector, labels) => {
      const seen = labelsIn(selector);
      const relevant = new Map([...labels].filter(([label]) => seen.has(label)));
      t.is(matches(selector, labels), matches(selector, relevant));
    }),
  );
});

function has(labels: ReadonlyMap<string, string>, label: string, value: string | undefined): boolean {
  return value === undefined ? labels.has(label) : labels.get(label) === value;
}
