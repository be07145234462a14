/**
 * One watch on one gRPC stream, until anything goes wrong: pulls no more than it can keep, asks a silent server whether it
 * is still there, and ends with an error instead of falling silent. I/O.
 */
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { IWatchRequest, IWatchResponse } from 'etcd3';
import type { AppError } from '../../lib/errors.ts';
import { storeErrors } from '../errors.ts';
import type { Revision, WatchBatch, WatchRequest } from '../store.ts';
import type { EtcdClient } from './client.ts';
import { eventOf } from './convert.ts';
import { endQuietly } from './stream.ts';
import { translateError } from './translate.ts';

/** Batches kept for a consumer that is busy; beyond it the stream is not read. */
const QUEUE_MAX = 64;
const QUEUE_RESUME = 16;
/** After this much silence the server is asked for a sign of life, after twice as much it counts as lost. */
const SILENCE_MAX_MS = 10_000;
/** The id under which a progress request is answered; it belongs to no watch. */
const NO_WATCH = '-1';

type Stream = ClientDuplexStream<IWatchRequest, IWatchResponse>;

/** Opens a stream and one watch on it; resolves when the server has created the watch. */
export async function openWatchSession(
  client: EtcdClient,
  request: WatchRequest,
  startRevision: Revision,
): Promise<WatchSession> {
  const stream = (await client.etcd.watchClient.watch()) as unknown as Stream;
  const session = new WatchSession(stream, startRevision);
  stream.write({
    create_request: {
      key: request.key,
      ...(request.rangeEnd === undefined ? {} : { range_end: request.rangeEnd }),
      start_revision: startRevision,
      progress_notify: true,
      prev_kv: request.prevKv === true,
    },
  });
  await session.created(client.requestTimeoutMs);
  return session;
}

export class WatchSession {
  readonly #stream: Stream;
  readonly #queue: WatchBatch[] = [];
  readonly #heartbeat: NodeJS.Timeout;
  readonly #created = Promise.withResolvers<void>();
  #waiting: PromiseWithResolvers<WatchBatch | undefined> | undefined;
  #end: { readonly error: AppError | undefined } | undefined;
  #nextRevision: Revision;
  #createdRevision: Revision = 0;
  #heardAtMs = performance.now();

  constructor(stream: Stream, startRevision: Revision) {
    this.#stream = stream;
    this.#nextRevision = startRevision;
    this.#heartbeat = setInterval(() => this.#checkSilence(), SILENCE_MAX_MS / 2).unref();
    this.#created.promise.catch(() => undefined);
    stream.on('data', (response: IWatchResponse) => this.#receive(response));
    stream.on('error', (error) => this.#finish(translateError(error)));
    stream.on('end', () => this.#finish(storeErrors.fail('STORE_UNAVAILABLE', 'the server ended the watch stream')));
  }

  /** The first revision this session has not handed out; where its successor starts. */
  get nextRevision(): Revision {
    return this.#nextRevision;
  }

  /** The server's revision when it created the watch. */
  get createdRevision(): Revision {
    return this.#createdRevision;
  }

  /** Settles with the server's answer to the creation. */
  async created(timeoutMs: number): Promise<void> {
    const late = () =>
      this.#finish(storeErrors.fail('STORE_UNAVAILABLE', 'the server did not create the watch in time'));
    const timer = setTimeout(late, timeoutMs);
    try {
      await this.#created.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The next batch; undefined after `close()`. What came before an error is handed out before it. */
  next(): Promise<WatchBatch | undefined> {
    const batch = this.#queue.shift();
    if (batch !== undefined) {
      if (this.#queue.length === QUEUE_RESUME) this.#resume();
      return Promise.resolve(this.#handOut(batch));
    }
    if (this.#end !== undefined) return this.#end.error ? Promise.reject(this.#end.error) : Promise.resolve(undefined);
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  close(): void {
    this.#queue.length = 0;
    this.#finish(undefined);
  }

  #receive(response: IWatchResponse): void {
    this.#heardAtMs = performance.now();
    if (response.canceled) this.#finish(cancelError(response));
    else if (response.created) this.#confirm(response);
    else if (response.watch_id !== NO_WATCH) this.#push(batchOf(response));
  }

  #confirm(response: IWatchResponse): void {
    this.#createdRevision = Number(response.header.revision);
    if (this.#nextRevision === 0) this.#nextRevision = this.#createdRevision + 1;
    this.#created.resolve();
  }

  #push(batch: WatchBatch): void {
    if (this.#waiting !== undefined) {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting.resolve(this.#handOut(batch));
      return;
    }
    this.#queue.push(batch);
    if (this.#queue.length >= QUEUE_MAX) this.#stream.pause();
  }

  #handOut(batch: WatchBatch): WatchBatch {
    this.#nextRevision = Math.max(this.#nextRevision, batch.revision + 1);
    return batch;
  }

  #resume(): void {
    this.#heardAtMs = performance.now();
    this.#stream.resume();
  }

  #checkSilence(): void {
    if (this.#stream.isPaused()) return;
    const silentMs = performance.now() - this.#heardAtMs;
    if (silentMs >= 2 * SILENCE_MAX_MS) this.#finish(storeErrors.fail('STORE_UNAVAILABLE', 'the watch fell silent'));
    else if (silentMs >= SILENCE_MAX_MS) this.#stream.write({ progress_request: {} });
  }

  #finish(error: AppError | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    clearInterval(this.#heartbeat);
    this.#created.reject(error ?? storeErrors.fail('STORE_CLOSED'));
    endQuietly(this.#stream);
    if (error === undefined) this.#waiting?.resolve(undefined);
    else this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}

/**
 * The header of an answer with events may be ahead of them while the server still replays; the last event is not. Without
 * events it is progress, and the server vouches for the header.
 */
function batchOf(response: IWatchResponse): WatchBatch {
  const events = response.events.map(eventOf);
  return { revision: events.at(-1)?.entry.modRevision ?? Number(response.header.revision), events };
}

function cancelError(response: IWatchResponse): AppError {
  const compacted = Number(response.compact_revision);
  if (compacted > 0) return storeErrors.fail('STORE_COMPACTED', '', { details: { compactRevision: compacted } });
  return translateError(new Error(response.cancel_reason || 'the server canceled the watch'));
}
