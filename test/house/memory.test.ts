/** What costs every daemon memory for nothing is caught in the source, where it can be seen to be a choice. */
import test from 'ava';
import { readSources } from './source-files.ts';

const costly = /^import (?!type\b)[^;]*? from 'node:http';/m;

test('no daemon imports node:http, which loads the fetch client: 16 MB', (t) => {
  const offenders = readSources(['appliance', 'cli']).filter(({ text }) => costly.test(text));
  t.deepEqual(
    offenders.map(({ path }) => path),
    [],
    "take what is needed from process.getBuiltinModule('node:http')",
  );
});
