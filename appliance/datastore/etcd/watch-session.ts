/**
 * One watch on one gRPC stream, until anything goes wrong: pulls no more than it can keep, asks a silent server whether it
 * is still there, and ends with an error instead of falling silent. I/O.
 */
import type { IWatchResponse } from 'etcd3';
import type { AppError } from '../../lib/errors.ts';
import { storeErrors } from '../errors.ts';
import type { Revision, WatchBatch, WatchRequest } from '../store.ts';
import type { EtcdClient, WatchStream } from './client.ts';
import { eventOf } from './convert.ts';
import { ProgressProof } from './progress-proof.ts';
import { endQuietly } from './stream.ts';
import { translateError } from './translate.ts';

/** Batches kept for a consumer that is busy; beyond it the stream is not read. */
const QUEUE_MAX = 64;
const QUEUE_RESUME = 16;
/**
 * Every tick in which nothing came counts; after some the server is asked for a sign of life, after more it is lost. Ticks and not
 * time: when our own event loop stood still, what came meanwhile has not been looked at yet, and but one tick has passed.
 */
const TICK_MS = 1_000;
const ASK_TICKS = 3;
const LOST_TICKS = 6;
/** How long a server may take to create a watch. */
const CREATE_MS = 3_000;
/** An unproven answer to a progress request is put to the test after this long; a request that got none is repeated after the other. */
const PROOF_MS = 250;
const UNANSWERED_MS = 1_000;
/** The id under which a progress request is answered; it belongs to no watch. */
const NO_WATCH = '-1';

/** What is handed out, and up to where history is certainly not needed again. */
interface Received {
  readonly batch: WatchBatch;
  readonly certain: Revision;
}

/** Opens a stream and one watch on it; resolves when the server has created the watch. */
export async function openWatchSession(
  client: EtcdClient,
  request: WatchRequest,
  startRevision: Revision,
): Promise<WatchSession> {
  const opened = await client.openWatchStream();
  const { stream } = opened;
  const session = new WatchSession(opened, startRevision);
  stream.write({
    create_request: {
      key: request.key,
      ...(request.rangeEnd === undefined ? {} : { range_end: request.rangeEnd }),
      start_revision: startRevision,
      progress_notify: true,
      prev_kv: request.prevKv === true,
    },
  });
  await session.created(Math.min(CREATE_MS, client.requestTimeoutMs));
  return session;
}

export class WatchSession {
  readonly #stream: WatchStream['stream'];
  readonly #abandon: () => void;
  readonly #queue: Received[] = [];
  readonly #heartbeat: NodeJS.Timeout;
  readonly #progress: ProgressProof;
  readonly #created = Promise.withResolvers<void>();
  #waiting: PromiseWithResolvers<WatchBatch | undefined> | undefined;
  #end: { readonly error: AppError | undefined } | undefined;
  #nextRevision: Revision;
  #createdRevision: Revision = 0;
  /** The last revision whose events have come, or the one before the first wanted. */
  #told: Revision;
  /** The revision of the last batch. */
  #latest: Revision = 0;
  #silentTicks = 0;
  #askAgain: NodeJS.Timeout | undefined;

