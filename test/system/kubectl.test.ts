/**
 * The real kubectl against the API server, with no Kubernetes anywhere: what people and scripts do with it, on every kind.
 * Which kubectl: `KUBECTL`, else the one on the path (Debian's when the tests installed it); what an old one cannot do is not asked of it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import type { KindDefinition } from '#appliance/resources/define.ts';
import { kinds } from '#appliance/resources/registry.ts';
import { makePlace, startServer } from '../appliance/apiserver-process.ts';

const kubectl = process.env.KUBECTL ?? 'kubectl';

interface Run {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

interface World extends AsyncDisposable {
  readonly dir: string;
  /** Minor version of the client. */
  readonly minor: number;
  run(words: readonly string[], input?: string, env?: Record<string, string>): Promise<Run>;
}

/** A server on loopback, and a kubectl that knows nothing else. */
async function startWorld(): Promise<World> {
  const place = makePlace({ CALICO_API_LISTEN: 'http://127.0.0.1:0' });
  const server = startServer(place);
  const port = await new Promise<string>((resolve, reject) => {
    let text = '';
    server.child.stdout.on('data', (chunk: Buffer) => {
      text += chunk;
      const found = /"http:\/\/127\.0\.0\.1:(\d+)"/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    void server.exited.then(({ errors }) => reject(new Error(errors)));
  });
  const config = join(place.dir, 'kubeconfig');
  writeFileSync(config, kubeconfig(`http://127.0.0.1:${port}`));
  mkdirSync(join(place.dir, 'home'));
  const run: World['run'] = async (words, input = '', env = {}) => {
    const options = { input, reject: false, stripFinalNewline: false, timeout: 60_000 } as const;
    const variables = { KUBECONFIG: config, HOME: join(place.dir, 'home'), ...env };
    const { exitCode, stdout, stderr } = await execa(kubectl, words, { ...options, env: variables });
    return { exitCode, stdout, stderr };
  };
  const version = JSON.parse((await run(['version', '--client', '-o', 'json'])).stdout);
  return {
    dir: place.dir,
    minor: Number.parseInt(version.clientVersion.minor, 10),
    run,
    async [Symbol.asyncDispose]() {
      server.child.kill('SIGTERM');
      await server.exited;
      place.remove();
    },
  };
}

function kubeconfig(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'c',
    users: [{ name: 'u', user: {} }],
  });
}

/** Kinds at work at the same time: kubectl mostly waits for its own start. */
const lanes = 3;

