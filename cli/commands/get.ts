/** `calicoctl get`: resources as a table, YAML or JSON; all of a kind, by name, or those a file names. I/O. */
import { AppError } from '#appliance/lib/errors.ts';
import type { Column } from '#appliance/resources/define.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import type { ApiClient, ResourceList } from '../client.ts';
import { readColumnContext } from '../column-context.ts';
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type CliErrorCode, cliError, errorText, exitCodeOfAll, exitCodes } from '../errors.ts';
import { connectionFlags, fileFlags, isSet, namespaceFlag, revisionFlag, textFlag } from '../flags.ts';
import { isByFile, namedResources } from '../input/named.ts';
import type { KindRef } from '../kind-refs.ts';
import { kindByWord } from '../kinds.ts';
import { listNamespace, namespaceChoice } from '../namespace.ts';
import { printDocument, withoutClusterFields } from '../output/document.ts';
import { type Format, parseFormat } from '../output/format.ts';
import { columnsOf, printTable, type TableOptions } from '../output/table.ts';
import { type Named, runEach } from '../run-each.ts';
import { withClient } from '../session.ts';

export const getCommand: Command = {
  usage: '(KIND [NAME...] | -f PATH) [flags]',
  description: 'Shows resources. Several names give a table each; -o yaml and -o json give what apply takes.',
  flags: [
    {
      flags: '-o, --output <format>',
      description: 'ps (default), wide, yaml, json or custom-columns=HEADING,HEADING',
    },
    { flags: '-A, --all-namespaces', description: 'list all namespaces' },
    { flags: '-a', description: 'the same as -A', isHidden: true },
    { flags: '--at-revision <revision>', description: 'as it was at this revision of the store' },
    { flags: '--export', description: 'leave out what belongs to this cluster; only for resources given by name' },
    ...fileFlags,
    namespaceFlag,
    ...connectionFlags,
  ],
  examples: [
    'calicoctl get nodes -o wide',
    'calicoctl get networkpolicy allow-web -n shop -o yaml --export',
    'calicoctl get hep -o custom-columns=NAME,IPS',
    'calicoctl get gnp --at-revision 1200',
  ],
  positionals: { min: 0, max: Number.POSITIVE_INFINITY },
  run,
};

async function run(context: CliContext, positionals: readonly string[], given: FlagValues): Promise<number> {
  const flags = isSet(given, 'a') ? { ...given, allNamespaces: true } : given;
  const format = parseFormat(textFlag(flags, 'output'));
  if (isByFile('get', positionals, flags)) {
    const { readManifests } = await import('../input/manifests.ts');
    return showNamed(context, flags, format, await readManifests(context, flags));
  }
  if (positionals.length > 1) return showNamed(context, flags, format, namedResources(positionals, flags));
  return showList(context, flags, format, positionals[0] ?? '');
}

/** All resources of a kind: one table, or one typed list. */
async function showList(context: CliContext, flags: FlagValues, format: Format, word: string): Promise<number> {
  const kind = kindByWord(word);
  const namespace = listNamespace(kind, namespaceChoice(flags));
  const revision = revisionFlag(flags, 'atRevision', '--at-revision');
  const columns = await columnsFor(kind, format);
  return withClient(context, flags, async (client) => {
    const { resourceVersion, items: found } = await listResources(client, kind, namespace, revision);
    const items = kind.kind === 'Tier' ? found.toSorted(compareOrder) : found;
    if (isDocument(format)) {
      const apiVersion = 'projectcalico.org/v3';
      const list = { kind: `${kind.kind}List`, apiVersion, metadata: { resourceVersion }, items };
      await printDocument(context, format.type, list);
    } else {
      context.out(printTable(columns, items, await tableOptions(client, flags, kind, columns)));
    }
    return exitCodes.ok;
  });
}

async function listResources(
  client: ApiClient,
  kind: KindRef,
  namespace: string | undefined,
  revision: string | undefined,
): Promise<ResourceList> {
  try {
    return await client.list(kind, namespace, revision);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw cliError(error.code as CliErrorCode, `failed to get resources: ${error.message}`);
  }
}

/** Resources by name: those that were found, then a line per error. */
async function showNamed(
  context: CliContext,
  flags: FlagValues,
  format: Format,
  targets: readonly Named[],
): Promise<number> {
  const revision = revisionFlag(flags, 'atRevision', '--at-revision');
  for (const target of targets) await columnsFor(target.kind, format);
  return withClient(context, flags, async (client) => {
    const found = new Map<Named, Resource>();
    const outcomes = await runEach(targets, async (target) => {
      const { kind, name, namespace } = target;
      if (name === '') throw cliError('CLI_INVALID', 'resource name may not be empty');
      const resource = await client.get(kind, name, namespace, revision);
      found.set(target, isSet(flags, 'export') ? withoutClusterFields(resource) : resource);
    });
    const inOrder = targets.filter((target) => found.has(target));
    if (isDocument(format))
      await printFound(
        context,
        format.type,
        inOrder.map((target) => found.get(target)),
      );
    else for (const target of inOrder) await printOne(context, client, flags, format, target, found.get(target)!);
    const errors = outcomes.flatMap(({ error }) => (error === undefined ? [] : [error]));
    for (const error of errors) context.err(`${errorText(error)}\n`);
    return exitCodeOfAll(errors, found.size);
  });
}

async function printFound(context: CliContext, type: 'json' | 'yaml', resources: readonly unknown[]): Promise<void> {
  if (resources.length > 0) await printDocument(context, type, resources.length === 1 ? resources[0] : resources);
}

async function printOne(
  context: CliContext,
  client: ApiClient,
  flags: FlagValues,
  format: Format,
  target: Named,
  resource: Resource,
): Promise<void> {
  const columns = await columnsFor(target.kind, format);
  context.out(printTable(columns, [resource], await tableOptions(client, flags, target.kind, columns)));
}

async function tableOptions(
  client: ApiClient,
  flags: FlagValues,
  kind: KindRef,
  columns: readonly Column[],
): Promise<TableOptions> {
  const { namespace, isAll } = namespaceChoice(flags);
  const hasNamespace = kind.isNamespaced && (isAll || namespace !== undefined);
  return { hasNamespace, context: await readColumnContext(client, kind.kind, columns) };
}

/** Loads the kind's definition only for a table. */
async function columnsFor(kind: KindRef, format: Format): Promise<readonly Column[]> {
  return isDocument(format) ? [] : columnsOf(await kind.load(), format);
}

function isDocument(format: Format): format is { type: 'json' | 'yaml' } {
  return format.type === 'json' || format.type === 'yaml';
}

/** Tiers are shown in the order they are evaluated; one without an order comes last. */
function compareOrder(a: Resource, b: Resource): number {
  return orderOf(a) - orderOf(b);
}

function orderOf(resource: Resource): number {
  const { order } = resource.spec;
  return typeof order === 'number' ? order : Number.MAX_VALUE;
}
