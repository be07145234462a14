import test from 'ava';
import fc from 'fast-check';
import { parseSelector } from '#appliance/selector/parse.ts';
import { printSelector } from '#appliance/selector/print.ts';
import { selectorArbitrary } from './arbitrary.ts';

const canonical: Record<string, string> = {
  '': 'all()',
  ' \t ': 'all()',
  'all( )': 'all()',
  'global()': 'global()',
  "a == 'b'": 'a == "b"',
  'a=="b"': 'a == "b"',
  'a != \'say "x"\'': 'a != \'say "x"\'',
  "a contains 'b'": 'a contains "b"',
  "contains contains 'x'": 'contains contains "x"',
  "a starts with 'b'": 'a starts with "b"',
  "a startswith 'b'": 'a starts with "b"',
  "a ends with 'b' && a endswith 'c'": '(a ends with "b" && a ends with "c")',
  "in in{'b','a','b'}": 'in in {"a", "b"}',
  "zone in { 'us', 'eu', }": 'zone in {"eu", "us"}',
  'a in {}': 'a in {}',
  "a not in {'b'}": 'a not in {"b"}',
  "a notin {'b'}": 'a not in {"b"}',
  'has( a )': 'has(a)',
  "has == 'x'": 'has == "x"',
  "all == 'x'": 'all == "x"',
  '!has(a)': '!has(a)',
  '!!has(a)': 'has(a)',
  '! ! !has(a)': '!has(a)',
  '!(!has(a))': 'has(a)',
  "!a == 'b' && c == 'd'": '(!a == "b" && c == "d")',
  'has(a) || has(b) && has(c)': '(has(a) || (has(b) && has(c)))',
  '((has(a)))': 'has(a)',
  '(has(a) && has(b)) && has(c)': '((has(a) && has(b)) && has(c))',
  "pcns.kubernetes.io/name == '-_./'": 'pcns.kubernetes.io/name == "-_./"',
};

for (const [text, expected] of Object.entries(canonical)) {
  test(`parseSelector() reads ${JSON.stringify(text)} as ${expected}`, (t) => {
    const result = parseSelector(text);
    t.true(result.ok);
    if (result.ok) t.is(printSelector(result.value), expected);
  });
}

const refused: Record<string, RegExp> = {
  'a = "b"': /expected an operator after the label at character 3/,
  'a & b': /operator after the label at character 3/,
  '| has(a)': /unexpected character "\|" at character 1/,
  'a == b': /expected a quoted string at character 6/,
  'a == "b': /unterminated string at character 6/,
  'a == "b" c == "d"': /expected "&&", "\|\|" or the end at character 10/,
  'a\n== "b"': /character 2/,
  'has (a)': /operator after the label at character 5/,
  'has()': /character 4/,
  'a inside {"b"}': /operator after the label at character 3/,
  'a in {"b" "c"}': /expected "," or "}" at character 11/,
  'a in {,}': /expected a quoted string or "}" at character 7/,
  'a in {"b"': /expected "," or "}" at character 10/,
  '(has(a)': /expected "&&", "\|\|" or "\)" at character 8/,
  '()': /expected a label/,
  '!': /expected a label.* at character 2/,
  'has(a) &&': /expected a label.* at character 10/,
  a: /operator after the label at character 2/,
  'ä == "b"': /unexpected character "ä" at character 1/,
};

for (const [text, message] of Object.entries(refused)) {
  test(`parseSelector() refuses ${JSON.stringify(text)} and says where`, (t) => {
    const result = parseSelector(text);
    t.false(result.ok);
    if (!result.ok) t.regex(result.problems[0]!.message, message);
  });
}

test('parseSelector() takes labels up to 512 bytes', (t) => {
  t.true(parseSelector(`${'a'.repeat(512)} == "b"`).ok);
  t.false(parseSelector(`${'a'.repeat(513)} == "b"`).ok);
  t.false(parseSelector(`has(${'a'.repeat(513)})`).ok);
});

test('parseSelector() refuses absurd nesting rather than running out of stack', (t) => {
  t.true(parseSelector(`${'('.repeat(1000)}has(a)${')'.repeat(1000)}`).ok);
  t.false(parseSelector('('.repeat(1_000_000)).ok);
  t.true(parseSelector(`${'!'.repeat(1_000_000)}has(a)`).ok);
});

test('parseSelector() of printSelector() gives the same tree', (t) => {
  fc.assert(
    fc.property(selectorArbitrary, (selector) => {
      const result = parseSelector(printSelector(selector));
      t.deepEqual(result, { ok: true, value: selector });
    }),
  );
});

test('parseSelector() never throws', (t) => {
  const pieces = fc.constantFrom(
    'a',
    ' ',
    '"',
    "'",
    '(',
    ')',
    '{',
    '}',
    ',',
    '==',
    '!=',
    '!',
    '&&',
    '||',
    'in',
    'not in',
    'has(',
    'all()',
    '\n',
    '=',
  );
  fc.assert(fc.property(fc.array(pieces, { maxLength: 20 }), (parts) => void parseSelector(parts.join(''))));
  t.pass();
});