test.serial('kubectl does everything it can do, on every kind', async (t) => {
  await using world = await startWorld();
  const filter = { apiVersion: 'projectcalico.org/v3', kind: 'BGPFilter', metadata: { name: 'pools-only' }, spec: {} };
  await world.run(['create', '-f', '-'], JSON.stringify(filter)); // the example of a peer names it
  const waiting = kinds.filter((kind) => kind.isReadOnly !== true && kind.kind !== 'BGPFilter');
  const lane = async () => {
    for (let kind = waiting.pop(); kind !== undefined; kind = waiting.pop()) await liveThrough(t, world, kind);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  await liveThrough(t, world, kinds.find(({ kind }) => kind === 'BGPFilter')!);
});

/** Before this minor version kubectl looks for dry runs in OpenAPI 2, where we tell nothing. */
const readsOpenApi3 = 27;

/** The life of one object, by its kind's example. */
async function liveThrough(t: ExecutionContext, world: World, kind: KindDefinition): Promise<void> {
  const { name, namespace } = kind.example.metadata;
  const scope = namespace === undefined ? [] : ['-n', namespace];
  const one = [`${kind.plural}.projectcalico.org`, name, ...scope];
  const say = async (words: readonly string[], input?: string, env?: Record<string, string>) => {
    const { exitCode, stdout, stderr } = await world.run(words, input, env);
    t.is(exitCode, 0, `${kind.kind}: kubectl ${words.join(' ')}: ${stderr}`);
    return stdout;
  };
  const read = async () => JSON.parse(await say(['get', ...one, '-o', 'json']));
  const manifest = JSON.stringify(kind.example);
  const noted = (value: string) =>
    JSON.stringify({ ...kind.example, metadata: { ...kind.example.metadata, annotations: { value } } });

  await world.run(['delete', ...one, '--ignore-not-found']);
  if (world.minor >= readsOpenApi3) await say(['create', '-f', '-', '--dry-run=server'], manifest);
  t.is((await world.run(['get', ...one])).exitCode, 1, `${kind.kind}: a dry run stores nothing`);
  t.regex(await say(['create', '-f', '-'], manifest), /created\n$/);
  t.is((await world.run(['create', '-f', '-'], manifest)).exitCode, 1, `${kind.kind}: it exists`);
  for (const output of ['wide', 'jsonpath={.metadata.uid}'])
    t.true((await say(['get', ...one, '-o', output])).length > 0, `${kind.kind}: ${output}`);
  t.regex(
    await say(['get', kind.plural, ...scope]),
    new RegExp(`^NAME.*\\n(.*\\n)*${name.replaceAll('.', '\\.')}[ \\n]`),
  );
  t.regex(await say(['describe', ...one]), new RegExp(`^Name: +${name.replaceAll('.', '\\.')}\\n`));

  await say(['apply', '-f', '-'], noted('1'));
  t.regex(await say(['apply', '-f', '-'], noted('1')), /unchanged\n$/, kind.kind);
  if (world.minor >= readsOpenApi3) {
    t.is((await world.run(['diff', '-f', '-'], noted('1'))).exitCode, 0, `${kind.kind}: no difference`);
    t.is((await world.run(['diff', '-f', '-'], noted('2'))).exitCode, 1, `${kind.kind}: a difference`);
  }
  await say(['label', ...one, 'a=1', 'b=2']);
  await say(['label', ...one, 'a-']);
  await say(['annotate', ...one, 'note=x']);
  await say(['patch', ...one, '--type=merge', '-p', '{"metadata":{"annotations":{"merge":"x"}}}']);
  await say(['patch', ...one, '-p', '{"metadata":{"annotations":{"strategic":"x"}}}']);
  const add = [{ op: 'add', path: '/metadata/annotations/json', value: 'x' }];
  await say(['patch', ...one, '--type=json', '-p', JSON.stringify(add)]);
  await say(['edit', ...one], '', { EDITOR: "sed -i 's/merge: x/merge: edited/'" });
  const changed = await read();
  t.like(
    changed.metadata.annotations,
    { note: 'x', merge: 'edited', strategic: 'x', json: 'x', value: '1' },
    kind.kind,
  );
  t.deepEqual([changed.metadata.labels.a, changed.metadata.labels.b], [undefined, '2'], kind.kind);
  t.deepEqual((await read()).spec, changed.spec);
  await say(
    ['replace', '-f', '-'],
    JSON.stringify({ ...changed, metadata: { ...changed.metadata, labels: { c: '3' } } }),
  );
  const stale = await world.run(['replace', '-f', '-'], JSON.stringify(changed));
  t.regex(stale.stderr, /Conflict/, `${kind.kind}: replaced from an old version`);
  t.is(
    await say(['get', kind.plural, ...scope, '-l', 'c=3', '-o', 'name']),
    `${kind.singular}.projectcalico.org/${name}\n`,
  );
  const byName = ['get', kind.plural, ...scope, '--field-selector', `metadata.name=${name}`, '-o', 'name'];
  t.is(await say(byName), `${kind.singular}.projectcalico.org/${name}\n`);
  if (world.minor >= 23) await say(['wait', ...one, '--for=jsonpath={.metadata.labels.c}=3', '--timeout=10s']);
  if (world.minor >= 30) await say(['explain', `${kind.plural}.projectcalico.org.spec`]);

  t.regex(await say(['delete', ...one]), /deleted/);
  t.regex((await world.run(['get', ...one])).stderr, /NotFound/, kind.kind);
}

test.serial('kubectl finds the kinds, the server and itself', async (t) => {
  await using world = await startWorld();
  const resources = (await world.run(['api-resources', '--api-group=projectcalico.org', '-o', 'name'])).stdout;
  t.deepEqual(resources.trim().split('\n').sort(), kinds.map(({ plural }) => `${plural}.projectcalico.org`).sort());
  t.regex((await world.run(['api-versions'])).stdout, /^projectcalico\.org\/v3$/m);
  t.regex((await world.run(['version'])).stdout, /calico-appliance/);
  t.is((await world.run(['auth', 'can-i', 'delete', 'globalnetworkpolicies.projectcalico.org'])).stdout, 'yes\n');
  if (world.minor >= 28) t.regex((await world.run(['auth', 'whoami'])).stdout, /system:local/);
  t.is((await world.run(['get', 'nonsense'])).exitCode, 1);
});

test.serial('a watch of kubectl tells what others do, and a bad object is refused with all its problems', async (t) => {
  await using world = await startWorld();
  const set = (name: string, nets: string[]) =>
    JSON.stringify({
      apiVersion: 'projectcalico.org/v3',
      kind: 'GlobalNetworkSet',
      metadata: { name },
      spec: { nets },
    });
  await world.run(['create', '-f', '-'], set('a', ['10.0.0.0/8']));
  const log = join(world.dir, 'watch');
  const watching = world.run(['get', 'globalnetworksets', '-w', '-o', 'name', '--request-timeout=8s']);
  await new Promise((resolve) => setTimeout(resolve, 2000)); // until kubectl has listed
  await world.run(['create', '-f', '-'], set('b', []));
  await world.run(['delete', 'globalnetworkset', 'a']);
  writeFileSync(log, (await watching).stdout);
  t.deepEqual(
    readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split('/')[1]),
    ['a', 'b', 'a'],
  );
  const bad = JSON.stringify({
    apiVersion: 'projectcalico.org/v3',
    kind: 'GlobalNetworkPolicy',
    metadata: { name: 'bad' },
    spec: { selector: 'a ==', ingress: [{ action: 'Permit' }] },
  });
  const refused = await world.run(['create', '-f', '-'], bad);
  t.is(refused.exitCode, 1);
  t.regex(refused.stderr, /spec\.selector/);
  t.regex(refused.stderr, /spec\.ingress\[0\]\.action/);
  const unknown = await world.run(['create', '-f', '-'], set('c', []).replace('"nets"', '"netz"'));
  t.regex(unknown.stderr, /unknown field "spec\.netz"/);
});
