/** Generated reference pages are what the definitions say today, and nothing else lies beside them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { referencePages } from '../../tools/docs/reference-pages.ts';

const root = join(import.meta.dirname, '../..');
const pages = referencePages();

test('every generated page is as committed; otherwise run npm run docs', (t) => {
  for (const [path, content] of pages) t.is(readFileSync(join(root, path), 'utf8'), content, path);
});

test('no page is left of a kind that is gone', (t) => {
  const present = readdirSync(join(root, 'docs/reference/kinds')).map((name) => `docs/reference/kinds/${name}`);
  t.deepEqual(present.sort(), [...pages.keys()].sort());
});
