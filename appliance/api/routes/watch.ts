/**
 * Watch: a stream of JSON lines that ends when the client, its timeout or the server says so.
 * Memory is bounded: a slow client is waited for, the store ends a watch that falls too far behind, and who does not read for a minute is hung up on.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { entriesPerTurn, itemOf } from '../../datastore/resources/reader.ts';
import type { ResourceChange } from '../../datastore/resources/watch.ts';
import type { Entry, Revision } from '../../datastore/store.ts';
import { hasCode } from '../../lib/errors.ts';
import type { KindDefinition } from '../../resources/define.ts';
import type { ApiContext } from '../context.ts';
import { type Form, formOf } from '../encode/form.ts';
import { printChange, printEvent, printWatchError } from '../encode/watch.ts';
import { apiErrors } from '../errors.ts';
import { accessTo } from '../plugins/access.ts';
import { parseAccept } from '../query/accept.ts';
import type { ListQuery } from '../query/list-query.ts';

export interface WatchCall {
  readonly kind: KindDefinition;
  readonly namespace: string;
  readonly query: ListQuery;
  readonly context: ApiContext;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** Answers with the stream; errors known before it begins (410 for a revision that is gone) are answered as such. */
export async function watch(call: WatchCall): Promise<void> {
  const { kind, query, context, request, reply } = call;
  const form = formOf(parseAccept(request.headers.accept), kind, query.includeObject, context.now);
  const end = new AbortController();
  const stop = () => end.abort();
  request.raw.socket.once('close', stop);
  context.stopping.addEventListener('abort', stop);
  let isAccessChanged = false;
  const stopWatchingAccess = accessTo(request)?.onChange(() => {
    isAccessChanged = true;
    stop();
  });
  const timeout = Number.isFinite(query.timeoutSeconds) ? setTimeout(stop, query.timeoutSeconds * 1000) : undefined;
  try {
    await stream(call, form, end.signal);
  } catch (error) {
    if (!isAccessChanged || reply.sent) throw error;
    throw accessChanged();
  } finally {
    stop();
    stopWatchingAccess?.();
    if (isAccessChanged && reply.sent && reply.raw.writable) reply.raw.write(printWatchError(accessChanged()));
    clearTimeout(timeout);
    request.raw.socket.off('close', stop);
    context.stopping.removeEventListener('abort', stop);
    if (reply.sent) reply.raw.end();
  }
}

/** A client that goes on from where it was would keep what it may see no more, and miss what it may see now. */
function accessChanged() {
  return apiErrors.fail('API_ACCESS_CHANGED', 'what you may see has changed; list again');
}

async function stream(call: WatchCall, form: Form, signal: AbortSignal): Promise<void> {
  const { kind, namespace, query, context, reply } = call;
  const { resourceVersion, name, sendInitialEvents = resourceVersion === 0 } = query;
  // a replay opens its watch behind the list it gave
  const isFromNow = sendInitialEvents || resourceVersion === 0;
  const present = isFromNow ? await context.resources.list({ kind, namespace, limit: 0 }) : undefined;
  const from = (present?.revision ?? resourceVersion) + 1;
  const target = { kind, namespace, ...(name !== undefined && { name }), startRevision: from };
  const batches = await context.resources.watch(target, signal);
  const send = begin(reply, signal);
  const place = { revision: from - 1 };
  let bookmarks: NodeJS.Timeout | undefined;
  try {
    if (sendInitialEvents) await replay(present?.entries ?? [], call, form, send);
    if (query.sendInitialEvents === true && query.wantsBookmarks) await send(endOfInitial(form, place.revision));
    // not before: a client would go on from a bookmark without what was still to be replayed
    if (query.wantsBookmarks) bookmarks = sendBookmarks(call, form, place);
    for await (const { revision, changes } of batches) {
      await sendChanges(changes, query.matches, form, send);
      place.revision = revision;
    }
  } catch (error) {
    if (!signal.aborted && !hasCode(error, 'ABORT_ERR')) await send(printWatchError(error));
  } finally {
    clearInterval(bookmarks);
  }
}

/** Hands lines to the client, and waits while it is behind. */
type Send = (lines: string | Buffer) => Promise<void>;

/** So many bytes are put together into one write: a busy watch costs few of them, and nobody's batch stands in memory as a whole. */
const writeBytes = 32 * 1024;

async function sendChanges(
  changes: Iterable<ResourceChange>,
  matches: ListQuery['matches'],
  form: Form,
  send: Send,
): Promise<void> {
  let lines: Buffer[] = [];
  let bytes = 0;
  for (const change of changes) {
    const line = printChange(change, matches, form);
    if (line === undefined) continue;
    lines.push(line);
    bytes += line.length;
    if (bytes < writeBytes) continue;
    await send(together(lines));
    lines = [];
    bytes = 0;
  }
  if (bytes > 0) await send(together(lines));
}

function together(lines: readonly Buffer[]): Buffer {
  return lines.length === 1 ? lines[0]! : Buffer.concat(lines);
}

/** A client that reads nothing for so long has gone without saying so. */
const stalledMsMax = 60_000;

/** Sends the head at once, so that the client knows it is watching; then a function that waits for slow clients. */
function begin(reply: FastifyReply, signal: AbortSignal): Send {
  reply.hijack();
  const raw: ServerResponse = reply.raw;
  raw.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  raw.flushHeaders();
  return async (lines) => {
    if (lines.length === 0 || signal.aborted || raw.write(lines)) return;
    const patience = setTimeout(() => raw.destroy(), stalledMsMax);
    try {
      await once(raw, 'drain', { signal });
    } finally {
      clearTimeout(patience);
    }
  };
}

/** Tells an informer that it has now seen everything there was. */
function endOfInitial(form: Form, revision: Revision): string {
  return printEvent('BOOKMARK', form.bookmark(String(revision), { 'k8s.io/initial-events-end': 'true' }));
}

async function replay(entries: readonly Entry[], { query }: WatchCall, form: Form, send: Send): Promise<void> {
  for (let i = 0; i < entries.length; i += entriesPerTurn) {
    const items = entries.slice(i, i + entriesPerTurn).map((entry) => itemOf(entry)?.resource);
    const selected = items.filter((resource) => resource !== undefined && query.matches(resource));
    await send(selected.map((resource) => printEvent('ADDED', form.one(resource!))).join(''));
    await setImmediate();
  }
}

/** Whole lines only, and none to a client that is behind: it has better things to read. */
function sendBookmarks({ context, reply }: WatchCall, form: Form, place: { revision: Revision }): NodeJS.Timeout {
  return setInterval(() => {
    if (!reply.raw.writableNeedDrain) reply.raw.write(printEvent('BOOKMARK', form.bookmark(String(place.revision))));
  }, context.bookmarkIntervalMs);
}
