/** calicoctl against the real API server, a process of its own: every kind's life, a large file, and what the server refuses. */
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { KindDefinition } from '#appliance/resources/define.ts';
import { calicoctlKinds } from '#appliance/resources/registry.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import { manifestOf, startWorld, type World } from './real-server.ts';

const created = (kind: string) => `Successfully created 1 '${kind}' resource(s)\n`;

test('every kind can be created, read, applied, replaced, labelled, patched and deleted', async (t) => {
  await using world = await startWorld();
  await world.ctl(['create', '-f', '-'], manifestOf('BGPFilter', 'pools-only', {}));
  const writable = calicoctlKinds.filter((kind) => kind.isReadOnly !== true);
  // A peer needs the filter it names, so filters go last: each kind's objects are gone after its turn.
  const filtersLast = writable.toSorted((a, b) => Number(a.kind === 'BGPFilter') - Number(b.kind === 'BGPFilter'));
  for (const kind of filtersLast) await liveThrough(t, world, kind);
});

async function liveThrough(t: ExecutionContext, world: World, kind: KindDefinition): Promise<void> {
  const { example, plural } = kind;
  const { name, namespace } = example.metadata;
  const scope = namespace === undefined ? [] : ['-n', namespace];
  const say = async (words: readonly string[], input?: string) => {
    const run = await world.ctl(words, input);
    t.is(run.stderr, '', `${kind.kind}: ${words.join(' ')}`);
    t.is(run.exitCode, 0, `${kind.kind}: ${words.join(' ')}`);
    return run.stdout;
  };
  const read = async () => JSON.parse(await say(['get', plural, name, ...scope, '-o', 'json'])) as Resource;
  const text = JSON.stringify(example);

  await world.ctl(['delete', plural, name, ...scope, '-s']);
  t.is(await say(['create', '-f', '-'], text), created(kind.kind));
  const first = await read();
  await say(['apply', '-f', '-'], text);
  t.is(
    (await read()).metadata.resourceVersion,
    first.metadata.resourceVersion,
    `${kind.kind}: apply wrote what was there`,
  );
  await say(['apply', '-f', '-'], await say(['get', plural, name, ...scope, '-o', 'yaml']));
  const annotated = { ...example, metadata: { ...example.metadata, annotations: { note: 'x' } } };
  await say(['replace', '-f', '-'], JSON.stringify(annotated));
  t.is((await read()).metadata.annotations?.note, 'x', kind.kind);
  t.is(
    await say(['label', plural, name, 'a=1', 'b=2', ...scope]),
    `Successfully set label a on ${plural} ${name}\nSuccessfully set label b on ${plural} ${name}\n`,
  );
  await say(['patch', plural, name, ...scope, '-t', 'merge', '-p', '{"metadata":{"labels":{"a":null}}}']);
  const last = await read();
  t.deepEqual(
    [last.metadata.labels?.a, last.metadata.labels?.b, last.metadata.uid],
    [undefined, '2', first.metadata.uid],
  );
  t.true((await say(['get', plural, ...scope, '-o', 'wide'])).includes(name), kind.kind);
  t.is(await say(['delete', plural, name, ...scope]), `Successfully deleted 1 '${kind.kind}' resource(s)\n`);
  t.is((await world.ctl(['get', plural, name, ...scope])).exitCode, 4, kind.kind);
}

test('a file of a thousand policies is applied at once, and again without a write', async (t) => {
  await using world = await startWorld();
  const file = join(world.directory, 'policies.yaml');
  const policies = Array.from({ length: 1000 }, (_, i) =>
    manifestOf('GlobalNetworkPolicy', `p${i}`, {
      order: i,
      selector: `app == "a${i}"`,
      ingress: [{ action: 'Allow' }],
    }),
  );
  writeFileSync(file, policies.join('\n---\n'));
  for (const expected of [
    "Successfully applied 1000 'GlobalNetworkPolicy' resource(s)\n",
    "Successfully applied 1000 'GlobalNetworkPolicy' resource(s)\n",
  ]) {
    t.is((await world.process(['apply', '-f', file])).stdout, expected);
  }
  const list = JSON.parse((await world.process(['get', 'gnp', '-o', 'json'])).stdout) as {
    items: Resource[];
    metadata: { resourceVersion: string };
  };
  t.is(list.items.length, 1000);
  const newest = Math.max(...list.items.map((item) => Number(item.metadata.resourceVersion)));
  t.is(newest, Number(list.metadata.resourceVersion));
});

