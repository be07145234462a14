/** Steps that write one object: create, label, annotate, patch, edit, replace, the status. Each begins with the example as it is. */
import { keepsStatusApart } from '#appliance/datastore/resources/ref.ts';
import type { KindDefinition } from '#appliance/resources/define.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import { literal, type Stage } from './stage.ts';
import { readsOpenApi3, type Step } from './step.ts';

export const writingSteps: readonly Step[] = [
  { about: 'create', run: create },
  { about: 'create --dry-run=server', since: readsOpenApi3, run: dryRunServer },
  { about: 'unknown fields', since: readsOpenApi3, run: unknownFields },
  { about: 'generateName', run: generateName },
  { about: 'labels and annotations', run: labels },
  { about: 'patch', run: patch },
  { about: 'edit', run: edit },
  { about: 'replace', run: replace },
  { about: 'patch --subresource=status', since: 24, isFor: keepsStatusApart, run: patchStatus },
  { about: 'wait for a condition', since: 24, isFor: hasConditions, run: waitForCondition },
];

async function create({
  say,
  hold,
  manifest,
  world,
  kind,
  one,
  name,
  absent,
  read,
  printed,
  qualified,
}: Stage): Promise<void> {
  const file = world.file(`${kind.plural}.json`, manifest());
  await absent();
  await say(['create', '-f', file, '--dry-run=client'], { says: /created \(dry run\)/ });
  await say(['get', ...one], { code: 1, says: /NotFound/ });
  const created = new RegExp(`^${literal(printed)}/${literal(name)} created\n$`);
  await say(['create', '-f', file], { says: created });
  await say(['create', '-f', file], {
    code: 1,
    says: new RegExp(
      `^Error from server \\(AlreadyExists\\): error when creating "${literal(file)}": ${literal(qualified)} "${literal(name)}" already exists\n$`,
    ),
  });
  await absent();
  await say(['create', '-f', '-', '--save-config'], { input: manifest(), says: created });
  const { annotations } = (await read()).metadata;
  hold('kubectl.kubernetes.io/last-applied-configuration' in (annotations ?? {}), '--save-config saved nothing');
}

async function dryRunServer({ say, manifest, one, absent }: Stage): Promise<void> {
  await absent();
  await say(['create', '-f', '-', '--dry-run=server'], { input: manifest(), says: /created \(server dry run\)/ });
  await say(['get', ...one], { code: 1, says: /NotFound/ });
  const bad = manifest({ labels: { 'not a label': 'x' } });
  await say(['create', '-f', '-', '--dry-run=server'], { input: bad, code: 1, says: /is invalid|metadata\.labels/ });
}

async function unknownFields({ say, kind, manifest, absent }: Stage): Promise<void> {
  await absent();
  const whole = JSON.parse(manifest());
  const isWrapped = kind.members === undefined;
  const odd = JSON.stringify(
    isWrapped ? { ...whole, spec: { ...whole.spec, nonsense: 1 } } : { ...whole, nonsense: 1 },
  );
  const unknown = `unknown field "${isWrapped ? 'spec\\.' : ''}nonsense"`;
  const refused = new RegExp(`\\(BadRequest\\).*strict decoding error: ${unknown}`, 's');
  await say(['create', '-f', '-'], { input: odd, code: 1, says: refused });
  await say(['create', '-f', '-', '--validate=warn'], { input: odd, says: new RegExp(`Warning: ${unknown}\n`) });
  await absent();
  await say(['create', '-f', '-', '--validate=false'], { input: odd, says: /created\n$/ });
}

/** Kinds of which there is only one, or whose name follows from the spec, refuse. */
async function generateName({ say, hold, another, qualified, scope, manifest }: Stage): Promise<void> {
  const given = another({ generateName: 'made-' });
  if (given === undefined) {
    const named = JSON.parse(manifest({ name: undefined, generateName: 'made-' }));
    await say(['create', '-f', '-'], { input: JSON.stringify(named), code: 1, says: /is invalid|metadata\.name/ });
    return;
  }
  const made = (await say(['create', '-f', '-', '-o', 'name'], { input: given })).trim().split('/')[1] ?? '';
  hold(/^made-[a-z0-9]{5}$/.test(made), `the made name is ${made}`);
  await say(['apply', '-f', '-'], { input: given, code: 1, says: /generate name/ });
  await say(['delete', qualified, made, ...scope], { says: /deleted/ });
}

async function labels({ say, hold, one, qualified, scope, read }: Stage): Promise<void> {
  for (const [verb, member] of [
    ['label', 'labels'],
    ['annotate', 'annotations'],
  ] as const) {
    await say([verb, ...one, 'first=1', 'second=2']);
    await say([verb, ...one, 'first=3'], { code: 1, says: /--overwrite is false/ });
    await say([verb, ...one, 'first=3', '--overwrite']);
    await say([verb, ...one, 'second-']);
    await say([verb, ...one, 'dry=1', '--dry-run=client']);
    const given = (await read()).metadata[member] ?? {};
    hold(given.first === '3' && !('second' in given) && !('dry' in given), `${verb}: ${JSON.stringify(given)}`);
  }
  await say(['label', qualified, ...scope, '-l', 'first=3', 'third=x'], { says: /labeled/ });
  await say(['label', ...one, 'third=y', '--resource-version=1', '--overwrite'], {
    code: 1,
    says: /Conflict|the object has been modified/,
  });
  await say(['label', ...one, '--list'], { says: /third=x/ });
}

