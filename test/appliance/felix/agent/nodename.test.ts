import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { readNodename, saveNodename } from '#appliance/felix/agent/nodename.ts';

function folder(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'calico-nodename-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

test('readNodename() takes NODENAME, then the file, then the host’s name', (t) => {
  const file = join(folder(t), 'nodename');
  t.is(readNodename({ given: undefined, fallback: 'host', file }), 'host');
  writeFileSync(file, '');
  t.is(readNodename({ given: undefined, fallback: 'host', file }), 'host');
  writeFileSync(file, 'kept\n');
  t.is(readNodename({ given: undefined, fallback: 'host', file }), 'kept');
  t.is(readNodename({ given: 'told', fallback: 'host', file }), 'told');
});

for (const name of ['a/b', 'Upper', '', '-a', 'x'.repeat(254)])
  test(`readNodename() refuses ${JSON.stringify(name.slice(0, 10))}`, (t) => {
    const file = join(folder(t), 'nodename');
    t.throws(() => readNodename({ given: name, fallback: 'host', file }), { message: /^NODENAME: / });
  });

test('saveNodename() makes the folder, leaves nothing else behind and can be repeated', (t) => {
  const path = join(folder(t), 'data');
  const file = join(path, 'nodename');
  for (const name of ['a', 'a', 'b']) {
    saveNodename(file, name);
    t.is(readFileSync(file, 'utf8'), `${name}\n`);
    t.deepEqual(readdirSync(path), ['nodename']);
  }
});
