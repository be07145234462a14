/** A client generated from the document compiles, and works against the real server, errors included. */
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { makePlace, startServer } from '../appliance/apiserver-process.ts';

const root = join(import.meta.dirname, '../..');

test('a TypeScript client is generated, compiled, and used', async (t) => {
  const place = makePlace({ CALICO_API_LISTEN: 'http://127.0.0.1:0' });
  t.teardown(place.remove);
  const server = startServer(place);
  t.teardown(() => server.child.kill('SIGKILL'));
  const address = await server.address();
  const { dir } = place;
  const document = await fetch(`${address}/openapi.json`);
  writeFileSync(join(dir, 'openapi.json'), await document.text());
  await execa('sh', ['tools/openapi-client.sh', join(dir, 'openapi.json'), join(dir, 'client')], {
    cwd: root,
    timeout: 100_000,
  });
  copyFileSync(join(root, 'test/openapi-client/program.ts.txt'), join(dir, 'program.ts'));
  const options = [
    '--strict',
    '--skipLibCheck',
    '--target',
    'es2022',
    '--lib',
    'es2022,dom,dom.iterable',
    '--module',
    'commonjs',
  ];
  const places = [
    '--moduleResolution',
    'bundler',
    '--typeRoots',
    join(root, 'node_modules/@types'),
    '--types',
    'node',
    '--outDir',
    join(dir, 'js'),
  ];
  const tsc = join(root, 'node_modules/.bin/tsc');
  const compiled = await execa(tsc, [...options, ...places, '--rootDir', dir, 'program.ts'], {
    cwd: dir,
    reject: false,
    timeout: 100_000,
  });
  t.is(compiled.exitCode, 0, compiled.stdout);
  const run = await execa(process.execPath, [join(dir, 'js/program.js')], { env: { API: address }, timeout: 60_000 });
  t.deepEqual(run.stdout.split('\n'), [
    'created: "offices"',
    'again: [409,"AlreadyExists"]',
    'patched: {"where":"office"}',
    'listed: [["198.51.100.0/24"]]',
    'read: "offices"',
    'tried: "Success"',
    'deleted: "Success"',
    'gone: [404,"NotFound"]',
    'invalid: "spec.nets"',
  ]);
  const left = await fetch(`${address}/apis/projectcalico.org/v3/globalnetworksets`);
  t.is(((await left.json()) as { items: unknown[] }).items.length, 0);
});
