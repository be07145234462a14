import test from 'ava';
import { labelsOfRecord, matches } from '#appliance/selector/match.ts';
import { parseSelector } from '#appliance/selector/parse.ts';

const labels = new Map([
  ['a', 'bxc'],
  ['empty', ''],
]);

const expected: Record<string, boolean> = {
  'all()': true,
  'global()': true,
  'has(a)': true,
  'has(empty)': true,
  'has(none)': false,
  "a == 'bxc'": true,
  "a == 'BXC'": false,
  "none == ''": false,
  "a != 'bxc'": false,
  "none != 'x'": true,
  "a contains 'x'": true,
  "a contains 'y'": false,
  "none contains ''": false,
  "a starts with 'b'": true,
  "a starts with 'x'": false,
  "none starts with ''": false,
  "a ends with 'c'": true,
  "a ends with 'x'": false,
  "a in {'x', 'bxc'}": true,
  "none in {'x'}": false,
  'a in {}': false,
  'a not in {}': true,
  "none not in {'x'}": true,
  "a not in {'bxc'}": false,
  '!has(a)': false,
  'has(a) && has(none)': false,
  'has(a) || has(none)': true,
};

for (const [text, isMatch] of Object.entries(expected)) {
  test(`matches() is ${isMatch} for ${text}`, (t) => {
    const result = parseSelector(text);
    t.is(result.ok && matches(result.value, labels), isMatch);
  });
}

test('labelsOfRecord() does not take inherited properties for labels', (t) => {
  const lookup = labelsOfRecord({ a: 'x' });
  t.is(lookup.get('a'), 'x');
  t.is(lookup.get('constructor'), undefined);
});
