/**
 * Resources -> text in the format asked for. One printer a command; what a format needs is loaded when it is chosen, and its template is
 * checked before a server is asked. I/O through the context, and for cells that hang on other resources.
 */
import type { Column } from '#appliance/resources/define.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import type { ApiClient, ListPage } from '../client.ts';
import { readColumnContext } from '../column-context.ts';
import type { FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { hasNoHeaders, isSet, listFlag } from '../flags.ts';
import type { KindRef } from '../kind-refs.ts';
import { namespaceChoice } from '../namespace.ts';
import { printDocument } from '../output/document.ts';
import type { Format } from '../output/format.ts';
import { columnsOf, labelColumns, printTable, type TableOptions } from '../output/table.ts';

/** Resources of one kind that belong together. */
export interface Group {
  readonly kind: KindRef;
  readonly items: readonly Resource[];
  /** The revision of a list; undefined for resources got by name. */
  readonly resourceVersion?: string;
  /** How a list was asked for, when the server is to print its table. */
  readonly tablePath?: string;
}

export interface Printer {
  /** True when the result is one document or text, not tables. */
  readonly isWhole: boolean;
  /** Refuses headings a kind does not have, before anything is asked. */
  check(kinds: readonly KindRef[]): Promise<void>;
  print(client: ApiClient, groups: readonly Group[]): Promise<void>;
  /** Prints the list of one kind while it comes in; nothing before all of it has. Absent where the whole is needed first. */
  printPages?(kind: KindRef, pages: AsyncIterable<ListPage>): Promise<void>;
}

/** The printer of a format. Throws CLI_USAGE for a template that cannot be understood. */
export async function createPrinter(context: CliContext, flags: FlagValues, format: Format): Promise<Printer> {
  if (format.type === 'yaml' || format.type === 'json') return documentPrinter(context, format.type);
  if (format.type === 'ps' || format.type === 'wide' || format.type === 'custom-columns') {
    return tablePrinter(context, flags, format);
  }
  if (format.type === 'name') return namePrinter(context);
  const { createTemplatePrinter } = await import('./template-printer.ts');
  return createTemplatePrinter(context, flags, format);
}

function documentPrinter(context: CliContext, type: 'json' | 'yaml'): Printer {
  return {
    isWhole: true,
    check: async () => {},
    async print(_client, groups) {
      const value = documentOf(groups);
      if (value !== undefined) await printDocument(context, type, value);
    },
    ...(type === 'yaml' && { printPages: (kind, pages) => printYamlPages(context, kind, pages) }),
  };
}

/** A long list is read and printed at the same time, and of each page only its text is kept. */
async function printYamlPages(context: CliContext, kind: KindRef, pages: AsyncIterable<ListPage>): Promise<void> {
  const { PrintedItems, printYamlItems } = await import('../output/yaml.ts');
  let pieces: string[] = [];
  let resourceVersion = '';
  for await (const page of pages) {
    if (page.isFirst) pieces = [];
    pieces.push(...printYamlItems(page.items));
    resourceVersion = page.resourceVersion;
  }
  await printDocument(context, 'yaml', listDocument(kind, resourceVersion, new PrintedItems(pieces)));
}

function listDocument({ kind, apiVersion = 'projectcalico.org/v3' }: KindRef, resourceVersion: string, items: unknown) {
  return { kind: `${kind}List`, apiVersion, metadata: { resourceVersion }, items };
}

/** One resource as itself, several as an array, a list as a typed list, lists of several kinds as a `List`. */
export function documentOf(groups: readonly Group[]): unknown {
  const items = groups.flatMap((group) => group.items);
  const [only] = groups;
  if (only?.resourceVersion === undefined)
    return items.length === 1 ? items[0] : items.length === 0 ? undefined : items;
  const { resourceVersion, kind } = only;
  if (groups.length > 1) return { kind: 'List', apiVersion: 'v1', metadata: {}, items };
  return listDocument(kind, resourceVersion, items);
}

function namePrinter(context: CliContext): Printer {
  return {
    isWhole: true,
    check: async () => {},
    async print(_client, groups) {
      for (const { kind, items } of groups) {
        context.out(items.map((item) => `${resourceName(kind, item.metadata.name)}\n`).join(''));
      }
    },
  };
}

/** `globalnetworkpolicy.projectcalico.org/web`, as other commands take it back. */
export function resourceName(kind: KindRef, name: string): string {
  const [group] = (kind.apiVersion ?? 'projectcalico.org/v3').split('/');
  const suffix = kind.apiVersion !== undefined && !kind.apiVersion.includes('/') ? '' : `.${group}`;
  return `${kind.kind.toLowerCase()}${suffix}/${name}`;
}

function tablePrinter(context: CliContext, flags: FlagValues, format: Format): Printer {
  return {
    isWhole: false,
    async check(kinds) {
      for (const kind of kinds) await tableColumns(kind, format, flags);
    },
    async print(client, groups) {
      for (const { kind, items, tablePath } of groups) {
        if (tablePath !== undefined && format.type !== 'custom-columns') {
          const { printServerTable } = await import('./server-table.ts');
          context.out(await printServerTable(client, tablePath, format.type === 'wide', hasNoHeaders(flags)));
          continue;
        }
        const columns = await tableColumns(kind, format, flags);
        context.out(printTable(columns, items, await tableOptions(client, flags, kind, columns)));
      }
    },
  };
}

/** The kind's columns, and the labels asked for. */
export async function tableColumns(kind: KindRef, format: Format, flags: FlagValues): Promise<readonly Column[]> {
  const keys = listFlag(flags, 'labelColumns').flatMap((keys) => keys.split(','));
  const columns = columnsOf(await kind.load(), format);
  const more = labelColumns(keys, isSet(flags, 'showLabels'));
  return more.length === 0 ? columns : [...columns, ...more];
}

/** What a table of this kind needs besides its columns. */
export async function tableOptions(
  client: ApiClient,
  flags: FlagValues,
  kind: KindRef,
  columns: readonly Column[],
): Promise<TableOptions> {
  const { namespace, isAll } = namespaceChoice(flags);
  const hasNamespace = kind.isNamespaced && (isAll || namespace !== undefined);
  const context = await readColumnContext(client, kind.kind, columns);
  return { hasNamespace, context, hasNoHeaders: hasNoHeaders(flags) };
}
