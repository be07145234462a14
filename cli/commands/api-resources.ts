/** `calicoctl api-resources`: the kinds the server has. I/O. */
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { readServedKinds, type ServedKind } from '../discover.ts';
import { exitCodes, usageError } from '../errors.ts';
import { connectionFlags, hasNoHeaders, textFlag } from '../flags.ts';
import { alignColumns } from '../output/tabwriter.ts';
import { withClient } from '../session.ts';

export const apiResourcesCommand: Command = {
  usage: '[flags]',
  description: 'Lists the kinds that the server has, also those this client knows nothing else of.',
  flags: [
    { flags: '-o, --output <format>', description: 'wide (with the verbs) or name' },
    { flags: '--no-headers', description: 'without headings' },
    ...connectionFlags,
  ],
  examples: ['calicoctl api-resources', 'calicoctl api-resources -o name'],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const output = textFlag(flags, 'output') ?? 'ps';
  if (!['ps', 'wide', 'name'].includes(output)) throw usageError(`unrecognized output format '${output}'`);
  return withClient(context, flags, async (client) => {
    const kinds = await readServedKinds(client);
    if (output === 'name') context.out(kinds.map((kind) => `${fullName(kind)}\n`).join(''));
    else context.out(printKinds(kinds, output === 'wide', hasNoHeaders(flags)));
    return exitCodes.ok;
  });
}

function fullName({ plural, apiVersion }: ServedKind): string {
  return apiVersion.includes('/') ? `${plural}.${apiVersion.split('/')[0]}` : plural;
}

function printKinds(kinds: readonly ServedKind[], isWide: boolean, hasNoHeaders: boolean): string {
  const headings = ['NAME', 'SHORTNAMES', 'APIVERSION', 'NAMESPACED', 'KIND', ...(isWide ? ['VERBS'] : [])];
  const rows = kinds.map((kind) => [
    kind.plural,
    kind.shortNames.join(','),
    kind.apiVersion,
    String(kind.isNamespaced),
    kind.kind,
    ...(isWide ? [kind.verbs.join(',')] : []),
  ]);
  return hasNoHeaders ? alignColumns(rows) : `${alignColumns([headings, ...rows])}\n`;
}
