/** `calicoctl patch`: reads a resource, changes part of it, writes it back over the revision it read. I/O. */
import type { Resource } from '#appliance/resources/resource.ts';
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { cliError, errorText, exitCodeOf, exitCodes, usageError } from '../errors.ts';
import { connectionFlags, dryRunFlag, dryRunOf, namespaceFlag, resultFlags, textFlag } from '../flags.ts';
import { parseDocuments } from '../input/documents.ts';
import { findOne } from '../input/targets.ts';
import type { KindRef } from '../kind-refs.ts';
import { dryRunNote, type Results, reportResults, resultFormat } from '../output/results.ts';
import { applyJsonPatch } from '../patch/json-patch.ts';
import { applyMergePatch, applyStrategicPatch } from '../patch/merge-patch.ts';
import { withClient } from '../session.ts';
import { retryConflicts } from '../update-resource.ts';
import { checkWritable } from '../write-checks.ts';

const patchTypes = { strategic: applyStrategicPatch, merge: applyMergePatch, json: applyJsonPatch } as const;
type PatchType = keyof typeof patchTypes;

export const patchCommand: Command = {
  usage: 'KIND NAME -p PATCH [-t TYPE] [flags]',
  description: 'Changes part of an existing resource.',
  flags: [
    { flags: '-p, --patch <patch>', description: 'the change, as JSON or YAML' },
    {
      flags: '-t, --type <type>',
      description: 'strategic (default), merge (RFC 7396) or json (a list of operations, RFC 6902)',
      choices: ['strategic', 'merge', 'json'],
      default: 'strategic',
    },
    dryRunFlag,
    ...resultFlags,
    namespaceFlag,
    ...connectionFlags,
  ],
  examples: [
    `calicoctl patch node edge-1 -p '{"spec":{"bgp":{"asNumber":64513}}}'`,
    `calicoctl patch gnp web -t json -p '[{"op":"replace","path":"/spec/order","value":10}]'`,
  ],
  positionals: { min: 1, max: 2 },
  run,
};

async function run(context: CliContext, positionals: readonly string[], flags: FlagValues): Promise<number> {
  resultFormat(flags);
  const { target, rest } = await findOne(context, flags, positionals);
  if (rest.length > 0) throw usageError(`patch takes one resource; '${rest[0]}' is one too many`);
  const change = await parsePatch(textFlag(flags, 'patch'));
  const apply = patchTypes[textFlag(flags, 'type') as PatchType];
  return withClient(context, flags, async (client) => {
    const { kind, name, namespace } = target;
    const results: Results = new Map();
    try {
      checkWritable('patch', target);
      const { isDryRun, isClientOnly } = dryRunOf(flags);
      await retryConflicts(async () => {
        const live = await client.get(kind, name, namespace);
        const wanted = patched(kind, live, change, apply);
        const resource = isClientOnly ? wanted : await client.replace(kind, wanted, { isDryRun });
        results.set(target, { action: 'patched', resource });
      }, context.sleep);
    } catch (error) {
      if (resultFormat(flags) === 'json') throw error;
      context.err(`hit error: ${errorText(error)}\n`);
      return exitCodeOf(error);
    }
    if (isPlain(flags)) context.out(`Successfully patched 1 '${kind.kind}' resource\n`);
    else return reportResults(context, flags, { base: 'patch', past: 'patched' }, [{ item: target }], results);
    return exitCodes.ok;
  });
}

function isPlain(flags: FlagValues): boolean {
  return resultFormat(flags) === undefined && dryRunNote(flags) === '';
}

async function parsePatch(text: string | undefined): Promise<unknown> {
  if (text === undefined || text.trim() === '') throw usageError('patch needs the change: --patch (-p)');
  const [document, ...more] = await parseDocuments(text, '--patch');
  if (document === undefined || more.length > 0) throw usageError('--patch must be one JSON or YAML document');
  if (typeof document.value !== 'object') throw usageError('--patch must be a map, or a list with --type json');
  return document.value;
}

/** The live resource with the change; who it is and which revision it replaces cannot be patched away. */
function patched(
  kind: KindRef,
  live: Resource,
  change: unknown,
  apply: (target: unknown, patch: unknown) => unknown,
): Resource {
  let result: Resource;
  try {
    result = apply(live, change) as Resource;
  } catch (error) {
    throw cliError('CLI_INVALID', `the patch does not fit: ${errorText(error)}`);
  }
  const { name, namespace, uid, resourceVersion, creationTimestamp } = live.metadata;
  const identity = { name, namespace, uid, resourceVersion, creationTimestamp };
  return {
    ...result,
    kind: kind.kind,
    apiVersion: live.apiVersion,
    metadata: { ...result.metadata, ...identity } as Resource['metadata'],
  };
}
