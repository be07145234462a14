/**
 * Watch: a stream of JSON lines that ends when the client, its timeout or the server says so.
 * Memory is bounded: a slow client is waited for, and the store ends a watch that falls too far behind.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { entriesPerTurn, itemOf } from '../../datastore/resources/reader.ts';
import type { Entry, Revision } from '../../datastore/store.ts';
import { hasCode } from '../../lib/errors.ts';
import type { KindDefinition } from '../../resources/define.ts';
import type { ApiContext } from '../context.ts';
import { type Form, formOf } from '../encode/form.ts';
import { printChange, printEvent, printWatchError } from '../encode/watch.ts';
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
  const timeout = Number.isFinite(query.timeoutSeconds) ? setTimeout(stop, query.timeoutSeconds * 1000) : undefined;
  try {
    await stream(call, form, end.signal);
  } finally {
    stop();
    clearTimeout(timeout);
    request.raw.socket.off('close', stop);
    context.stopping.removeEventListener('abort', stop);
    if (reply.sent) reply.raw.end();
  }
}

async function stream(call: WatchCall, form: Form, signal: AbortSignal): Promise<void> {
  const { kind, namespace, query, context, reply } = call;
  const { resourceVersion, name } = query;
  // a replay opens its watch behind the list it gave
  const present = resourceVersion === 0 ? await context.resources.list({ kind, namespace, limit: 0 }) : undefined;
  const from = (present?.revision ?? resourceVersion) + 1;
  const target = { kind, namespace, ...(name !== undefined && { name }), startRevision: from };
  const batches = await context.resources.watch(target, signal);
  const send = begin(reply, signal);
  const place = { revision: from - 1 };
  let bookmarks: NodeJS.Timeout | undefined;
  try {
    await replay(present?.entries ?? [], call, form, send);
    // not before: a client would go on from a bookmark without what was still to be replayed
    if (query.wantsBookmarks) bookmarks = sendBookmarks(call, form, place);
    for await (const { revision, changes } of batches) {
      for (const change of changes) await send(printChange(change, query.matches, form));
      place.revision = revision;
    }
  } catch (error) {
    if (!signal.aborted && !hasCode(error, 'ABORT_ERR')) await send(printWatchError(error));
  } finally {
    clearInterval(bookmarks);
  }
}

/** Sends the head at once, so that the client knows it is watching; then a function that waits for slow clients. */
function begin(reply: FastifyReply, signal: AbortSignal): (text: string) => Promise<void> {
  reply.hijack();
  const raw: ServerResponse = reply.raw;
  raw.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  raw.flushHeaders();
  return async (text) => {
    if (text !== '' && !signal.aborted && !raw.write(text)) await once(raw, 'drain', { signal });
  };
}

async function replay(
  entries: readonly Entry[],
  { query }: WatchCall,
  form: Form,
  send: (text: string) => Promise<void>,
): Promise<void> {
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
