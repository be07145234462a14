/** `calicoctl config view`: the settings in use and where each was taken from; secrets are not shown. I/O. */
import type { Command, FlagValues } from '../../command.ts';
import { type ApiField, apiFields, chooseValues, directSource, readLayers } from '../../config.ts';
import type { CliContext } from '../../context.ts';
import { exitCodes, usageError } from '../../errors.ts';
import { connectionFlags, textFlag } from '../../flags.ts';
import { printDocument } from '../../output/document.ts';
import { alignColumns } from '../../output/tabwriter.ts';

export const configViewCommand: Command = {
  usage: '[flags]',
  description:
    'Shows which API server would be asked and as whom, and where each setting comes from. Secrets are left out.',
  flags: [{ flags: '-o, --output <format>', description: 'yaml or json' }, ...connectionFlags],
  examples: ['calicoctl config view', 'calicoctl --context lab config view -o yaml'],
  positionals: { min: 0, max: 0 },
  run,
};

/** Texts that nobody needs to read on a screen. */
const secrets: ReadonlySet<ApiField> = new Set(['apiKey', 'apiToken']);

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const output = textFlag(flags, 'output');
  if (output !== undefined && output !== 'json' && output !== 'yaml') {
    throw usageError(`unrecognized output format '${output}'`);
  }
  const layers = await readLayers(context.env, {
    config: textFlag(flags, 'config'),
    api: textFlag(flags, 'api'),
    context: textFlag(flags, 'context'),
  });
  const store = directSource(layers);
  const chosen = store === undefined ? chooseValues(layers) : {};
  const shown: { setting: string; value: string; source: string }[] = apiFields.flatMap((field) => {
    const found = chosen[field];
    return found === undefined ? [] : [{ setting: field, value: shownValue(field, found.value), source: found.source }];
  });
  if (store !== undefined) shown.push({ setting: 'datastoreType', value: 'etcdv3', source: store });
  if (output !== undefined) await printDocument(context, output, shown);
  else {
    const rows = shown.map(({ setting, value, source }) => [setting, value, source]);
    context.out(`${alignColumns([['SETTING', 'VALUE', 'SOURCE'], ...rows])}\n`);
  }
  return exitCodes.ok;
}

/** Certificates are public, and long: their first line says enough. */
function shownValue(field: ApiField, value: string): string {
  if (secrets.has(field)) return 'REDACTED';
  const [first = ''] = value.split('\n');
  return first === value.trimEnd() ? first : `${first}...`;
}
