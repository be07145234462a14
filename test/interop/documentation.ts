/**
 * Applies every manifest that a folder of documentation shows, with kubectl and calicoctl against the API server, and with Calico's own calicoctl
 * against a store of its own; prints what is refused and why, and where Calico's verdict is another.
 * Run by hand: `[CALICOCTL=/path/to/calicoctl] [KUBECTL=kubectl] sh bin/run-ts test/interop/documentation.ts DIRECTORY`
 * Ends with code 1 when Calico takes what we refuse, or refuses what we take.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { kindOf } from '#appliance/resources/registry.ts';
import { oneKubectl } from '../system/kubectl/programs.ts';
import { manifestsIn, type ShownManifest } from './manifests-in.ts';

/** Undefined when it was taken, else what was said. */
type Verdict = string | undefined;

/** A client with a store of its own. */
interface Program extends AsyncDisposable {
  readonly name: string;
  apply(manifest: object): Promise<Verdict>;
  /** Forgets a manifest, whether it was taken or not. */
  remove(manifest: object): Promise<void>;
}

interface Judged extends ShownManifest {
  readonly verdicts: Readonly<Record<string, Verdict>>;
}

const root = new URL('../../', import.meta.url).pathname;
const directory = process.argv[2];
const theirs = process.env.CALICOCTL;
const kubectl = oneKubectl();

if (directory === undefined) {
  process.stderr.write('usage: sh bin/run-ts test/interop/documentation.ts DIRECTORY\n');
  process.exitCode = 2;
} else {
  const shown = manifestsIn(directory, 'projectcalico.org/v3');
  const known = shown.filter(({ manifest }) => manifest !== undefined && kindOf(String(manifest.kind)) !== undefined);
  const started = await Promise.all([
    startKubectl(),
    startCalicoctl('calicoctl', 'bin/calicoctl', 'api'),
    ...(theirs === undefined ? [] : [startCalicoctl('Calico', theirs, 'etcd')]),
  ]);
  const judged = await judgeAll(known, started);
  for (const program of started) await program[Symbol.asyncDispose]();
  report(
    shown,
    judged,
    started.map(({ name }) => name),
  );
}

/** Page by page, for a page's manifests build on each other and other pages' are in their way. */
async function judgeAll(manifests: readonly ShownManifest[], programs: readonly Program[]): Promise<Judged[]> {
  const judged: Judged[] = [];
  for (const page of Map.groupBy(manifests, ({ file }) => file).values()) {
    const columns = await Promise.all(programs.map((program) => judgePage(page, program)));
    for (const [i, one] of page.entries())
      judged.push({
        ...one,
        verdicts: Object.fromEntries(programs.map(({ name }, column) => [name, columns[column]![i]])),
      });
  }
  return judged;
}

/** What is refused after the page's others is tried again by itself: pages show alternatives, too. */
async function judgePage(page: readonly ShownManifest[], program: Program): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const { manifest } of page) verdicts.push(await program.apply(manifest!));
  for (const { manifest } of page.toReversed()) await program.remove(manifest!);
  for (const [i, { manifest }] of page.entries()) {
    if (verdicts[i] === undefined) continue;
    verdicts[i] = await program.apply(manifest!);
    await program.remove(manifest!);
  }
  return verdicts;
}