test('history names each version and what it changed; diff and get show any of them', async (t) => {
  await using world = await startWorld();
  const version = (action: string, labels: object = {}) =>
    JSON.stringify({
      apiVersion: 'projectcalico.org/v3',
      kind: 'GlobalNetworkPolicy',
      metadata: { name: 'web', labels },
      spec: { selector: 'all()', ingress: [{ action, protocol: 'TCP' }] },
    });
  await world.ctl(['create', '-f', '-'], version('Allow'));
  await world.ctl(['apply', '-f', '-'], version('Deny', { 'team/of': 'a' }));
  await world.ctl(['apply', '-f', '-'], version('Deny'));
  await world.ctl(['delete', 'gnp', 'web']);
  await world.ctl(['create', '-f', '-'], version('Log'));

  const table = (await world.ctl(['history', 'gnp', 'web'])).stdout
    .split('\n')
    .map((line) => line.trim().split(/ {3,}/));
  t.deepEqual(table[0], ['REVISION', 'CHANGE', 'FIELDS']);
  const rows = table.slice(1, 6);
  t.deepEqual(
    rows.map((row) => row.slice(1)),
    [
      ['created'],
      ['updated', 'metadata.labels["team/of"], spec.ingress[0].action'],
      ['updated', 'metadata.labels["team/of"]'],
      ['deleted'],
      ['created'],
    ],
  );
  const [first = '', second = '', third = '', deleted = '', last = ''] = rows.map((row) => row[0]!);
  const full = JSON.parse((await world.ctl(['history', 'gnp', 'web', '-o', 'json', '--limit', '2'])).stdout);
  t.deepEqual(
    full.items.map((item: { change: string }) => item.change),
    ['deleted', 'created'],
  );

  const diff = await world.ctl(['diff', 'gnp', 'web', '--revision', first, '--to', third]);
  t.is(diff.exitCode, 1);
  t.deepEqual(
    diff.stdout.split('\n').filter((line) => /^[-+]/.test(line)),
    [
      `--- GlobalNetworkPolicy(web) at revision ${first}`,
      `+++ GlobalNetworkPolicy(web) at revision ${third}`,
      '-  - action: Allow',
      '+  - action: Deny',
    ],
  );
  const gone = await world.ctl(['diff', 'gnp', 'web', '--revision', third, '--to', deleted]);
  t.is(gone.exitCode, 1);
  t.notRegex(gone.stdout, /^\+[^+]/m);
  t.deepEqual(await world.ctl(['diff', 'gnp', 'web', '--revision', last]), { exitCode: 0, stdout: '', stderr: '' });
  t.is((await world.ctl(['diff', 'gnp', 'nobody', '--revision', last])).exitCode, 4);

  const old = await world.ctl(['get', 'gnp', 'web', '--at-revision', second, '-o', 'json']);
  t.is(JSON.parse(old.stdout).spec.ingress[0].action, 'Deny');
  t.is((await world.ctl(['get', 'gnp', '--at-revision', deleted])).stdout, 'NAME   TIER   \n\n');
  t.is((await world.ctl(['get', 'gnp', 'web', '--at-revision', deleted])).exitCode, 4);
  const future = await world.ctl(['get', 'gnp', 'web', '--at-revision', String(Number(last) + 1)]);
  t.is(future.exitCode, 1);
  t.regex(future.stderr, /revision/);
  t.is((await world.ctl(['get', 'gnp', '--at-revision', 'x'])).exitCode, 2);
});

test('the server refuses with reasons that reach the reader', async (t) => {
  await using world = await startWorld();
  const missingTier = await world.ctl(['create', '-f', '-'], manifestOf('GlobalNetworkPolicy', 'x', { tier: 'none' }));
  t.regex(missingTier.stderr, /resource does not exist: Tier\(none\)/);
  const pool = (name: string, cidr: string) => manifestOf('IPPool', name, { cidr });
  await world.ctl(['create', '-f', '-'], pool('a', '10.0.0.0/16'));
  const overlap = await world.ctl(['create', '-f', '-'], pool('b', '10.0.1.0/24'));
  t.is(overlap.exitCode, 1);
  t.regex(overlap.stderr, /^failed to create 'IPPool' resource: \[error with field spec\.cidr.*overlap/);
  const tier = await world.ctl(['delete', 'tier', 'default']);
  t.is(tier.exitCode, 1);
  t.regex(tier.stderr, /^Failed to delete 'Tier' resource: operation delete is not supported on Tier\(default\)/);
});

test('owners of fields are not printed, and what has owners can be applied over', async (t) => {
  await using world = await startWorld();
  const spec = { order: 1, selector: 'all()', ingress: [{ action: 'Allow' }, { action: 'Deny' }] };
  const made = await world.ctl(['apply', '-f', '-'], manifestOf('GlobalNetworkPolicy', 'p', spec));
  t.is(made.exitCode, 0, made.stderr);
  t.regex(made.stderr, /Warning: spec\.ingress\[1\]: is never reached: spec\.ingress\[0\] matches every packet/);
  const body = JSON.stringify({ spec: { order: 2 } });
  const applied = await new Promise<number>((resolve, reject) => {
    const socketPath = join(world.directory, 'run/api.sock');
    const path = '/apis/projectcalico.org/v3/globalnetworkpolicies/p?fieldManager=m&force=true';
    const headers = { 'content-type': 'application/apply-patch+yaml' };
    const request = http.request({ socketPath, path, method: 'PATCH', headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    });
    request.on('error', reject).end(body);
  });
  t.is(applied, 200);
  for (const output of ['yaml', 'json']) {
    const { stdout } = await world.ctl(['get', 'gnp', 'p', '-o', output]);
    t.regex(stdout, /order"?: 2/);
    t.notRegex(stdout, /managedFields/);
  }
  const again = await world.ctl(['apply', '-f', '-'], manifestOf('GlobalNetworkPolicy', 'p', { ...spec, order: 3 }));
  t.is(again.exitCode, 0, 'what has owners can be replaced');
});
