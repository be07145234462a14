/** `calicoctl wait`: until resources are gone, exist, or have a condition or a value. Asks again and again, with growing pauses. I/O. */
import { hasCode } from '#appliance/lib/errors.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import type { ApiClient } from '../client.ts';
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { parseDuration } from '../duration.ts';
import { cliError, errorText, exitCodes, usageError } from '../errors.ts';
import {
  connectionFlags,
  fieldSelectorFlag,
  isSet,
  listChoiceOf,
  namespaceFlag,
  selectorFlag,
  textFlag,
} from '../flags.ts';
import { resourceName } from '../get/printer.ts';
import { findKind, findNamed } from '../input/targets.ts';
import { compilePath } from '../jsonpath/cell.ts';
import { listNamespace, namespaceChoice } from '../namespace.ts';
import type { Named } from '../run-each.ts';
import { withClient } from '../session.ts';

export const waitCommand: Command = {
  usage: '(KIND NAME... | KIND/NAME... | KIND -l SELECTOR | KIND --all) --for CONDITION [flags]',
  description: 'Waits until every resource named meets the condition. Exit code 7 when it did not in time.',
  flags: [
    {
      flags: '--for <condition>',
      description: "delete, create, condition=TYPE[=STATUS], jsonpath='{.path}'[=VALUE]",
    },
    { flags: '--timeout <duration>', description: 'how long to wait (default: 30s; 0: look once)' },
    selectorFlag,
    fieldSelectorFlag,
    { flags: '--all', description: 'all resources of the kind (in the namespace)' },
    { flags: '-A, --all-namespaces', description: 'with --all or a selector: in all namespaces' },
    namespaceFlag,
    ...connectionFlags,
  ],
  examples: [
    'calicoctl wait gnp allow-web --for=delete --timeout 1m',
    "calicoctl wait hep --all --for=jsonpath='{.spec.node}'=edge-1",
    'calicoctl wait tier ops --for condition=Ready',
  ],
  positionals: { min: 1, max: Number.POSITIVE_INFINITY },
  run,
};

/** `undefined` stands for a resource that does not exist. */
type Test = (resource: Resource | undefined) => boolean;

async function run(context: CliContext, positionals: readonly string[], flags: FlagValues): Promise<number> {
  const condition = textFlag(flags, 'for');
  if (condition === undefined) throw usageError('wait needs what to wait for: --for');
  const isMet = parseCondition(condition);
  const endMs = Date.now() + parseDuration(textFlag(flags, 'timeout') ?? '30s', '--timeout');
  const find = await targetsOf(context, positionals, flags);
  return withClient(context, flags, async (client) => {
    const targets = await find(client);
    if (targets.length === 0) throw cliError('CLI_NOT_FOUND', 'no matching resources found');
    for (const target of targets) {
      await waitFor(context, client, target, isMet, condition, endMs);
      context.out(
        `${resourceName(target.kind, target.name)} ${condition === 'delete' ? 'deleted' : 'condition met'}\n`,
      );
    }
    return exitCodes.ok;
  });
}

async function targetsOf(context: CliContext, positionals: readonly string[], flags: FlagValues) {
  const choice = listChoiceOf(flags);
  const isMany = isSet(flags, 'all') || choice.labelSelector !== undefined || choice.fieldSelector !== undefined;
  if (!isMany) {
    const targets = await findNamed(context, flags, positionals);
    if (targets.length === 0) throw usageError('wait needs names, --selector or --all');
    return async () => targets;
  }
  const kind = await findKind(context, flags, positionals[0] ?? '');
  const namespace = listNamespace(kind, namespaceChoice(flags));
  return async (client: ApiClient): Promise<Named[]> => {
    const { items } = await client.list(kind, { namespace, ...choice });
    return items.map(({ metadata: { name, namespace } }) => ({ kind, name, namespace, resourceVersion: undefined }));
  };
}

const pauseMsMax = 1_000;

async function waitFor(
  context: CliContext,
  client: ApiClient,
  { kind, name, namespace }: Named,
  isMet: Test,
  condition: string,
  endMs: number,
): Promise<void> {
  for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, pauseMsMax)) {
    const resource = await client.get(kind, name, namespace).catch((error: unknown) => {
      if (hasCode(error, 'CLI_NOT_FOUND')) return undefined;
      throw error;
    });
    if (isMet(resource)) return;
    const leftMs = endMs - Date.now();
    if (leftMs <= 0) {
      throw cliError('CLI_TIMEOUT', `timed out waiting for ${condition} on ${resourceName(kind, name)}`);
    }
    await context.sleep(Math.min(pauseMs, leftMs));
  }
}

function parseCondition(text: string): Test {
  if (text === 'delete') return (resource) => resource === undefined;
  if (text === 'create') return (resource) => resource !== undefined;
  const condition = /^condition=([^=]+)(?:=(.+))?$/.exec(text);
  if (condition !== null) return hasCondition(condition[1]!, condition[2] ?? 'true');
  const path = /^jsonpath=(\{.+\}|[^=]+)(?:=(.*))?$/s.exec(text);
  if (path !== null) return hasValue(path[1]!, path[2]);
  throw usageError(`--for: '${text}' is none of delete, create, condition=TYPE[=STATUS] and jsonpath={.path}[=VALUE]`);
}

function hasCondition(type: string, status: string): Test {
  return (resource) => {
    const conditions = resource?.status?.conditions;
    if (!Array.isArray(conditions)) return false;
    return (conditions as { type?: string; status?: string }[]).some(
      (found) =>
        found.type?.toLowerCase() === type.toLowerCase() && found.status?.toLowerCase() === status.toLowerCase(),
    );
  };
}

function hasValue(path: string, wanted: string | undefined): Test {
  let find: (value: unknown) => readonly unknown[];
  try {
    find = compilePath(path);
  } catch (error) {
    throw usageError(`--for: ${errorText(error)}`);
  }
  return (resource) => {
    const found = resource === undefined ? [] : find(resource);
    if (wanted === undefined) return found.length > 0;
    return (
      found.length === 1 && (typeof found[0] === 'object' ? JSON.stringify(found[0]) : String(found[0])) === wanted
    );
  };
}
