/** `calicoctl diff`: what applying files would change, or what changed in one resource between two revisions of the store. I/O. */
import { AppError } from '#appliance/lib/errors.ts';
import { identityOf } from '../api-errors.ts';
import type { ApiClient } from '../client.ts';
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { errorText, exitCodeOf, exitCodes, usageError } from '../errors.ts';
import { connectionFlags, fileFlags, isByFile, namespaceFlag, revisionFlag } from '../flags.ts';
import { namedResources } from '../input/named.ts';
import { withoutVersion } from '../output/document.ts';
import { unifiedDiff } from '../output/unified-diff.ts';
import { printYaml } from '../output/yaml.ts';
import type { Named } from '../run-each.ts';
import { withClient } from '../session.ts';

export const diffCommand: Command = {
  usage: '(-f PATH | KIND NAME --revision REVISION [--to REVISION]) [flags]',
  description: `With files: shows what an apply would change, as the server would store it, without writing. With a name: what changed in a resource
since a revision, or between two. Both as a unified diff of YAML.
Exit code 0: nothing; 1: something; 2 and above: it could not be told.`,
  flags: [
    { flags: '--revision <revision>', description: 'the revision to compare from' },
    { flags: '--to <revision>', description: 'the revision to compare with (default: now)' },
    { flags: '--server-side', description: 'with files: compare with what apply --server-side would give' },
    { flags: '--field-manager <name>', description: 'with --server-side: who owns the fields (default: calicoctl)' },
    { flags: '--force-conflicts', description: 'with --server-side: take over fields that others own' },
    ...fileFlags,
    namespaceFlag,
    ...connectionFlags,
  ],
  examples: [
    'calicoctl diff -f policy.yaml',
    'calicoctl diff gnp allow-web --revision 1200',
    'calicoctl diff hep eth0 --revision 1200 --to 1300',
  ],
  positionals: { min: 0, max: 2 },
  run,
};

async function run(context: CliContext, positionals: readonly string[], flags: FlagValues): Promise<number> {
  if (isByFile('diff', positionals, flags)) return orTrouble(context, () => diffFiles(context, flags));
  if (positionals.length !== 2) throw usageError('diff needs KIND and NAME, or --filename');
  const [target] = namedResources(positionals, flags);
  const from = revisionFlag(flags, 'revision', '--revision');
  const to = revisionFlag(flags, 'to', '--to');
  if (from === undefined) throw usageError('--revision: say which revision to compare from; see calicoctl history');
  return orTrouble(context, () => withClient(context, flags, (client) => compare(context, client, target!, from, to)));
}

async function diffFiles(context: CliContext, flags: FlagValues): Promise<number> {
  const { diffManifests } = await import('../apply/diff-manifests.ts');
  return diffManifests(context, flags);
}

/** 1 means that something differs, so that an error must be more. */
async function orTrouble(context: CliContext, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    context.err(`${errorText(error)}\n`);
    return Math.max(exitCodes.usage, exitCodeOf(error));
  }
}

async function compare(
  context: CliContext,
  client: ApiClient,
  target: Named,
  from: string,
  to: string | undefined,
): Promise<number> {
  const [before, after] = [await read(client, target, from), await read(client, target, to)];
  if (before === undefined && after === undefined) await client.get(target.kind, target.name, target.namespace, to);
  const texts = [before, after].map((resource) => (resource === undefined ? '' : printYaml(withoutVersion(resource))));
  if (texts[0] === texts[1]) return exitCodes.ok;
  const name = identityOf({ kind: target.kind.kind, name: target.name, namespace: target.namespace });
  const headings = [`${name} at revision ${from}`, to === undefined ? `${name} now` : `${name} at revision ${to}`];
  context.out(unifiedDiff(headings as [string, string], texts as [string, string]));
  return exitCodes.failure;
}

/** The resource at a revision; undefined when it did not exist. */
async function read(client: ApiClient, { kind, name, namespace }: Named, revision: string | undefined) {
  try {
    return await client.get(kind, name, namespace, revision);
  } catch (error) {
    if (error instanceof AppError && error.code === 'CLI_NOT_FOUND') return undefined;
    throw error;
  }
}
