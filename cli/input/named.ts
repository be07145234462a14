/** `KIND NAME...` on the command line -> the resources meant; and which of words and `-f` a command line uses. Pure. */
import type { FlagValues } from '../command.ts';
import { cliError, usageError } from '../errors.ts';
import { listFlag } from '../flags.ts';
import { kindByWord } from '../kinds.ts';
import { namedNamespace, namespaceChoice } from '../namespace.ts';
import type { Named } from '../run-each.ts';

/** The resources of `KIND NAME...`. Throws CLI_USAGE for an unknown kind, CLI_INVALID for a blank name. */
export function namedResources(positionals: readonly string[], flags: FlagValues): Named[] {
  const [word = '', ...names] = positionals;
  const kind = kindByWord(word);
  return names.map((name) => {
    if (name === '') throw cliError('CLI_INVALID', 'resource name may not be empty');
    return { kind, name, namespace: namedNamespace(kind, namespaceChoice(flags)), resourceVersion: undefined };
  });
}

/** True for `-f`, false for words; throws CLI_USAGE for neither and for both. */
export function isByFile(command: string, positionals: readonly string[], flags: FlagValues): boolean {
  const isFile = listFlag(flags, 'filename').length > 0;
  if (isFile && positionals.length > 0)
    throw usageError(`give either KIND and NAME or --filename to ${command}, not both`);
  if (!isFile && positionals.length === 0) {
    throw usageError(`usage: calicoctl ${command} (KIND [NAME...] | -f PATH)\nSee 'calicoctl ${command} --help'.`);
  }
  return isFile;
}
