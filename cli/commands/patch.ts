/** `calicoctl patch`: reads a resource, changes part of it, writes it back over the revision it read. I/O. */
import type { Resource } from '#appliance/resources/resource.ts';
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { cliError, errorText, exitCodeOf, exitCodes, usageError } from '../errors.ts';
import { connectionFlags, namespaceFlag, textFlag } from '../flags.ts';
import { parseDocuments } from '../input/documents.ts';
import { namedResources } from '../input/named.ts';
import type { KindRef } from '../kind-refs.ts';
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
    namespaceFlag,
    ...connectionFlags,
  ],
  examples: [
    `calicoctl patch node edge-1 -p '{"spec":{"bgp":{"asNumber":64513}}}'`,
    `calicoctl patch gnp web -t json -p '[{"op":"replace","path":"/spec/order","value":10}]'`,
  ],
  positionals: { min: 2, max: 2 },
  run,
};

async function run(context: CliContext, positionals: readonly string[], flags: FlagValues): Promise<number> {
  const [target] = namedResources(positionals, flags);
  const change = await parsePatch(textFlag(flags, 'patch'));
  const apply = patchTypes[textFlag(flags, 'type') as PatchType];
  if (target === undefined) throw usageError('patch needs KIND and NAME');
  return withClient(context, flags, async (client) => {
    const { kind, name, namespace } = target;
    try {
      checkWritable('patch', target);
      await retryConflicts(async () => {
        const live = await client.get(kind, name, namespace);
        await client.replace(kind, patched(kind, live, change, apply));
      }, context.sleep);
    } catch (error) {
      context.err(`hit error: ${errorText(error)}\n`);
      return exitCodeOf(error);
    }
    context.out(`Successfully patched 1 '${kind.kind}' resource\n`);
    return exitCodes.ok;
  });
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
