/** Writes the generated part of `docs/reference`. Run by `npm run docs`; a house test compares the result with what is committed. I/O. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { referencePages } from './docs/reference-pages.ts';

const root = join(import.meta.dirname, '..');

for (const [path, content] of referencePages()) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}
