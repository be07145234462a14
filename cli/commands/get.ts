/** `calicoctl get`: resources as tables, documents or by template; whole kinds, by name, those a file names, and as they change. I/O. */
import { AppError, hasCode } from '#appliance/lib/errors.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import type { ApiClient, ListChoice, ListPage } from '../client.ts';
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type CliErrorCode, cliError, errorText, exitCodeOfAll, exitCodes, usageError } from '../errors.ts';
import { countFlag, isByFile, isSet, listChoiceOf, revisionFlag, textFlag } from '../flags.ts';
import { getFlags } from '../get/flags.ts';
import { createPrinter, type Group, type Printer } from '../get/printer.ts';
import { findKinds, findNamed } from '../input/targets.ts';
import { type KindRef, kindRefs } from '../kind-refs.ts';
import { listNamespace, namespaceChoice } from '../namespace.ts';
import { withoutClusterFields } from '../output/document.ts';
import { parseFormat } from '../output/format.ts';
import { type Named, runEach } from '../run-each.ts';
import { withClient } from '../session.ts';

export const getCommand: Command = {
  usage: '(KIND[,KIND...] [NAME...] | KIND/NAME... | all | -f PATH) [flags]',
  description: `Shows resources. Several names give a table each, or one with --single-table; -o yaml and -o json give what apply takes.
'all' (or 'calico') is every kind. Before the command's name -l is the log level; here it selects by labels.`,
  flags: getFlags,
  examples: [
    'calicoctl get nodes -o wide',
    'calicoctl get networkpolicy allow-web -n shop -o yaml --export',
    'calicoctl get hep -l role=edge -w',
    'calicoctl get gnp,tiers --sort-by .spec.order',
    'calicoctl get hep -o custom-columns=NAME,IPS',
    'calicoctl get hep -o jsonpath=\'{range .items[*]}{.metadata.name}{"\\n"}{end}\'',
    'calicoctl get gnp --at-revision 1200',
  ],
  positionals: { min: 0, max: Number.POSITIVE_INFINITY },
  run,
};

async function run(context: CliContext, positionals: readonly string[], given: FlagValues): Promise<number> {
  const flags = isSet(given, 'a') ? { ...given, allNamespaces: true } : given;
  const format = parseFormat(textFlag(flags, 'output'));
  const isWatch = isSet(flags, 'watch') || isSet(flags, 'watchOnly');
  if (isByFile('get', positionals, flags)) {
    if (isWatch) throw usageError('--watch takes a kind, not files');
    const { readManifests } = await import('../input/manifests.ts');
    return showNamed(context, flags, await createPrinter(context, flags, format), await readManifests(context, flags));
  }
  const isNamed = positionals.length > 1 || positionals[0]?.includes('/') === true;
  if (isWatch) {
    const { watchResources } = await import('../get/watch.ts');
    return watchResources(context, flags, format, positionals);
  }
  const printer = await createPrinter(context, flags, format);
  if (isNamed) return showNamed(context, flags, printer, await findNamed(context, flags, positionals));
  return showLists(context, flags, printer, positionals[0] ?? '');
}

/** All resources of one kind or several: a table each, or one document. */
async function showLists(context: CliContext, flags: FlagValues, printer: Printer, words: string): Promise<number> {
  const kinds = await findKinds(context, flags, words);
  const sort = await createSort(textFlag(flags, 'sortBy'));
  const choices = kinds.flatMap((kind) => listChoice(kind, flags, kinds.length > 1) ?? []);
  await printer.check(choices.map(({ kind }) => kind));
  return withClient(context, flags, async (client) => {
    const [only] = choices;
    if (only !== undefined && printer.printPages !== undefined && kinds.length === 1 && isStoreOrder(only.kind, sort)) {
      await printer.printPages(only.kind, tellingPages(client.pages(only.kind, only.choice)));
      return exitCodes.ok;
    }
    const groups: Group[] = [];
    for (const { kind, choice } of choices) {
      const { resourceVersion, items } = await listResources(client, kind, choice);
      const shown = sort(kind, items);
      if (kinds.length > 1 && shown.length === 0 && isEveryKind(kinds)) continue;
      groups.push({ kind, items: shown, resourceVersion, ...serverTable(kind, choice, sort !== byNature) });
    }
    if (groups.length === 0 && !printer.isWhole) context.err('No resources found\n');
    await printer.print(client, groups);
    return exitCodes.ok;
  });
}

function isEveryKind(kinds: readonly KindRef[]): boolean {
  return kinds.length >= kindRefs.length;
}

