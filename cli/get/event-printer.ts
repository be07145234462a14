/** One change of a watch -> text: table rows that line up with those before, YAML documents, JSON lines, names, templates. I/O through the context. */
import type { Resource } from '#appliance/resources/resource.ts';
import type { ApiClient, WatchEvent } from '../client.ts';
import type { FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { hasNoHeaders, isSet } from '../flags.ts';
import type { KindRef } from '../kind-refs.ts';
import type { Format } from '../output/format.ts';
import { namespaceColumn } from '../output/table.ts';
import { alignColumns } from '../output/tabwriter.ts';
import { createPrinter, tableColumns, tableOptions } from './printer.ts';

export type EventPrinter = (
  client: ApiClient,
  type: WatchEvent['type'],
  resources: readonly Resource[],
) => Promise<void>;

/** The printer for a format; with --output-watch-events each change says what it is. */
export async function createEventPrinter(
  context: CliContext,
  flags: FlagValues,
  kind: KindRef,
  format: Format,
): Promise<EventPrinter> {
  const hasEvents = isSet(flags, 'outputWatchEvents');
  if (format.type === 'ps' || format.type === 'wide' || format.type === 'custom-columns') {
    return rowPrinter(context, flags, kind, format, hasEvents);
  }
  if (format.type === 'json' || format.type === 'yaml') return objectPrinter(context, format.type, hasEvents);
  const printer = await createPrinter(context, { ...flags, headers: false }, format);
  return async (client, _type, resources) => {
    for (const resource of resources) await printer.print(client, [{ kind, items: [resource] }]);
  };
}

async function rowPrinter(
  context: CliContext,
  flags: FlagValues,
  kind: KindRef,
  format: Format,
  hasEvents: boolean,
): Promise<EventPrinter> {
  const columns = await tableColumns(kind, format, flags);
  const widths: number[] = [];
  let isFirst = !hasNoHeaders(flags);
  return async (client, type, resources) => {
    const options = await tableOptions(client, flags, kind, columns);
    const shown = options.hasNamespace ? [namespaceColumn, ...columns] : columns;
    const rows = resources.map((resource) => shown.map((column) => column.cell(resource, options.context)));
    const headings = isFirst ? [shown.map(({ heading }) => heading)] : [];
    const [head, cells] = hasEvents
      ? [headings.map((row) => ['EVENT', ...row]), rows.map((row) => [type, ...row])]
      : [headings, rows];
    isFirst = false;
    context.out(alignColumns([...head, ...cells], widths));
  };
}

async function objectPrinter(context: CliContext, type: 'json' | 'yaml', hasEvents: boolean): Promise<EventPrinter> {
  const { printYaml } = await import('../output/yaml.ts');
  const print = (value: unknown) => (type === 'json' ? `${JSON.stringify(value)}\n` : `---\n${printYaml(value)}`);
  return async (_client, eventType, resources) => {
    for (const object of resources) context.out(print(hasEvents ? { type: eventType, object } : object));
  };
}
