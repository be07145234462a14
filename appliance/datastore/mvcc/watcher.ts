/**
 * One watch: reads history in slices until it has caught up, then takes what commits push. A slow reader costs no memory while it reads
 * history; one that lets pushed events pile up is cut off. Never blocks a writer. I/O (async iteration).
 */
import { storeErrors } from '../errors.ts';
import type { Revision, Watch, WatchBatch, WatchEvent } from '../store.ts';
import type { Span } from './keys.ts';

/** How much a watcher may leave unread. */
export interface WatchLimits {
  readonly eventsMax: number;
  readonly bytesMax: number;
}

export const defaultWatchLimits: WatchLimits = { eventsMax: 50_000, bytesMax: 32 * 1024 * 1024 };

/** A slice of history: what it holds for one watcher, and the revision to go on from. */
export interface Slice {
  readonly next: Revision;
  readonly events: readonly WatchEvent[];
}

/** What a watcher asks of its hub. */
export interface WatchSource {
  readonly limits: WatchLimits;
  /** Up to here whoever follows has been pushed everything. */
  readonly published: Revision;
  /** Follows from `next` on when that is not in the past; otherwise says no. */
  follow(watcher: Watcher, next: Revision): boolean;
  forget(watcher: Watcher): void;
  readSlice(watcher: Watcher, next: Revision): Promise<Slice>;
}

/** A running watch over one span. */
export class Watcher implements Watch {
  readonly span: Span;
  readonly prevKv: boolean;
  readonly #source: WatchSource;
  readonly #batches: AsyncGenerator<WatchBatch>;
  /** The first revision wanted: from history while behind, and what a batch may begin with while following. */
  #next: Revision;
  #isFollowing = false;
  #isClosed = false;
  #isProgressWanted = false;
  #error: unknown;
  #queue: WatchBatch[] = [];
  #queuedEvents = 0;
  #queuedBytes = 0;
  #wake: (() => void) | undefined;

  constructor(source: WatchSource, request: { span: Span; prevKv: boolean; next: Revision }) {
    this.span = request.span;
    this.prevKv = request.prevKv;
    this.#source = source;
    this.#next = request.next;
    this.#isFollowing = source.follow(this, request.next);
    this.#batches = this.#run();
  }

  [Symbol.asyncIterator](): AsyncIterator<WatchBatch> {
    return this.#batches;
  }

  requestProgress(): void {
    this.#isProgressWanted = true;
    this.#wake?.();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stop();
  }

  /** Ends the watch with an error, which the reader gets instead of what it has not read. */
  fail(error: unknown): void {
    this.#error ??= error;
    this.#stop();
  }

  /** Takes the events of new commits; called by the hub, in order, while following. */
  push(batch: WatchBatch, bytes: number): void {
    const { eventsMax, bytesMax } = this.#source.limits;
    const isFull = this.#queuedEvents + batch.events.length > eventsMax || this.#queuedBytes + bytes > bytesMax;
    if (isFull && this.#queue.length > 0) {
      const what = `${this.#queuedEvents} events and ${this.#queuedBytes} bytes are unread`;
      this.fail(storeErrors.fail('STORE_WATCH_OVERFLOW', what));
      return;
    }
    const wanted = batch.revision < this.#next ? undefined : since(batch, this.#next);
    if (wanted === undefined) return;
    this.#queue.push(wanted);
    this.#queuedEvents += wanted.events.length;
    this.#queuedBytes += bytes;
    this.#wake?.();
  }

  /** Goes back to history for what comes after `revision`; called when the store had to read itself anew. */
  rewind(revision: Revision): void {
    this.#next = Math.max(this.#next, revision + 1);
    this.#isFollowing = false;
    this.#wake?.();
  }

  #stop(): void {
    this.#queue = [];
    this.#source.forget(this);
    this.#wake?.();
  }

  async *#run(): AsyncGenerator<WatchBatch> {
    try {
      while (!this.#isClosed) {
        if (this.#error !== undefined) throw this.#error;
        const batch = this.#take() ?? this.#progress() ?? (await this.#more());
        if (batch !== undefined) yield batch;
      }
    } finally {
      this.close();
    }
  }

  /** All that is queued, as one batch. */
  #take(): WatchBatch | undefined {
    const last = this.#queue.at(-1);
    if (last === undefined) return undefined;
    const batch =
      this.#queue.length === 1 ? last : { revision: last.revision, events: this.#queue.flatMap((b) => b.events) };
    this.#queue = [];
    this.#queuedEvents = 0;
    this.#queuedBytes = 0;
    return batch;
  }

  /** To be asked when nothing is queued: whoever follows then has everything that was published. */
  #progress(): WatchBatch | undefined {
    if (!this.#isProgressWanted || !this.#isFollowing) return undefined;
    this.#isProgressWanted = false;
    return { revision: this.#source.published, events: [] };
  }

  async #more(): Promise<WatchBatch | undefined> {
    if (!this.#isFollowing) return this.#replay();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
    return undefined;
  }

  async #replay(): Promise<WatchBatch | undefined> {
    this.#isFollowing = this.#source.follow(this, this.#next);
    if (this.#isFollowing) return undefined;
    const { next, events } = await this.#source.readSlice(this, this.#next);
    if (this.#isClosed) return undefined;
    this.#next = next;
    this.#isFollowing = this.#source.follow(this, next);
    return events.length === 0 ? undefined : { revision: next - 1, events };
  }
}

function since(batch: WatchBatch, first: Revision): WatchBatch | undefined {
  if (batch.events[0]!.entry.modRevision >= first) return batch;
  const events = batch.events.filter(({ entry }) => entry.modRevision >= first);
  return events.length === 0 ? undefined : { revision: batch.revision, events };
}
