/**
 * A watch that outlives its connection: when a session breaks, the next one starts at the first revision not handed out.
 * It gives up with STORE_UNAVAILABLE when that takes too long, and at once when history is gone or access is denied. I/O.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { storeErrors } from '../errors.ts';
import type { Revision, Watch, WatchBatch, WatchRequest } from '../store.ts';
import type { EtcdClient } from './client.ts';
import { translateError } from './translate.ts';
import { openWatchSession, type WatchSession } from './watch-session.ts';

const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 1_000;

export interface WatchContext {
  readonly client: EtcdClient;
  readonly log: Logger;
  /** How long a broken watch is tried to be resumed. */
  readonly resumeTimeoutMs: number;
  /** Called when the watch is over, so that its store forgets it. */
  onEnd(watch: Watch): void;
}

/** Opens a watch; resolves once it exists. */
export async function openWatch(context: WatchContext, request: WatchRequest, signal?: AbortSignal): Promise<Watch> {
  if (request.key.length === 0) throw storeErrors.fail('STORE_EMPTY_KEY');
  const session = await openFirst(context, request);
  const watch = new EtcdWatch(context, request, session, signal);
  if (signal?.aborted) watch.close();
  return watch;
}

/** A start that is gone is told here, before anybody iterates; etcd itself tells it only after creation. */
async function openFirst(context: WatchContext, request: WatchRequest): Promise<WatchSession> {
  const { client } = context;
  try {
    return await client.read(async () => {
      const { key, startRevision = 0 } = request;
      const session = await openPermitted(client, request, startRevision);
      await assertWhole(client, key, session, startRevision);
      return session;
    });
  } catch (error) {
    throw translateError(error);
  }
}

/** To an outdated token etcd says what it says to a lacking permission. */
async function openPermitted(
  client: EtcdClient,
  request: WatchRequest,
  startRevision: Revision,
): Promise<WatchSession> {
  try {
    return await openWatchSession(client, request, startRevision);
  } catch (error) {
    if (!hasCode(error, 'STORE_DENIED') || !(await client.renewToken())) throw error;
    return openWatchSession(client, request, startRevision);
  }
}

/**
 * A watch that starts where history was compacted may miss the deletions of that very revision (etcd's issues 18089 and
 * 19179), and nothing in its answers says so. The revision before can be read only when that cannot have happened.
 */
async function assertWhole(
  client: EtcdClient,
  key: Buffer,
  session: WatchSession,
  startRevision: Revision,
): Promise<void> {
  if (startRevision === 0 || session.createdRevision < startRevision) return;
  try {
    const revision = Math.max(1, startRevision - 1);
    await client.read((options) => client.kv.range({ key, revision, count_only: true }, options));
  } catch (error) {
    session.close();
    throw error;
  }
}

class EtcdWatch implements Watch {
  readonly #context: WatchContext;
  readonly #request: WatchRequest;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => this.close();
  #session: WatchSession;
  #closed = false;

  constructor(context: WatchContext, request: WatchRequest, session: WatchSession, signal: AbortSignal | undefined) {
    this.#context = context;
    this.#request = request;
    this.#session = session;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#onAbort);
  }

  requestProgress(): void {
    if (!this.#closed) this.#session.requestProgress();
  }

  close(): void {
    this.#closed = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#session.close();
    this.#context.onEnd(this);
  }

  [Symbol.asyncIterator](): AsyncIterator<WatchBatch> {
    return {
      next: () => this.#next(),
      return: async () => {
        this.close();
        return { done: true, value: undefined };
      },
    };
  }

  async #next(): Promise<IteratorResult<WatchBatch>> {
    for (;;) {
      try {
        const batch = this.#closed ? undefined : await this.#session.next();
        return batch === undefined ? { done: true, value: undefined } : { done: false, value: batch };
      } catch (error) {
        await this.#resume(error);
      }
    }
  }

  async #resume(broken: unknown): Promise<void> {
    const { client, log, resumeTimeoutMs } = this.#context;
    const startRevision = this.#session.nextRevision;
    const endMs = performance.now() + resumeTimeoutMs;
    let error = broken;
    if (!this.#closed) this.#request.onInterruption?.((broken as Error).message);
    for (let waitMs = RETRY_MIN_MS; !this.#closed; waitMs = Math.min(waitMs * 2, RETRY_MAX_MS)) {
      if (client.closed) throw storeErrors.fail('STORE_CLOSED', '', { cause: error });
      if (!hasCode(error, 'STORE_UNAVAILABLE') || performance.now() >= endMs) throw error;
      try {
        const session = await openPermitted(client, this.#request, startRevision);
        await assertContinues(client, this.#request.key, session, startRevision);
        await assertWhole(client, this.#request.key, session, startRevision);
        log.info({ startRevision, reason: String(broken) }, 'watch resumed');
        if (this.#closed) session.close();
        else if (this.#session.isProgressWanted) session.requestProgress();
        this.#session = session;
        if (!this.#closed) this.#request.onInterruption?.(undefined);
        return;
      } catch (failed) {
        error = translateError(failed);
      }
      await sleep(waitMs * (0.5 + Math.random() / 2), undefined, { ref: false });
    }
  }
}

/**
 * A server behind what it has told us was given another database; watching it would be silent until it catches up. One member of a
 * cluster may just be late: then all members together know better, and the next attempt may meet another one. They are asked by a read of a
 * key that may be watched: an empty transaction would be answered by the late member alone.
 */
async function assertContinues(
  client: EtcdClient,
  key: Buffer,
  session: WatchSession,
  startRevision: Revision,
): Promise<void> {
  if (session.createdRevision >= startRevision - 1) return;
  session.close();
  const newest = await client.read((options) => client.kv.range({ key, count_only: true }, options));
  const what = `the server is at ${session.createdRevision}, behind ${startRevision - 1}`;
  if (Number(newest.header.revision) >= startRevision - 1) throw storeErrors.fail('STORE_UNAVAILABLE', what);
  throw storeErrors.fail('STORE_COMPACTED', what);
}
