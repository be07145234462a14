/** Writes the generated part of `docs/reference`, and `docs/man`. Run by `npm run docs`; a house test compares the result with what is committed. I/O. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { commands } from '#cli/commands.ts';
import { renderManPages } from '#cli/man-page.ts';
import { renderReference } from '#cli/reference-page.ts';
import { referencePages } from './docs/reference-pages.ts';

const root = join(import.meta.dirname, '..');

for (const [path, content] of referencePages()) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

writeFileSync(join(root, 'docs/reference/calicoctl.md'), await renderReference(commands));
rmSync(join(root, 'docs/man'), { recursive: true, force: true });
mkdirSync(join(root, 'docs/man'), { recursive: true });
for (const [name, content] of await renderManPages(commands)) writeFileSync(join(root, 'docs/man', name), content);
