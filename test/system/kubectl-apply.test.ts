/**
 * The real kubectl applies from the server's side: managers, conflicts, force, differences, and the way over from applying on its own.
 * Which kubectl: `kubectl/programs.ts`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { makePlace, startServer } from '../appliance/apiserver-process.ts';
import { oneKubectl } from './kubectl/programs.ts';

const kubectl = oneKubectl();

interface World extends AsyncDisposable {
  /** Minor version of the client. */
  readonly minor: number;
  /** The output of a command that succeeds. */
  say(words: readonly string[], input?: string): Promise<string>;
  /** What a command says that fails. */
  refused(words: readonly string[], input?: string): Promise<string>;
  run(words: readonly string[], input?: string): Promise<{ exitCode?: number; stdout: string; stderr: string }>;
}

async function startWorld(t: ExecutionContext): Promise<World> {
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
  const home = join(place.dir, 'home');
  mkdirSync(home);
  const config = join(place.dir, 'kubeconfig');
  writeFileSync(config, kubeconfig(`http://127.0.0.1:${port}`));
  const run: World['run'] = async (words, input = '') => {
    const env = { KUBECONFIG: config, HOME: home };
    return execa(kubectl, words, { input, reject: false, stripFinalNewline: false, timeout: 60_000, env });
  };
  const version = JSON.parse((await run(['version', '--client', '-o', 'json'])).stdout);
  return {
    minor: Number.parseInt(version.clientVersion.minor, 10),
    run,
    async say(words, input) {
      const { exitCode, stdout, stderr } = await run(words, input);
      t.is(exitCode, 0, `kubectl ${words.join(' ')}: ${stderr}`);
      return stdout + stderr;
    },
    async refused(words, input) {
      const { exitCode, stdout, stderr } = await run(words, input);
      t.is(exitCode, 1, `kubectl ${words.join(' ')}: ${stdout}`);
      return stderr;
    },
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

function set(labels: Record<string, string>, nets?: string[], name = 'a'): string {
  const head = { apiVersion: 'projectcalico.org/v3', kind: 'GlobalNetworkSet', metadata: { name, labels } };
  return JSON.stringify({ ...head, ...(nets && { spec: { nets } }) });
}

const applying = ['apply', '--server-side', '-f', '-'];
const one = ['globalnetworkset', 'a'];

async function managers(world: World): Promise<string[]> {
  const text = await world.say(['get', ...one, '-o', 'json', '--show-managed-fields']);
  const { managedFields = [] } = JSON.parse(text).metadata;
  return managedFields.map((m: { manager: string; operation: string }) => `${m.manager} ${m.operation}`).sort();
}

test.serial('kubectl apply --server-side makes, changes, conflicts and forces', async (t) => {
  await using world = await startWorld(t);
  t.is(
    await world.say(applying, set({ x: '1' }, ['10.0.0.0/8'])),
    'globalnetworkset.projectcalico.org/a serverside-applied\n',
  );
  const version = ['get', ...one, '-o', 'jsonpath={.metadata.resourceVersion}'];
  const before = await world.say(version);
  await world.say(applying, set({ x: '1' }, ['10.0.0.0/8']));
  t.is(await world.say(version), before, 'applying the same writes nothing');
  const other = [...applying, '--field-manager=other'];
  const conflict = await world.refused(other, set({ x: '2' }));
  t.regex(conflict, /Apply failed with 1 conflict: conflict with "kubectl": \.metadata\.labels\.x/);
  await world.say([...other, '--force-conflicts'], set({ x: '2' }));
  t.deepEqual(await managers(world), ['kubectl Apply', 'other Apply']);
  t.regex(
    await world.refused(applying, set({ x: '1' }, ['10.0.0.0/8'])),
    /conflict with "other": \.metadata\.labels\.x/,
  );
  // what is no longer applied goes, what somebody else has stays
  await world.say(applying, set({}, ['10.1.0.0/16']));
  t.is(await world.say(['get', ...one, '-o', 'jsonpath={.metadata.labels.x} {.spec.nets}']), '2 ["10.1.0.0/16"]');
  await world.say([...applying, '--dry-run=server'], set({}, ['10.2.0.0/16']));
  t.is(await world.say(['get', ...one, '-o', 'jsonpath={.spec.nets}']), '["10.1.0.0/16"]');
  await world.say(['patch', ...one, '--type=merge', '-p', '{"spec":{"nets":["10.3.0.0/16"]}}']);
  await world.say(['patch', ...one, '-p', '{"metadata":{"labels":{"strategic":"x"}}}']);
  await world.say(['patch', ...one, '--type=json', '-p', '[{"op":"add","path":"/metadata/labels/json","value":"x"}]']);
  t.true((await managers(world)).includes('kubectl-patch Update'));
  const plain = await world.say(['get', ...one, '-o', 'yaml']);
  if (world.minor >= 21) t.notRegex(plain, /managedFields/);
});

test.serial('kubectl diff --server-side tells what would change and who is in the way', async (t) => {
  await using world = await startWorld(t);
  await world.say(applying, set({ x: '1' }, ['10.0.0.0/8']));
  t.is((await world.run(['diff', '--server-side', '-f', '-'], set({ x: '1' }, ['10.0.0.0/8']))).exitCode, 0);
  const changed = await world.run(['diff', '--server-side', '-f', '-'], set({ x: '2' }, ['10.0.0.0/8']));
  t.is(changed.exitCode, 1, changed.stderr);
  t.regex(changed.stdout, /^\+ +x: "2"$/m);
  const other = await world.run(['diff', '--server-side', '--field-manager=other', '-f', '-'], set({ x: '2' }));
  t.true(other.exitCode! >= 1);
  t.regex(other.stderr, /conflict with "kubectl"/);
});

test.serial(
  'kubectl goes over from applying on its own side to the server’s, and its own list of owners is kept',
  async (t) => {
    await using world = await startWorld(t);
    await world.say(['apply', '-f', '-'], set({ x: '1', y: '1' }, ['10.0.0.0/8']));
    t.deepEqual(await managers(world), [], 'nobody is tracked before the first apply on the server');
    t.notRegex(await world.say(applying, set({ x: '2' }, ['10.0.0.0/8'])), /Warning|conflict/i);
    const owners = await managers(world);
    t.true(owners.includes('kubectl Apply'), owners.join());
    if (world.minor >= 26) {
      t.false(owners.includes('before-first-apply Update'), owners.join());
      t.is(await world.say(['get', ...one, '-o', 'jsonpath={.metadata.labels}']), '{"x":"2"}');
    }
    // and back: the annotation has been kept true
    await world.say(['apply', '-f', '-'], set({ x: '3' }, ['10.0.0.0/8']));
    await world.say([...applying, '--force-conflicts'], set({ x: '4' }, ['10.0.0.0/8']));
    t.is(await world.say(['get', ...one, '-o', 'jsonpath={.metadata.labels.x}']), '4');
  },
);

test.serial('kubectl apply --prune takes away what is not in the files any more', async (t) => {
  await using world = await startWorld(t);
  const list = (...names: string[]) =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: names.map((name) => JSON.parse(set({ set: 'p' }, ['10.0.0.0/8'], name))),
    });
  const prune = ['apply', '-f', '-', '--prune', '-l', 'set=p'];
  const allow =
    world.minor >= 26
      ? '--prune-allowlist=projectcalico.org/v3/GlobalNetworkSet'
      : '--prune-whitelist=projectcalico.org/v3/GlobalNetworkSet';
  await world.say([...prune, allow], list('a', 'b'));
  t.regex(await world.say([...prune, allow], list('b')), /globalnetworkset\.projectcalico\.org\/a pruned/);
  t.is(await world.say(['get', 'globalnetworksets', '-o', 'name']), 'globalnetworkset.projectcalico.org/b\n');
});

test.serial('kubectl tells what the server warns of', async (t) => {
  await using world = await startWorld(t);
  const spec = { selector: 'all()', ingress: [{ action: 'Allow' }, { action: 'Deny' }] };
  const policy = { apiVersion: 'projectcalico.org/v3', kind: 'GlobalNetworkPolicy', metadata: { name: 'p' }, spec };
  const { stderr } = await world.run(applying, JSON.stringify(policy));
  t.is(stderr, 'Warning: spec.ingress[1]: is never reached: spec.ingress[0] matches every packet\n');
  t.regex(
    await world.refused(['get', 'tiers', '--field-selector=spec.order=1']),
    /field label not supported: spec\.order/,
  );
});

test.serial('two writers of one object: kubectl tells the second which version there is', async (t) => {
  await using world = await startWorld(t);
  await world.say(['create', '-f', '-'], set({}, ['10.0.0.0/8']));
  const read = await world.say(['get', ...one, '-o', 'json']);
  await world.say(['label', ...one, 'a=1']);
  const now = await world.say(['get', ...one, '-o', 'jsonpath={.metadata.resourceVersion}']);
  t.regex(await world.refused(['replace', '-f', '-'], read), new RegExp(`Conflict.*resourceVersion is ${now}, not`));
});
