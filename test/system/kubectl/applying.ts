/** Steps of `apply` and `diff`, on the client and on the server. Each begins without the object. */
import type { Stage } from './stage.ts';
import { readsOpenApi3, type Step } from './step.ts';

export const applyingSteps: readonly Step[] = [
  { about: 'apply', run: apply },
  { about: 'apply --dry-run=server', since: readsOpenApi3, run: dryRun },
  { about: 'diff', since: readsOpenApi3, run: diff },
  { about: 'apply --prune', since: readsOpenApi3, run: prune },
  { about: 'apply --server-side', since: readsOpenApi3, run: serverSide },
];

async function apply({ say, hold, manifest, one, read, kind }: Stage): Promise<void> {
  const first = manifest({ annotations: { kept: '1', dropped: '1' } });
  await say(['apply', '-f', '-', '--dry-run=client'], { input: first, says: /created \(dry run\)/ });
  await say(['get', ...one], { code: 1, says: /NotFound/ });
  await say(['apply', '-f', '-'], { input: first, says: /created\n$/ });
  await say(['apply', '-f', '-'], { input: first, says: /unchanged\n$/ });
  await say(['annotate', ...one, 'foreign=1']);
  await say(['apply', '-f', '-'], { input: manifest({ annotations: { kept: '2' } }), says: /configured\n$/ });
  const changed = await read();
  const { metadata } = changed;
  const { kept, dropped, foreign } = metadata.annotations ?? {};
  hold(
    kept === '2' && dropped === undefined && foreign === '1',
    `three-way: ${JSON.stringify({ kept, dropped, foreign })}`,
  );
  hold(
    Object.keys(kind.example.spec ?? {}).every((field) => field in changed.spec),
    'apply lost a field of the spec',
  );
  await say(['apply', 'view-last-applied', ...one], { says: /kept: "2"/ });
  await say(['apply', 'set-last-applied', '-f', '-'], { input: first, says: /configured/ });
  await say(['apply', '-f', '-', '--force'], { input: first, says: /configured|unchanged/ });
}

async function dryRun({ say, manifest, one }: Stage): Promise<void> {
  await say(['apply', '-f', '-', '--dry-run=server'], { input: manifest(), says: /created \(server dry run\)/ });
  await say(['get', ...one], { code: 1, says: /NotFound/ });
  await say(['apply', '-f', '-'], { input: manifest() });
  await say(['apply', '-f', '-', '--dry-run=server'], {
    input: manifest({ annotations: { a: '1' } }),
    says: /configured \(server dry run\)/,
  });
  await say(['get', ...one, '-o', 'jsonpath={.metadata.annotations.a}'], { says: /^$/ });
}

async function diff({ say, manifest, one }: Stage): Promise<void> {
  await say(['diff', '-f', '-'], { input: manifest(), code: 1, says: /^\+kind: /m });
  await say(['apply', '-f', '-'], { input: manifest() });
  await say(['diff', '-f', '-'], { input: manifest(), says: /^$/ });
  await say(['diff', '-f', '-'], {
    input: manifest({ labels: { differing: 'yes' } }),
    code: 1,
    says: /^\+ +differing: "?yes"?/m,
  });
  await say(['get', ...one, '-o', 'jsonpath={.metadata.labels.differing}'], { says: /^$/ });
}

/** What the last set had and this one has not is deleted, within the label. */
async function prune({ say, manifest, another, one, kind, scope, qualified }: Stage): Promise<void> {
  const labels = { ...kind.example.metadata.labels, pruned: 'by-session' };
  const { group, version } = kind;
  const words = [
    'apply',
    '-f',
    '-',
    '--prune',
    '-l',
    'pruned=by-session',
    `--prune-allowlist=${group || 'core'}/${version}/${kind.kind}`,
  ];
  const second = another({ name: 'second', labels });
  if (second === undefined) return;
  const list = (...items: string[]) => `{"apiVersion":"v1","kind":"List","items":[${items.join()}]}`;
  await say([...words, ...scope], { input: list(manifest({ labels }), second), says: /created/ });
  await say([...words, ...scope], { input: list(second), says: /pruned\n/ });
  await say(['get', ...one], { code: 1, says: /NotFound/ });
  await say(['delete', qualified, 'second', ...scope]);
}

/** Managers own fields: another's are refused, unless taken by force. */
async function serverSide({ say, hold, manifest, one, read }: Stage): Promise<void> {
  const words = ['apply', '--server-side', '-f', '-'];
  const labelled = (value: string) => manifest({ labels: { owned: value } });
  await say(words, { input: labelled('1'), says: /serverside-applied\n$/ });
  await say(words, { input: labelled('1'), says: /serverside-applied\n$/ });
  await say(['diff', '--server-side', '-f', '-'], { input: labelled('1'), says: /^$/ });
  await say(['diff', '--server-side', '-f', '-'], { input: labelled('2'), code: 1, says: /owned: "2"/ });
  await say([...words, '--field-manager=other'], {
    input: labelled('2'),
    code: 1,
    says: /conflict with "kubectl"[\s\S]*\.metadata\.labels\.owned/,
  });
  await say([...words, '--field-manager=other', '--dry-run=server', '--force-conflicts'], {
    input: labelled('2'),
    says: /serverside-applied \(server dry run\)/,
  });
  hold((await read()).metadata.labels?.owned === '1', 'a conflict or a dry run was stored');
  await say([...words, '--field-manager=other', '--force-conflicts'], {
    input: labelled('2'),
    says: /serverside-applied/,
  });
  hold((await read()).metadata.labels?.owned === '2', 'force did not take the field');
  await say(['get', ...one, '-o', 'yaml', '--show-managed-fields'], { says: /manager: other/ });
  await say(words, { input: manifest({ labels: undefined }), says: /serverside-applied/ });
}
