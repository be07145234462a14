/**
 * Calico's own calicoctl against our API server's etcd face, beside ours against its REST: apply, get, patch, label and delete of every kind.
 * Run by hand: `CALICOCTL=/path/to/calicoctl sh bin/run-ts test/interop/live.ts`, with a released calicoctl of v3.32 or later.
 * Prints each difference; ends with code 1 when there is one.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { calicoctlKinds, kindOf } from '#appliance/resources/registry.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import { realisticManifests } from '../appliance/resources/realistic-manifests.ts';

interface Answer {
  readonly code: number | undefined;
  readonly text: string;
  readonly complaint: string;
}

/** One of the two programs, on the same store. */
type Program = (words: readonly string[], manifest?: object) => Promise<Answer>;

const root = new URL('../../', import.meta.url).pathname;
const differences: string[] = [];

const path = process.env.CALICOCTL;
if (path === undefined) {
  process.stderr.write("CALICOCTL must name Calico's calicoctl\n");
  process.exitCode = 2;
} else {
  await withServer(async (etcd, env) => {
    await compare(program(path, { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: etcd }), program('bin/calicoctl', env));
  });
  process.stdout.write(`${differences.join('\n')}${differences.length} differences\n`);
  process.exitCode = differences.length === 0 ? 0 : 1;
}

async function compare(theirs: Program, ours: Program): Promise<void> {
  const known = realisticManifests
    .map(({ manifest }) => manifest as unknown as Resource)
    .filter(({ kind }) => calicoctlKinds.some((one) => one.kind === kind));
  const written = known.filter(({ kind }) => kindOf(kind)!.isReadOnly !== true);
  for (const resource of written) {
    const words = wordsOf(resource);
    expect(await theirs(['apply', '-f', '-'], resource), `calico applies ${words.join(' ')}`);
    for (const form of ['json', 'yaml']) await equal(theirs, ours, ['get', ...words, '-o', form]);
    expect(await ours(['apply', '-f', '-'], resource), `the appliance applies ${words.join(' ')}`);
    const patch = JSON.stringify({ metadata: { labels: { patched: 'there' } } });
    expect(await theirs(['patch', ...words, '-p', patch]), `calico patches ${words.join(' ')}`);
    expect(await ours(['label', ...words, 'labelled=here']), `the appliance labels ${words.join(' ')}`);
    await equal(theirs, ours, ['get', ...words, '-o', 'json']);
  }
  for (const kind of calicoctlKinds)
    await equal(theirs, ours, ['get', kind.plural, ...(kind.isNamespaced ? ['-A'] : []), '-o', 'json']);
  const removable = written.filter(({ metadata, kind }) => !(kind === 'Tier' && metadata.name === 'default'));
  for (const [i, resource] of removable.entries())
    await (i % 2 === 0 ? remove(theirs, ours, resource) : remove(ours, theirs, resource));
}

/** One deletes, the other looks. What goes with a node is gone before its turn comes, so only the end counts. */
async function remove(deleting: Program, looking: Program, resource: Resource): Promise<void> {
  const words = wordsOf(resource);
  await deleting(['delete', ...words]);
  if (resource.kind === 'Tier') return; // held by its policies
  if ((await looking(['get', ...words])).code === 0) differences.push(`still there: ${words.join(' ')}\n`);
}

async function equal(theirs: Program, ours: Program, words: readonly string[]): Promise<void> {
  const [wanted, got] = [await theirs(words), await ours(words)];
  if (wanted.code === got.code && wanted.text === got.text) return;
  differences.push(
    `${words.join(' ')}\n--- calico ${wanted.code}\n${wanted.text}\n--- appliance ${got.code}\n${got.text}\n`,
  );
}

function expect({ code, complaint, text }: Answer, what: string): void {
  if (code !== 0) differences.push(`${what}: code ${code}: ${complaint}${text}\n`);
}

function wordsOf({ kind, metadata }: Resource): string[] {
  const { singular } = kindOf(kind)!;
  return [singular, metadata.name, ...(metadata.namespace === undefined ? [] : ['-n', metadata.namespace])];
}

function program(file: string, env: Record<string, string>): Program {
  return async (words, manifest) => {
    const input = manifest === undefined ? {} : { input: JSON.stringify(manifest) };
    const run = await execa(file, words, { cwd: root, env, reject: false, stripFinalNewline: false, ...input });
    return { code: run.exitCode, text: run.stdout, complaint: run.stderr };
  };
}

/** Runs `use` with an API server on an empty store, whose face is at a loopback port. */
async function withServer(use: (etcd: string, env: Record<string, string>) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'calico-interop-'));
  const etcd = `http://127.0.0.1:${await freePort()}`;
  const env = {
    CALICO_RUN_DIR: join(directory, 'run'),
    CALICO_DATA_DIR: join(directory, 'data'),
    CALICO_CONFIG_DIR: join(directory, 'config'),
  };
  const server = spawn(`${root}bin/calico-apiserver`, {
    env: { ...process.env, ...env, CALICO_ETCD_LISTEN: etcd },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('exit', (code) => reject(new Error(`the API server ended with code ${code}`)));
      server.stdout.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('"serving"')) resolve();
      });
    });
    await use(etcd, env);
  } finally {
    server.kill();
    await ended;
    await rm(directory, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