async function patch({ say, hold, one, kind, read, printed }: Stage): Promise<void> {
  const said = `${printed}/`;
  for (const type of ['merge', 'strategic']) {
    const body = JSON.stringify({ metadata: { annotations: { [type]: 'x' } } });
    await say(['patch', ...one, `--type=${type}`, '-p', body], { says: new RegExp(`^${literal(said)}.* patched`) });
    await say(['patch', ...one, `--type=${type}`, '-p', body], { says: /patched \(no change\)/ });
  }
  const operations = [{ op: 'add', path: '/metadata/annotations/json', value: 'x' }];
  await say(['patch', ...one, '--type=json', '-p', JSON.stringify(operations)], { says: /patched/ });
  const failing = [{ op: 'test', path: '/metadata/name', value: 'other' }];
  await say(['patch', ...one, '--type=json', '-p', JSON.stringify(failing)], { code: 1, says: /Invalid|invalid|test/ });
  const wrong = { metadata: { labels: { 'not a label': 'x' } } };
  await say(['patch', ...one, '--type=merge', '-p', JSON.stringify(wrong)], {
    code: 1,
    says: new RegExp(`^The ${kind.kind} ".*" is invalid:[\\s\\S]*metadata\\.labels`),
  });
  const gone = { metadata: { annotations: { merge: null } } };
  await say(['patch', ...one, '--type=merge', '-p', JSON.stringify(gone)]);
  const { annotations = {} } = (await read()).metadata;
  hold(
    !('merge' in annotations) && annotations.strategic === 'x' && annotations.json === 'x',
    `patched to ${JSON.stringify(annotations)}`,
  );
}

async function edit({ say, hold, one, read }: Stage): Promise<void> {
  await say(['annotate', ...one, 'edited=before']);
  await say(['edit', ...one], { env: { EDITOR: "sed -i 's/edited: before/edited: after/'" }, says: /edited\n/ });
  hold((await read()).metadata.annotations?.edited === 'after', 'edit changed nothing');
  await say(['edit', ...one], { env: { EDITOR: 'true' }, says: /no changes made/ });
}

async function replace({ say, hold, manifest, one, read, kind }: Stage): Promise<void> {
  const before = await read();
  const changed = {
    ...before,
    metadata: { ...before.metadata, labels: { ...before.metadata.labels, replaced: 'yes' } },
  };
  await say(['replace', '-f', '-'], { input: JSON.stringify(changed), says: /replaced\n/ });
  const after = await read();
  hold(
    after.metadata.uid === before.metadata.uid && after.metadata.labels?.replaced === 'yes',
    'replace kept no identity',
  );
  const rest = ({ metadata: _, ...others }: Resource) => JSON.stringify(others);
  hold(rest(after) === rest(before), 'replace changed more than metadata');
  await say(['replace', '-f', '-'], {
    input: JSON.stringify(before),
    code: 1,
    says: /^Error from server \(Conflict\): error when replacing "STDIN": the resource has changed: /,
  });
  await say(['replace', '-f', '-'], { input: manifest(), says: /replaced\n/ });
  await say(['replace', '--force', '-f', '-'], { input: manifest(), says: /replaced\n/ });
  hold((await read()).metadata.uid !== before.metadata.uid, `${kind.kind} is the same after replace --force`);
  await say(['get', ...one]);
}

async function patchStatus({ say, hold, one, read }: Stage): Promise<void> {
  const before = await read();
  const body = JSON.stringify({ metadata: { labels: { meddled: 'yes' } }, spec: { nonsense: 1 }, status: {} });
  await say(['patch', ...one, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status: {} })], {
    says: /patched/,
  });
  await say(['patch', ...one, '--subresource=status', '--type=merge', '-p', body], {
    code: 1,
    says: /unknown field|BadRequest|Invalid|invalid/,
  });
  const after = await read();
  hold(
    after.metadata.labels?.meddled === undefined && JSON.stringify(after.spec) === JSON.stringify(before.spec),
    'a patch of the status changed more',
  );
}

function hasConditions(kind: KindDefinition): boolean {
  return keepsStatusApart(kind) && kind.status?.properties.conditions !== undefined;
}

async function waitForCondition({ say, one }: Stage): Promise<void> {
  const condition = {
    type: 'Ready',
    status: 'True',
    reason: 'Session',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  await say([
    'patch',
    ...one,
    '--subresource=status',
    '--type=merge',
    '-p',
    JSON.stringify({ status: { conditions: [condition] } }),
  ]);
  await say(['wait', ...one, '--for=condition=Ready', '--timeout=10s'], { says: /condition met/ });
  await say(['wait', ...one, '--for=condition=Ready=false', '--timeout=1s'], { code: 1, says: /timed out waiting/ });
}