function report(shown: readonly ShownManifest[], judged: readonly Judged[], names: readonly string[]): void {
  const differing = judged.filter((one) =>
    names.some((name) => (one.verdicts[name] === undefined) !== (one.verdicts[names[0]!] === undefined)),
  );
  const refused = judged.filter(({ verdicts }) => names.some((name) => verdicts[name] !== undefined));
  print(
    `${shown.length} manifests: ${judged.length} of our kinds, ${shown.filter(({ manifest }) => manifest === undefined).length} that are not YAML`,
  );
  for (const [kind, group] of Map.groupBy(
    shown.filter(
      (one) => !judged.some(({ file, line, text }) => file === one.file && line === one.line && text === one.text),
    ),
    ({ manifest }) => String(manifest?.kind),
  ))
    print(
      `  not judged: ${group.length} of kind ${kind}: ${group.map(({ file, line }) => `${file}:${line}`).join(' ')}`,
    );
  for (const [kind, group] of Map.groupBy(judged, ({ manifest }) => String(manifest!.kind)))
    print(
      `  ${kind}: ${group.length} shown, ${names.map((name) => `${name} takes ${group.filter(({ verdicts }) => verdicts[name] === undefined).length}`).join(', ')}`,
    );
  for (const one of refused) {
    print(
      `\n${one.file}:${one.line} ${one.manifest!.kind} ${JSON.stringify((one.manifest!.metadata as { name?: unknown } | undefined)?.name)}${differing.includes(one) ? ' DIFFERENT' : ''}`,
    );
    for (const name of names) print(`  ${name}: ${one.verdicts[name] ?? 'takes it'}`);
  }
  print(
    `\n${judged.length - refused.length} taken, ${refused.length} refused, ${differing.length} with different verdicts`,
  );
  process.exitCode = differing.length === 0 ? 0 : 1;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function startKubectl(): Promise<Program> {
  const server = await startServer();
  const kubeconfig = join(server.directory, 'kubeconfig');
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: server.api } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'c',
      users: [{ name: 'u', user: {} }],
    }),
  );
  const env = { KUBECONFIG: kubeconfig, HOME: server.directory };
  return program('kubectl', server, kubectl, env, ['delete', '--ignore-not-found', '--wait=false']);
}

async function startCalicoctl(name: string, file: string, door: 'api' | 'etcd'): Promise<Program> {
  const server = await startServer();
  const env = door === 'api' ? server.env : { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: server.etcd };
  return program(name, server, file, { ...env, HOME: server.directory }, ['delete', '--skip-not-exists']);
}

function program(
  name: string,
  server: AsyncDisposable,
  file: string,
  env: Record<string, string>,
  removing: readonly string[],
): Program {
  const run = (words: readonly string[], manifest: object) =>
    execa(file, [...words, '-f', '-'], {
      cwd: root,
      env,
      input: JSON.stringify(manifest),
      reject: false,
      timeout: 60_000,
    });
  return {
    name,
    async apply(manifest) {
      const { exitCode, stdout, stderr } = await run(['apply'], manifest);
      return exitCode === 0 ? undefined : `${stderr}${stdout}`.trim().replaceAll(/\s*\n\s*/g, ' ');
    },
    async remove(manifest) {
      await run(removing, bare(manifest));
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Only what names it: a version in a manifest would make deleting conditional. */
function bare(manifest: object): object {
  const { apiVersion, kind, metadata } = manifest as Record<string, unknown>;
  const { name, namespace } = (metadata ?? {}) as Record<string, unknown>;
  return { apiVersion, kind, metadata: { name, namespace } };
}

interface Server extends AsyncDisposable {
  readonly directory: string;
  readonly api: string;
  readonly etcd: string;
  readonly env: Record<string, string>;
}

/** An API server on an empty store, with both faces at loopback ports. */
async function startServer(): Promise<Server> {
  const directory = await mkdtemp(join(tmpdir(), 'calico-documentation-'));
  const [api, etcd] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
  const env = {
    CALICO_RUN_DIR: join(directory, 'run'),
    CALICO_DATA_DIR: join(directory, 'data'),
    CALICO_CONFIG_DIR: join(directory, 'config'),
  };
  const listen = { CALICO_API_LISTEN: `unix:${directory}/run/api.sock,${api}`, CALICO_ETCD_LISTEN: etcd };
  const server = spawn(`${root}bin/calico-apiserver`, {
    env: { ...process.env, ...env, ...listen },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    server.once('exit', (code) => reject(new Error(`the API server ended with code ${code}`)));
    server.stdout.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('"serving"')) resolve();
    });
  });
  return {
    directory,
    api,
    etcd,
    env,
    async [Symbol.asyncDispose]() {
      server.kill();
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
