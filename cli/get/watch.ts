/**
 * `calicoctl get -w`: what is there, then each change as it comes. Lists again when the server no longer has the revision, connects again when
 * the server goes away, and ends on a signal. I/O.
 */
import { hasCode } from '#appliance/lib/errors.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import type { ApiClient, ListChoice, WatchEvent } from '../client.ts';
import type { FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { exitCodes, usageError } from '../errors.ts';
import { isSet, listChoiceOf, textFlag } from '../flags.ts';
import { findKinds, findNamed } from '../input/targets.ts';
import type { KindRef } from '../kind-refs.ts';
import { listNamespace, namespaceChoice } from '../namespace.ts';
import type { Format } from '../output/format.ts';
import { withClient } from '../session.ts';
import { createEventPrinter } from './event-printer.ts';

type Show = (type: WatchEvent['type'], resources: readonly Resource[]) => Promise<void>;

/** Runs until the context is told to stop; exit code 0 then. */
export async function watchResources(
  context: CliContext,
  flags: FlagValues,
  format: Format,
  positionals: readonly string[],
): Promise<number> {
  if (textFlag(flags, 'sortBy') !== undefined) throw usageError('--watch and --sort-by exclude each other');
  const { kind, choice } = await watchedOf(context, flags, positionals);
  const printer = await createEventPrinter(context, flags, kind, format);
  const stopping = context.stopping?.() ?? new AbortController().signal;
  return withClient(context, flags, async (client) => {
    const show: Show = (type, resources) => printer(client, type, resources);
    await follow(context, client, kind, choice, stopping, show, isSet(flags, 'watchOnly'));
    return exitCodes.ok;
  });
}

async function watchedOf(context: CliContext, flags: FlagValues, positionals: readonly string[]) {
  const word = positionals[0] ?? '';
  if (positionals.length > 1 || word.includes('/')) {
    const [target, ...more] = await findNamed(context, flags, positionals);
    if (more.length > 0 || target === undefined) throw usageError('--watch takes one kind, or one name');
    const fieldSelector = `metadata.name=${target.name}`;
    return { kind: target.kind, choice: { namespace: target.namespace, fieldSelector } };
  }
  const [kind, ...more] = await findKinds(context, flags, word);
  if (kind === undefined || more.length > 0) throw usageError('--watch takes one kind at a time');
  return { kind, choice: { namespace: listNamespace(kind, namespaceChoice(flags)), ...listChoiceOf(flags) } };
}

const pauseMsMax = 5_000;

async function follow(
  context: CliContext,
  client: ApiClient,
  kind: KindRef,
  choice: ListChoice,
  stopping: AbortSignal,
  show: Show,
  isQuiet: boolean,
): Promise<void> {
  const known = new Map<string, Resource>();
  let revision = await listAnew(client, kind, choice, known, isQuiet ? async () => {} : show);
  let pauseMs = 100;
  let isTold = false;
  while (!stopping.aborted) {
    try {
      for await (const event of client.watch(kind, choice, revision, stopping)) {
        if (stopping.aborted) return;
        [pauseMs, isTold] = [100, false];
        revision = event.object.metadata.resourceVersion ?? revision;
        if (event.type === 'BOOKMARK') continue;
        keep(known, event);
        await show(event.type, [event.object]);
      }
    } catch (error) {
      if (stopping.aborted) return;
      if (hasCode(error, 'CLI_EXPIRED')) {
        revision = await listAnew(client, kind, choice, known, show).catch(() => revision);
      } else if (!hasCode(error, 'CLI_UNREACHABLE')) throw error;
      else if (!isTold) {
        isTold = true;
        context.err('the connection to the API server is lost; trying again\n');
      }
    }
    if (stopping.aborted) return;
    await context.sleep(pauseMs);
    pauseMs = Math.min(pauseMs * 2, pauseMsMax);
  }
}

function keyOf({ metadata }: Resource): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function keep(known: Map<string, Resource>, { type, object }: WatchEvent): void {
  if (type === 'DELETED') known.delete(keyOf(object));
  else known.set(keyOf(object), object);
}

/** Lists, and shows what differs from what is known: the changes that nobody delivered. */
async function listAnew(
  client: ApiClient,
  kind: KindRef,
  choice: ListChoice,
  known: Map<string, Resource>,
  show: Show,
): Promise<string> {
  const { resourceVersion, items } = await client.list(kind, choice);
  const present = new Map(items.map((item) => [keyOf(item), item]));
  const added = items.filter((item) => !known.has(keyOf(item)));
  const modified = items.filter((item) => {
    const before = known.get(keyOf(item));
    return before !== undefined && before.metadata.resourceVersion !== item.metadata.resourceVersion;
  });
  const deleted = [...known].flatMap(([key, item]) => (present.has(key) ? [] : [item]));
  known.clear();
  for (const [key, item] of present) known.set(key, item);
  for (const [type, changed] of [
    ['ADDED', added],
    ['MODIFIED', modified],
    ['DELETED', deleted],
  ] as const) {
    if (changed.length > 0) await show(type, changed);
  }
  return resourceVersion;
}
