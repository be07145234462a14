/** `KIND NAME...` on the command line -> the resources meant. Pure. */
import type { FlagValues } from '../command.ts';
import { cliError } from '../errors.ts';
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
