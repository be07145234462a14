/** `calicoctl history`: the versions of one resource that the store still has, and what each changed. I/O. */
import type { ResourceHistory, ResourceVersion } from '../client.ts';
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { exitCodes, usageError } from '../errors.ts';
import { connectionFlags, namespaceFlag, textFlag } from '../flags.ts';
import { namedResources } from '../input/named.ts';
import { changedPaths } from '../output/changed-paths.ts';
import { printDocument, withoutVersion } from '../output/document.ts';
import { alignColumns } from '../output/tabwriter.ts';
import { withClient } from '../session.ts';

export const historyCommand: Command = {
  usage: 'KIND NAME [flags]',
  description: `Shows each version of a resource, oldest first: its revision, and the fields it changed.
How far back the store remembers is a setting of the API server; an etcd cluster remembers until it is compacted.`,
  flags: [
    { flags: '-o, --output <format>', description: 'yaml or json: every version in full' },
    { flags: '--limit <count>', description: 'only the newest versions (default and most: 100 and 1000)' },
    namespaceFlag,
    ...connectionFlags,
  ],
  examples: ['calicoctl history gnp allow-web', 'calicoctl history networkset offices -n shop -o yaml'],
  positionals: { min: 2, max: 2 },
  run,
};

async function run(context: CliContext, positionals: readonly string[], flags: FlagValues): Promise<number> {
  const [target] = namedResources(positionals, flags);
  const output = outputOf(flags);
  const limit = limitOf(flags);
  return withClient(context, flags, async (client) => {
    const history = await client.history(target!.kind, target!.name, target!.namespace, limit);
    if (output === 'table') context.out(printHistory(history));
    else await printDocument(context, output, history);
    return exitCodes.ok;
  });
}

function outputOf(flags: FlagValues): 'table' | 'yaml' | 'json' {
  const text = textFlag(flags, 'output') ?? 'ps';
  if (text === 'ps') return 'table';
  if (text === 'yml') return 'yaml';
  if (text === 'yaml' || text === 'json') return text;
  throw usageError(`unrecognized output format '${text}'`);
}

function limitOf(flags: FlagValues): number | undefined {
  const text = textFlag(flags, 'limit');
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,3}$/.test(text)) throw usageError(`--limit: '${text}' is not a count between 1 and 1000`);
  return Math.min(Number(text), 1000);
}

/** The table, and a line below it when there was more. */
function printHistory({ metadata, items }: ResourceHistory): string {
  const rows = items.map((item, i) => [item.resourceVersion, item.change, printChanges(items[i - 1], item)]);
  const table = alignColumns([['REVISION', 'CHANGE', 'FIELDS'], ...rows]);
  const more = metadata.isCut || items[0]?.change !== 'created';
  return more ? `${table}\nOlder versions are not shown or no longer kept.\n` : `${table}\n`;
}

const pathsMax = 4;

function printChanges(before: ResourceVersion | undefined, { object, problems }: ResourceVersion): string {
  if (problems !== undefined) return `cannot be read: ${problems[0]?.path}: ${problems[0]?.message}`;
  if (object === undefined || before?.object === undefined) return '';
  const paths = changedPaths(withoutVersion(before.object), withoutVersion(object));
  const shown = paths.slice(0, pathsMax).join(', ');
  return paths.length > pathsMax ? `${shown}, and ${paths.length - pathsMax} more` : shown;
}
