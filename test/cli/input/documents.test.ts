import test from 'ava';
import { parseDocuments } from '#cli/input/documents.ts';

test('`parseDocuments()` reads several YAML documents and says where each begins', async (t) => {
  const documents = await parseDocuments('a: 1\n---\n# nothing\n---\nb: [x]\n', 'f.yaml');
  t.deepEqual(documents, [
    { value: { a: 1 }, where: 'f.yaml:1' },
    { value: { b: ['x'] }, where: 'f.yaml:5' },
  ]);
});

test('`parseDocuments()` reads several JSON documents', async (t) => {
  const documents = await parseDocuments('{"a": 1}\n---\n\n[{"b": 2}]\n', 'f.json');
  t.deepEqual(documents, [
    { value: { a: 1 }, where: 'f.json:1' },
    { value: [{ b: 2 }], where: 'f.json:4' },
  ]);
});

const refused: readonly (readonly [string, string, RegExp])[] = [
  ['malformed YAML', 'a: [1\nb: 2\n', /^f:2:1: /],
  ['a repeated key', 'a: 1\na: 2\n', /^f:2:1: Map keys must be unique/],
  ['a repeated key in JSON', '{"a": 1,\n "a": 2}', /^f:2:2: Map keys must be unique/],
  ['an integer beyond 2^53', 'a:\n  b: 9007199254740993\n', /^f:2:6: integer is too large/],
  ['an integer beyond 2^53 in JSON', '{"a": 9007199254740993}', /^f:1:7: integer is too large/],
  ['an unknown anchor', 'a: *nobody\n', /^f:1:/],
];
for (const [what, text, message] of refused) {
  test(`\`parseDocuments()\` refuses ${what} with file, line and column`, async (t) => {
    await t.throwsAsync(parseDocuments(text, 'f'), { code: 'CLI_INPUT', message });
  });
}

test('`parseDocuments()` keeps a key that only looks repeated inside JSON text', async (t) => {
  const [document] = await parseDocuments('{"a": "{\\"a\\": 1, \\"a\\": 2}", "b": {"a": 1}}', 'f');
  t.deepEqual(document?.value, { a: '{"a": 1, "a": 2}', b: { a: 1 } });
});

test('`parseDocuments()` survives aliases that multiply without end', async (t) => {
  const bomb = `${['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefgh'.split('').map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefg'[i]}`).join(',')}]`)].join('\n')}\n`;
  await t.throwsAsync(parseDocuments(bomb, 'f'), { code: 'CLI_INPUT', message: /alias/i });
});