  constructor({ stream, abandon }: WatchStream, startRevision: Revision) {
    this.#stream = stream;
    this.#abandon = abandon;
    this.#nextRevision = startRevision;
    this.#told = startRevision - 1;
    this.#progress = new ProgressProof(startRevision - 1);
    this.#heartbeat = setInterval(() => this.#checkSilence(), TICK_MS).unref();
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

  /** A progress request waits for its answer. */
  get isProgressWanted(): boolean {
    return this.#progress.isWanted;
  }

  /** Asks for a batch without events that says how far the watch is. */
  requestProgress(): void {
    const isAsking = this.#progress.isWanted;
    this.#progress.want();
    if (!isAsking && this.#end === undefined) this.#askUntilAnswered();
  }

  /** Settles with the server's answer to the creation. */
  async created(timeoutMs: number): Promise<void> {
    const timer = setTimeout(() => this.#lose('the server did not create the watch in time'), timeoutMs);
    try {
      await this.#created.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The next batch; undefined after `close()`. What came before an error is handed out before it. */
  next(): Promise<WatchBatch | undefined> {
    const received = this.#queue.shift();
    if (received !== undefined) {
      if (this.#queue.length === QUEUE_RESUME) this.#resume();
      return Promise.resolve(this.#handOut(received));
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
    this.#silentTicks = 0;
    if (response.canceled) this.#finish(cancelError(response));
    else if (response.created) this.#confirm(response);
    else if (response.watch_id === NO_WATCH) this.#takeAnswer(Number(response.header.revision));
    else this.#takeBatch(batchOf(response));
  }

  /** A member of etcd before 3.4.25 and 3.5.8 that catches up by a snapshot tells its watches again what it has told them before. */
  #takeBatch({ revision, events }: WatchBatch): void {
    const fresh = events.filter(({ entry }) => entry.modRevision > this.#told);
    if (events.length > 0 && fresh.length === 0) return;
    const batch = { revision, events: fresh };
    this.#told = fresh.at(-1)?.entry.modRevision ?? this.#told;
    this.#progress.reached(batch.revision);
    // Whoever waits for progress gets it with the answer, which follows.
    if (batch.events.length === 0 && this.#progress.isWanted) return;
    this.#push({ batch, certain: batch.revision });
  }

  #takeAnswer(revision: Revision): void {
    const proven = this.#progress.answer(revision);
    if (proven === undefined) {
      if (this.#progress.isWanted) this.#askAgainIn(PROOF_MS);
      return;
    }
    clearTimeout(this.#askAgain);
    if (this.#progress.isWanted) this.#askUntilAnswered();
    // An answer may be older than the events that came before it, and nobody is told to go back.
    this.#push({ batch: { revision: Math.max(proven, this.#latest), events: [] }, certain: this.#progress.certain });
  }

  #ask(): void {
    this.#progress.asked();
    this.#stream.write({ progress_request: {} });
  }

  #askUntilAnswered(): void {
    this.#ask();
    this.#askAgainIn(UNANSWERED_MS);
  }

  #askAgainIn(ms: number): void {
    clearTimeout(this.#askAgain);
    this.#askAgain = setTimeout(() => this.#askUntilAnswered(), ms).unref();
  }

  #confirm(response: IWatchResponse): void {
    this.#createdRevision = Number(response.header.revision);
    if (this.#nextRevision === 0) this.#nextRevision = this.#createdRevision + 1;
    this.#progress.reached(this.#nextRevision - 1);
    this.#created.resolve();
  }

  #push(received: Received): void {
    this.#latest = received.batch.revision;
    if (this.#waiting !== undefined) {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting.resolve(this.#handOut(received));
      return;
    }
    this.#queue.push(received);
    if (this.#queue.length >= QUEUE_MAX) this.#stream.pause();
  }

  #handOut({ batch, certain }: Received): WatchBatch {
    this.#nextRevision = Math.max(this.#nextRevision, certain + 1);
    return batch;
  }

  #resume(): void {
    this.#silentTicks = 0;
    this.#stream.resume();
  }

  #checkSilence(): void {
    if (this.#stream.isPaused()) return;
    this.#silentTicks++;
    if (this.#silentTicks >= LOST_TICKS) this.#lose('the watch fell silent');
    else if (this.#silentTicks >= ASK_TICKS) this.#ask();
  }

  /** Whatever else goes by this connection would wait in vain too. */
  #lose(why: string): void {
    this.#abandon();
    this.#finish(storeErrors.fail('STORE_UNAVAILABLE', why));
  }

  #finish(error: AppError | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    clearInterval(this.#heartbeat);
    clearTimeout(this.#askAgain);
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
