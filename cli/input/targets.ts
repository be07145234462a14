/**
 * Words on the command line -> kinds and resources: `KIND NAME...`, `KIND,KIND`, `KIND/NAME...`, `all`; the server is asked only for
 * kinds this client does not know. I/O for those.
 */
import type { FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { cliError, usageError } from '../errors.ts';
import { type KindRef, kindRefs } from '../kind-refs.ts';
import { kindByWord } from '../kinds.ts';
import { namedNamespace, namespaceChoice } from '../namespace.ts';
import type { Named } from '../run-each.ts';

/** The kind a word means. Throws CLI_USAGE when neither this client nor the server knows it. */
export async function findKind(context: CliContext, flags: FlagValues, word: string): Promise<KindRef> {
  const lower = word.toLowerCase().replace(/\.projectcalico\.org$/, '');
  const known = kindRefs.find(({ words }) => words.includes(lower));
  if (known !== undefined || word === '') return known ?? kindByWord(word);
  const { discoverKind, isNamed } = await import('../discover.ts');
  return (await discoverKind(context, flags, (kind) => isNamed(kind, word))) ?? kindByWord(word);
}

/** The kinds of `KIND`, `KIND,KIND`, and `all` or `calico` for each of Calico's kinds. */
export async function findKinds(context: CliContext, flags: FlagValues, words: string): Promise<KindRef[]> {
  const found: KindRef[] = [];
  for (const word of words.split(',')) {
    const isAll = word.toLowerCase() === 'all' || word.toLowerCase() === 'calico';
    const kinds = isAll ? kindRefs : [await findKind(context, flags, word)];
    for (const kind of kinds) if (!found.includes(kind)) found.push(kind);
  }
  return found;
}

/** The resources of `KIND NAME...`, `KIND,KIND NAME...` or `KIND/NAME...`. */
export async function findNamed(
  context: CliContext,
  flags: FlagValues,
  positionals: readonly string[],
): Promise<Named[]> {
  const [word = '', ...names] = positionals;
  if (!word.includes('/')) {
    const kinds = names.length === 0 ? [] : await findKinds(context, flags, word);
    return kinds.flatMap((kind) => names.map((name) => named(kind, name, flags)));
  }
  const found: Named[] = [];
  for (const pair of positionals) {
    const [kind = '', name, ...rest] = pair.split('/');
    if (name === undefined || rest.length > 0) {
      throw usageError(`'${pair}': write either KIND NAME... or KIND/NAME for each resource`);
    }
    found.push(named(await findKind(context, flags, kind), name, flags));
  }
  return found;
}

/** Exactly one resource: `KIND NAME` or `KIND/NAME`; what follows is the command's own. */
export async function findOne(
  context: CliContext,
  flags: FlagValues,
  positionals: readonly string[],
): Promise<{ readonly target: Named; readonly rest: readonly string[] }> {
  const isPair = positionals[0]?.includes('/') === true;
  const [target] = await findNamed(context, flags, positionals.slice(0, isPair ? 1 : 2));
  if (target === undefined) throw usageError('name one resource: KIND NAME');
  return { target, rest: positionals.slice(isPair ? 1 : 2) };
}

function named(kind: KindRef, name: string, flags: FlagValues): Named {
  if (name === '') throw cliError('CLI_INVALID', 'resource name may not be empty');
  return { kind, name, namespace: namedNamespace(kind, namespaceChoice(flags)), resourceVersion: undefined };
}
