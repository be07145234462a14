/** `calicoctl describe`: resources in words, with what they mean together with others. I/O. */
import type { Resource } from '#appliance/resources/resource.ts';
import type { ApiClient } from '../client.ts';
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { describeResource } from '../describe/describe.ts';
import { errorText, exitCodeOfAll, exitCodes } from '../errors.ts';
import { connectionFlags, fieldSelectorFlag, listChoiceOf, namespaceFlag, selectorFlag } from '../flags.ts';
import { findKinds, findNamed } from '../input/targets.ts';
import type { KindRef } from '../kind-refs.ts';
import { listNamespace, namespaceChoice } from '../namespace.ts';
import { withClient } from '../session.ts';

export const describeCommand: Command = {
  usage: '(KIND [NAME...] | KIND/NAME...) [flags]',
  description: `Shows resources in words. A policy: where it stands among tiers and policies, its rules, and the endpoints it applies to. An endpoint: its
labels with those of its profiles, and the policies that apply to it in their order. A tier: its policies. A node: its endpoints.`,
  flags: [
    selectorFlag,
    fieldSelectorFlag,
    { flags: '-A, --all-namespaces', description: 'all namespaces' },
    namespaceFlag,
    ...connectionFlags,
  ],
  examples: ['calicoctl describe gnp allow-web', 'calicoctl describe hep -l role=edge', 'calicoctl describe tiers'],
  positionals: { min: 1, max: Number.POSITIVE_INFINITY },
  run,
};

async function run(context: CliContext, positionals: readonly string[], flags: FlagValues): Promise<number> {
  const [word = ''] = positionals;
  if (positionals.length > 1 || word.includes('/')) {
    const targets = await findNamed(context, flags, positionals);
    return withClient(context, flags, async (client) => {
      const errors: unknown[] = [];
      const texts: string[] = [];
      for (const { kind, name, namespace } of targets) {
        try {
          texts.push(await describeResource(client, kind, await client.get(kind, name, namespace)));
        } catch (error) {
          errors.push(error);
        }
      }
      context.out(texts.join('\n\n'));
      for (const error of errors) context.err(`${errorText(error)}\n`);
      return exitCodeOfAll(errors, texts.length);
    });
  }
  const kinds = await findKinds(context, flags, word);
  return withClient(context, flags, async (client) => {
    const texts: string[] = [];
    for (const kind of kinds) {
      for (const resource of await list(client, kind, flags, kinds.length > 1)) {
        texts.push(await describeResource(client, kind, resource));
      }
    }
    if (texts.length === 0) context.err('No resources found\n');
    context.out(texts.join('\n\n'));
    return exitCodes.ok;
  });
}

async function list(
  client: ApiClient,
  kind: KindRef,
  flags: FlagValues,
  isOneOfMany: boolean,
): Promise<readonly Resource[]> {
  const scope = isOneOfMany && !kind.isNamespaced ? { namespace: undefined, isAll: false } : namespaceChoice(flags);
  return (await client.list(kind, { namespace: listNamespace(kind, scope), ...listChoiceOf(flags) })).items;
}
