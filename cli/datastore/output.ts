/** The `-o` of commands that show no resources: text, or one JSON or YAML document. Pure. */
import type { Flag, FlagValues } from '../command.ts';
import { textFlag } from '../flags.ts';

export const outputFlag: Flag = {
  flags: '-o, --output <format>',
  description: 'json or yaml (default: text)',
  choices: ['json', 'yaml'],
};

/** The document asked for; undefined for text. */
export function documentFormat(flags: FlagValues): 'json' | 'yaml' | undefined {
  const format = textFlag(flags, 'output');
  return format === 'json' || format === 'yaml' ? format : undefined;
}