/** Among several kinds, `-n` and `-A` are for those that have namespaces. */
function listChoice(kind: KindRef, flags: FlagValues, isOneOfMany: boolean) {
  const scope = isOneOfMany && !kind.isNamespaced ? { namespace: undefined, isAll: false } : namespaceChoice(flags);
  const revision = revisionFlag(flags, 'atRevision', '--at-revision');
  const choice: ListChoice = {
    namespace: listNamespace(kind, scope),
    revision,
    ...listChoiceOf(flags),
    limit: countFlag(flags, 'limit', '--limit') || undefined,
    chunkSize: countFlag(flags, 'chunkSize', '--chunk-size'),
  };
  return { kind, choice };
}

/** Where the server prints the table of a kind this client knows nothing of. */
function serverTable(kind: KindRef, choice: ListChoice, isSorted: boolean): { tablePath?: string } {
  if (kind.isDiscovered !== true || isSorted) return {};
  const root = kind.apiVersion?.includes('/') ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`;
  const scope = kind.isNamespaced && choice.namespace !== undefined ? `/namespaces/${choice.namespace}` : '';
  const query = new URLSearchParams();
  for (const name of ['labelSelector', 'fieldSelector'] as const) if (choice[name]) query.set(name, choice[name]);
  return { tablePath: `${root}${scope}/${kind.plural}?${query}` };
}

async function listResources(client: ApiClient, kind: KindRef, choice: ListChoice) {
  return client.list(kind, choice).catch(failToGet);
}

async function* tellingPages(pages: AsyncIterable<ListPage>): AsyncGenerator<ListPage> {
  try {
    yield* pages;
  } catch (error) {
    failToGet(error);
  }
}

function failToGet(error: unknown): never {
  if (!(error instanceof AppError)) throw error;
  throw cliError(error.code as CliErrorCode, `failed to get resources: ${error.message}`);
}

type Sort = (kind: KindRef, items: readonly Resource[]) => readonly Resource[];

async function createSort(path: string | undefined): Promise<Sort> {
  if (path === undefined) return byNature;
  const { sortByPath } = await import('../get/sort.ts');
  const sorted = sortByPath(path);
  return (_kind, items) => sorted(items);
}

const tierKind = 'Tier';

/** True when the resources are shown as the store has them, so that the first can be printed before the last is there. */
function isStoreOrder(kind: KindRef, sort: Sort): boolean {
  return sort === byNature && kind.kind !== tierKind;
}

/** Tiers in the order they are evaluated, one without an order last; all others as the store has them. */
const byNature: Sort = (kind, items) =>
  kind.kind === tierKind ? items.toSorted((a, b) => orderOf(a) - orderOf(b)) : items;

function orderOf(resource: Resource): number {
  const { order } = resource.spec;
  return typeof order === 'number' ? order : Number.MAX_VALUE;
}

/** Resources by name: those that were found, then a line per error. */
async function showNamed(
  context: CliContext,
  flags: FlagValues,
  printer: Printer,
  targets: readonly Named[],
): Promise<number> {
  const revision = revisionFlag(flags, 'atRevision', '--at-revision');
  if (textFlag(flags, 'selector') !== undefined || textFlag(flags, 'fieldSelector') !== undefined) {
    throw usageError('selectors cannot be used with names');
  }
  const sort = await createSort(textFlag(flags, 'sortBy'));
  await printer.check(targets.map((target) => target.kind));
  return withClient(context, flags, async (client) => {
    const found = new Map<Named, Resource>();
    const outcomes = await runEach(targets, async (target) => {
      const { kind, name, namespace } = target;
      if (name === '') throw cliError('CLI_INVALID', 'resource name may not be empty');
      const resource = await client.get(kind, name, namespace, revision);
      found.set(target, isSet(flags, 'export') ? withoutClusterFields(resource) : resource);
    });
    const inOrder = targets.filter((target) => found.has(target));
    const each = inOrder.map((target): Group => ({ kind: target.kind, items: [found.get(target)!] }));
    const isJoined = isSet(flags, 'singleTable') || textFlag(flags, 'sortBy') !== undefined;
    if (each.length > 0) await printer.print(client, isJoined ? joinGroups(each, sort) : each);
    const errors = outcomes.flatMap(({ error }) => (error === undefined || isIgnored(error, flags) ? [] : [error]));
    for (const error of errors) context.err(`${errorText(error)}\n`);
    return exitCodeOfAll(errors, found.size);
  });
}

function isIgnored(error: unknown, flags: FlagValues): boolean {
  return isSet(flags, 'ignoreNotFound') && hasCode(error, 'CLI_NOT_FOUND');
}

/** One group a kind, in the order the kinds were first named. */
function joinGroups(groups: readonly Group[], sort: Sort): Group[] {
  const byKind = Map.groupBy(groups, ({ kind }) => kind);
  return [...byKind].map(([kind, members]) => ({
    kind,
    items: sort(
      kind,
      members.flatMap(({ items }) => items),
    ),
  }));
}
