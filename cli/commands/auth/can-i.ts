/** `calicoctl auth can-i`: whether the server would let you do something. I/O. */
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { exitCodes, usageError } from '../../errors.ts';
import { connectionFlags, isSet, namespaceFlag, textFlag } from '../../flags.ts';
import { findKind } from '../../input/targets.ts';
import { alignColumns } from '../../output/tabwriter.ts';
import { withClient } from '../../session.ts';

export const canICommand: Command = {
  usage: '(VERB KIND[/NAME] | --list) [flags]',
  description:
    'Says yes (exit code 0) or no (1), as the server decides. Verbs: get, list, watch, create, update, patch, delete.',
  flags: [
    { flags: '--list', description: 'everything you may do' },
    { flags: '-q, --quiet', description: 'only the exit code' },
    namespaceFlag,
    ...connectionFlags,
  ],
  examples: [
    'calicoctl auth can-i delete gnp',
    'calicoctl auth can-i update node/edge-1',
    'calicoctl auth can-i --list',
  ],
  positionals: { min: 0, max: 2 },
  run,
};

const review = '/apis/authorization.k8s.io/v1';

async function run(context: CliContext, positionals: readonly string[], flags: FlagValues): Promise<number> {
  if (isSet(flags, 'list')) return withClient(context, flags, (client) => list(context, client, flags));
  const [verb, word] = positionals;
  if (verb === undefined || word === undefined) throw usageError('can-i needs VERB and KIND, or --list');
  const [kindWord = '', name] = word.split('/');
  const isPath = word.startsWith('/');
  const kind = isPath || kindWord === '*' ? undefined : await findKind(context, flags, kindWord);
  const group = kind?.apiVersion === undefined ? 'projectcalico.org' : groupOf(kind.apiVersion);
  const attributes = { verb, group, resource: kind?.plural ?? '*', name, namespace: textFlag(flags, 'namespace') };
  const spec = isPath ? { nonResourceAttributes: { verb, path: word } } : { resourceAttributes: attributes };
  return withClient(context, flags, async (client) => {
    const body = { kind: 'SelfSubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', spec };
    const { status } = (await client.raw('POST', `${review}/selfsubjectaccessreviews`, body)) as Review;
    const isAllowed = status?.allowed === true;
    if (!isSet(flags, 'quiet')) {
      const reason = !isAllowed && status?.reason ? ` - ${status.reason}` : '';
      context.out(`${isAllowed ? 'yes' : `no${reason}`}\n`);
    }
    return isAllowed ? exitCodes.ok : exitCodes.failure;
  });
}

interface Review {
  readonly status?: { readonly allowed?: boolean; readonly reason?: string };
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.split('/')[0]! : '';
}

interface Rules {
  readonly status?: {
    readonly resourceRules?: readonly Readonly<Record<string, readonly string[]>>[];
    readonly nonResourceRules?: readonly Readonly<Record<string, readonly string[]>>[];
  };
}

async function list(
  context: CliContext,
  client: Parameters<Parameters<typeof withClient>[2]>[0],
  flags: FlagValues,
): Promise<number> {
  const spec = { namespace: textFlag(flags, 'namespace') ?? 'default' };
  const body = { kind: 'SelfSubjectRulesReview', apiVersion: 'authorization.k8s.io/v1', spec };
  const { status } = (await client.raw('POST', `${review}/selfsubjectrulesreviews`, body)) as Rules;
  const print = (words: readonly string[] | undefined) => (words ?? []).join(',');
  const rows = [
    ...(status?.resourceRules ?? []).map((rule) => [
      (rule.resources ?? []).map((name) => `${name}${rule.apiGroups?.[0] ? `.${rule.apiGroups[0]}` : ''}`).join(','),
      '',
      print(rule.resourceNames),
      print(rule.verbs),
    ]),
    ...(status?.nonResourceRules ?? []).map((rule) => ['', print(rule.nonResourceURLs), '', print(rule.verbs)]),
  ];
  context.out(`${alignColumns([['RESOURCES', 'PATHS', 'NAMES', 'VERBS'], ...rows])}\n`);
  return exitCodes.ok;
}
