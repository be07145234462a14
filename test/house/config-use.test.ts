/** Every setting that is read means something: what nobody looks at would be said to take effect, and does nothing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { readSources, root } from './source-files.ts';

test('every field of the configuration is used outside of where it is read', (t) => {
  const model = readFileSync(join(root, 'appliance/felix/model/config.ts'), 'utf8');
  const body = model.slice(model.indexOf('export interface FelixConfig'));
  const fields = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name]) => name!);
  t.true(fields.length > 80);
  const elsewhere = readSources(['appliance'])
    .filter(({ path }) => !/^appliance\/(felix\/(config|model)|resources)\//.test(path))
    .map(({ text }) => text)
    .join('\n');
  const words = new Set(elsewhere.match(/\w+/g));
  t.deepEqual(
    fields.filter((field) => !words.has(field)),
    [],
  );
});
