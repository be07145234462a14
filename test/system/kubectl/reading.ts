/** Steps that read: every form of `get`, `describe` and `explain`. The object is there when they begin. */
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { keepsStatusApart } from '#appliance/datastore/resources/ref.ts';
import { calicoGroup, membersOf } from '#appliance/resources/define.ts';
import { literal, type Stage } from './stage.ts';
import { readsOpenApi3, type Step } from './step.ts';

export const readingSteps: readonly Step[] = [
  { about: 'tables', run: tables },
  { about: 'outputs', run: outputs },
  { about: 'selection', run: selection },
  { about: 'names of the kind', run: names },
  { about: 'describe', run: describe },
  { about: 'explain', since: readsOpenApi3, run: explain },
  { about: 'get --subresource=status', since: 24, isFor: keepsStatusApart, run: status },
];

async function tables({ say, hold, qualified, one, kind, name, scope }: Stage): Promise<void> {
  const head = (text: string) => text.split('\n')[0]!.trim().split(/ {2,}/);
  const columns = (wide: boolean) =>
    kind.tableColumns.filter(({ priority }) => wide || priority === 0).map((column) => column.name.toUpperCase());
  const plain = await say(['get', qualified, ...scope], { says: new RegExp(`^${literal(name)}( |$)`, 'm') });
  hold(head(plain).join() === columns(false).join(), `columns ${head(plain)} instead of ${columns(false)}`);
  const wide = await say(['get', ...one, '-o', 'wide'], { says: new RegExp(`^${literal(name)}( |$)`, 'm') });
  hold(head(wide).join() === columns(true).join(), `wide columns ${head(wide)} instead of ${columns(true)}`);
  await say(['get', ...one, '--show-labels'], { says: /LABELS\n/ });
  await say(['get', ...one, '-L', 'role'], { says: /ROLE\n/ });
  await say(['get', ...one, '--no-headers'], { says: new RegExp(`^${literal(name)}( |\\n)`) });
  const all = await say(['get', qualified, '-A'], { says: new RegExp(`${literal(name)}( |$)`, 'm') });
  if (kind.isNamespaced) hold(/^NAMESPACE +NAME/.test(all), `-A shows no namespaces: ${all}`);
}

async function outputs({ say, hold, one, name, kind, path, read, printed }: Stage): Promise<void> {
  const object = await read();
  hold(object.kind === kind.kind && object.metadata.name === name, 'JSON of another object');
  const { uid } = object.metadata;
  const yaml = parse(await say(['get', ...one, '-o', 'yaml']));
  hold(isDeepStrictEqual(yaml, object), 'YAML and JSON differ');
  const told = async (output: string, expected: string) => {
    const text = await say(['get', ...one, '-o', output]);
    hold(text === expected, `-o ${output}: ${JSON.stringify(text)} instead of ${JSON.stringify(expected)}`);
  };
  await told('name', `${printed}/${name}\n`);
  await told('jsonpath={.metadata.uid}', `${uid}`);
  await told('go-template={{.metadata.name}} {{.kind}}', `${name} ${kind.kind}`);
  await say(['get', ...one, '-o', 'custom-columns=N:.metadata.name,U:.metadata.uid'], {
    says: new RegExp(`^N +U\n${literal(name)} +${uid}\n$`),
  });
  const raw = JSON.parse((await say(['get', '--raw', path])) || '{}');
  hold(raw.metadata?.uid === uid, 'get --raw tells another object');
}

async function selection({ say, hold, one, qualified, scope, name, printed }: Stage): Promise<void> {
  await say(['label', ...one, 'kubectl-session=here', '--overwrite']);
  const named = `${printed}/${name}\n`;
  const pick = async (words: readonly string[], expected: string) => {
    const text = await say(['get', qualified, ...scope, '-o', 'name', ...words]);
    hold(text === expected, `get ${words.join(' ')}: ${JSON.stringify(text)} instead of ${JSON.stringify(expected)}`);
  };
  await pick(['-l', 'kubectl-session=here'], named);
  await pick(['-l', 'kubectl-session in (here, there),kubectl-session'], named);
  await pick(['-l', 'kubectl-session=there'], '');
  await pick(['-l', 'kubectl-session', '--field-selector', `metadata.name=${name}`], named);
  await pick(['-l', 'kubectl-session', '--field-selector', `metadata.name!=${name}`], '');
  await say(['get', qualified, ...scope, '--field-selector', 'spec.nonsense=1'], {
    code: 1,
    says: /BadRequest.*field label not supported: spec\.nonsense/s,
  });
  await say(['get', qualified, ...scope, '-l', 'kubectl-session=there'], { says: /No resources found/ });
  await say(['get', qualified, ...scope, '--sort-by', '.metadata.name'], { says: new RegExp(literal(name)) });
  await say(['get', qualified, ...scope, '--chunk-size', '1'], { says: new RegExp(literal(name)) });
}

async function names({ say, kind, name, scope, qualified, printed }: Stage): Promise<void> {
  const { group, version } = kind;
  const words = [
    kind.plural,
    kind.singular,
    kind.kind,
    ...kind.shortNames,
    printed,
    ...(group === '' ? [] : [`${kind.kind}.${version}.${group}`]),
  ];
  for (const word of words)
    await say(['get', word, name, ...scope, '-o', 'name'], {
      says: new RegExp(`^${literal(printed)}/`),
    });
  await say(['get', `${qualified}/${name}`, ...scope, '-o', 'name']);
  await say(['get', qualified, 'not-there', ...scope], {
    code: 1,
    says: new RegExp(`^Error from server \\(NotFound\\): ${literal(qualified)} "not-there" not found\n$`),
  });
  await say(['get', qualified, 'not-there', ...scope, '--ignore-not-found'], { says: /^$/ });
}

/** Kinds of Kubernetes are described by what kubectl knows of them. */
async function describe({ say, one, name, kind }: Stage): Promise<void> {
  const is = `^API Version: +${literal(kind.example.apiVersion)}\n^Kind: +${kind.kind}\n[\\s\\S]*^Events: +<none>\n$`;
  const rest = kind.group === calicoGroup ? `[\\s\\S]*${is}` : '';
  await say(['describe', ...one], { says: new RegExp(`^Name: +${literal(name)}\n${rest}`, 'm') });
}

async function explain({ say, hold, qualified, kind }: Stage): Promise<void> {
  const plain = await say(['explain', qualified], { says: new RegExp(`KIND: +${kind.kind}\n`) });
  hold(
    plain.replaceAll(/\s+/g, ' ').includes(kind.description.replaceAll(/\s+/g, ' ')),
    'explain does not describe the kind',
  );
  const isWrapped = kind.members === undefined;
  const [field] = Object.keys(isWrapped ? kind.spec.properties : membersOf(kind));
  await say(['explain', qualified, '--recursive'], { says: new RegExp(`^ *${field ?? 'spec'}\t<`, 'm') });
  if (field === undefined) return;
  const within = isWrapped ? `${qualified}.spec` : qualified;
  const one = await say(['explain', `${within}.${field}`], { says: new RegExp(`FIELD: ${field}`) });
  hold(!/<empty>/.test(one), `${within}.${field} is not explained`);
  await say(['explain', `${within}.nonsense`], { code: 1, says: /field "nonsense" does not exist/ });
}

async function status({ say, one, kind }: Stage): Promise<void> {
  await say(['get', ...one, '--subresource=status', '-o', 'json'], { says: new RegExp(`"kind": "${kind.kind}"`) });
}
