/** The guides are true: their blocks are run, one after the other in one shell, against a server of their own. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { call, makePlace, startServer } from '../appliance/apiserver-process.ts';
import { oneKubectl } from '../system/kubectl/programs.ts';

const root = join(import.meta.dirname, '../..');

/** The shell blocks of a page. */
function blocksOf(page: string): string[] {
  const text = readFileSync(join(root, 'docs/guides', page), 'utf8');
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => match[1]!);
}

/** Runs the blocks; gives back what each of them printed. A block whose last command fails ends the run. */
async function runBlocks(
  t: ExecutionContext,
  page: string,
  env: Record<string, string>,
  cwd: string,
): Promise<string[]> {
  const mark = '---- end of block ----';
  const blocks = blocksOf(page);
  const script = blocks.map(
    (block, i) => `${block}\n[ $? = 0 ] || { echo "block ${i} failed"; exit 1; }\necho '${mark}'\n`,
  );
  const run = await execa('bash', ['-c', script.join('')], { env, cwd, all: true, reject: false, timeout: 100_000 });
  const all = run.all ?? '';
  t.is(run.exitCode, 0, all);
  const printed = all.split(mark);
  t.is(printed.length, blocks.length + 1);
  return printed;
}

test('provisioning a host with curl, over the unix socket', async (t) => {
  const place = makePlace();
  t.teardown(place.remove);
  const server = startServer(place);
  t.teardown(() => server.child.kill('SIGKILL'));
  await server.ready();
  const env = { API: 'http://localhost', AUTH: `--unix-socket ${place.socket}` };
  const printed = await runBlocks(t, 'provisioning.md', env, place.dir);
  const expected: readonly RegExp[] = [
    /v1\.33\.0\+calico-appliance/,
    /"site":"north"/,
    /409\n"reason":"AlreadyExists"/,
    /"role":"web"[\s\S]*\n1\n/,
    /would be taken\n[\s\S]*"interfaceName":"eth0"/,
    /"ports":\[80,443\]/,
    /spec\.ingress\[0\]\.action[\s\S]*spec\.selector[\s\S]*metadata\.name[\s\S]*exit code 22/,
    /"order":50[\s\S]*"reason":"Conflict"/,
    /"type":"MODIFIED"[\s\S]*"ready":"yes"/,
    /("status":"Success"[\s\S]*){3}"reason":"NotFound"/,
  ];
  t.is(printed.length - 1, expected.length);
  for (const [i, pattern] of expected.entries()) t.regex(printed[i]!, pattern, `block ${i}`);
  for (const plural of ['nodes', 'hostendpoints', 'globalnetworkpolicies'])
    t.is((await call(place, 'GET', `/apis/projectcalico.org/v3/${plural}`)).body.items.length, 0, plural);
});

test('plain kubectl, by the configuration calicoctl writes', async (t) => {
  const place = makePlace({ CALICO_API_LISTEN: 'http://127.0.0.1:0' });
  t.teardown(place.remove);
  const server = startServer(place);
  t.teardown(() => server.child.kill('SIGKILL'));
  const address = await server.address();
  const programs = join(place.dir, 'bin');
  mkdirSync(programs);
  writeFileSync(join(programs, 'kubectl'), `#!/bin/sh\nexec ${oneKubectl()} "$@"\n`, {
    mode: 0o755,
  });
  const env = { API: address, PATH: `${programs}:${root}/bin:${process.env.PATH}`, HOME: place.dir };
  const printed = await runBlocks(t, 'kubectl.md', env, place.dir);
  t.regex(printed[0]!, /default\s+1e\+06|default\s+1000000/);
  t.regex(
    printed[1]!,
    /offices created[\s\S]*offices\n[\s\S]*patched[\s\S]*labeled[\s\S]*Addresses and prefixes of the set[\s\S]*deleted/,
  );
  t.regex(printed[2]!, /^yes$/m);
});
