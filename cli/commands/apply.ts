/**
 * `calicoctl apply`: creates what is missing and replaces the spec, labels and annotations of what exists. I/O.
 * The first answer of a kind tells which request to try first for the rest, so that a file costs one or two requests a resource.
 */
import { hasCode } from '#appliance/lib/errors.ts';
import type { ApiClient } from '../client.ts';
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { cliError, usageError } from '../errors.ts';
import {
  connectionFlags,
  dryRunFlag,
  dryRunOf,
  fileFlags,
  isSet,
  namespaceFlag,
  resultFlags,
  selectorFlag,
  textFlag,
  withFiles,
} from '../flags.ts';
import { type Manifest, readManifests } from '../input/manifests.ts';
import { type Results, reportResults, resultFormat } from '../output/results.ts';
import { type Outcome, runEach } from '../run-each.ts';
import { withClient } from '../session.ts';
import { updateResource, type Written } from '../update-resource.ts';
import { checkManifest } from '../write-checks.ts';

export const applyCommand: Command = {
  usage: '-f PATH [flags]',
  description: `Creates resources, or replaces the spec, labels and annotations of those that exist. Fields set by others and missing from the file
disappear, unless --server-side is given: then the server keeps track of who owns which field. A resource that is as the file says is not written
again. --prune -l SELECTOR deletes what earlier applies with --prune made, the selector chooses and the files no longer name; nothing else.
--all-or-nothing has the server check everything before the first write, so that a mistake in one object leaves all as it was; it is no
transaction: what another client changes in between, or a server that goes away, can still leave the files half applied.`,
  flags: [
    ...fileFlags,
    dryRunFlag,
    { flags: '--server-side', description: 'have the server merge the files and keep track of field owners' },
    { flags: '--field-manager <name>', description: 'who owns the fields (default: calicoctl)' },
    { flags: '--force-conflicts', description: 'with --server-side: take over fields that others own' },
    {
      flags: '--all-or-nothing',
      description: 'check everything with the server first, write only if all of it passes',
    },
    { flags: '--prune', description: 'delete what earlier applies with --prune made and the files no longer name' },
    { ...selectorFlag, description: 'with --prune: only among resources with these labels' },
    ...resultFlags,
    namespaceFlag,
    ...connectionFlags,
  ],
  examples: [
    'calicoctl apply -f policy.yaml',
    'calicoctl apply -f manifests/ -R --dry-run=server',
    'calicoctl apply -f shop/ --prune -l team=shop',
    'calicoctl apply -f policy.yaml --server-side --field-manager deploy',
  ],
  positionals: { min: 0, max: Number.POSITIVE_INFINITY },
  run,
};

async function run(context: CliContext, positionals: readonly string[], given: FlagValues): Promise<number> {
  const flags = withFiles(given, positionals);
  checkFlags(flags);
  const manifests = await readManifests(context, flags);
  return withClient(context, flags, async (client) => {
    const verb = { base: 'apply', past: 'applied' };
    const pruning = isSet(flags, 'prune') ? await import('../apply/prune.ts') : undefined;
    const wanted = pruning === undefined ? manifests : manifests.map(pruning.markApplied);
    const results: Results = new Map();
    if (isSet(flags, 'allOrNothing') && textFlag(flags, 'dryRun') !== 'server') {
      const { checkAll } = await import('../apply/check-all.ts');
      const trial = createApply(client, context, { ...flags, dryRun: 'server' });
      const outcomes = await checkAll(wanted, trial);
      if (outcomes.some(({ error }) => error !== undefined)) return refuseAll(context, flags, outcomes);
    }
    const apply = createApply(client, context, flags);
    const outcomes = await runEach(wanted, async (manifest) => {
      results.set(manifest, await apply(manifest));
    });
    const isWhole = outcomes.every(({ error }) => error === undefined);
    const pruned = pruning && isWhole ? await pruning.prune(client, flags, wanted, results) : [];
    return reportResults(context, flags, verb, [...outcomes, ...pruned], results);
  });
}

/** Nothing was written: the sentence must not say that the rest was. */
function refuseAll(context: CliContext, flags: FlagValues, outcomes: readonly Outcome[]): Promise<number> {
  const failed = outcomes.filter(({ error }) => error !== undefined);
  context.err('nothing was written, as not everything can be (--all-or-nothing)\n');
  return reportResults(context, { ...flags, verbose: false }, { base: 'apply', past: 'applied' }, failed, new Map());
}

function checkFlags(flags: FlagValues): void {
  resultFormat(flags);
  const isServerSide = isSet(flags, 'serverSide');
  if (isSet(flags, 'forceConflicts') && !isServerSide) throw usageError('--force-conflicts goes with --server-side');
  if (isServerSide && textFlag(flags, 'dryRun') === 'client') {
    throw usageError('--server-side cannot be tried out by the client; use --dry-run=server');
  }
  if (isSet(flags, 'prune') !== (textFlag(flags, 'selector') !== undefined)) {
    throw usageError('--prune needs --selector (-l), and the other way round');
  }
}

/** How a manifest is applied; remembers per kind whether the last resource was there already. */
function createApply(
  client: ApiClient,
  context: CliContext,
  flags: FlagValues,
): (manifest: Manifest) => Promise<Written> {
  if (isSet(flags, 'serverSide')) return (manifest) => applyServerSide(client, flags, manifest);
  const { isDryRun, isClientOnly } = dryRunOf(flags);
  const choice = { isDryRun, isClientOnly, fieldManager: textFlag(flags, 'fieldManager') };
  const wasThere = new Map<string, boolean>();
  const create = async (manifest: Manifest): Promise<Written> => {
    const { kind, resource } = manifest;
    if (!isClientOnly) return { action: 'created', resource: await client.create(kind, resource, choice) };
    return { action: 'created', resource };
  };
  const update = (manifest: Manifest) => updateResource(client, manifest, context.sleep, choice);
  return async (manifest) => {
    const { kind, resourceVersion } = manifest;
    checkManifest('apply', manifest);
    let isUpdate = isClientOnly || resourceVersion !== undefined || wasThere.get(kind.kind) === true;
    for (let attempt = 1; ; attempt++) {
      try {
        const written = await (isUpdate ? update : create)(manifest);
        wasThere.set(kind.kind, isUpdate);
        return written;
      } catch (error) {
        // somebody else may make it, or take it away, between the one request and the other
        if (attempt === attemptsMax || !hasCode(error, isUpdate ? 'CLI_NOT_FOUND' : 'CLI_EXISTS')) throw error;
        isUpdate = !isUpdate;
      }
    }
  };
}

const attemptsMax = 6;

/** What the file says and nothing more: defaults would become fields we own. */
async function applyServerSide(client: ApiClient, flags: FlagValues, manifest: Manifest): Promise<Written> {
  checkManifest('apply', manifest);
  const choice = {
    isDryRun: dryRunOf(flags).isDryRun,
    fieldManager: textFlag(flags, 'fieldManager') ?? 'calicoctl',
    isForced: isSet(flags, 'forceConflicts'),
  };
  try {
    return { action: 'serverside-applied', resource: await client.patch(manifest, 'apply', manifest.written, choice) };
  } catch (error) {
    if (!hasCode(error, 'CLI_CONFLICT') || !(error instanceof Error)) throw error;
    const { message } = (error as Error & { details: { message?: string } }).details;
    throw cliError('CLI_CONFLICT', `${error.message}: ${message ?? ''} (--force-conflicts takes the fields over)`);
  }
}
