/**
 * One client's watch stream: creates, cancels and reports progress in the order of the requests. Knows nothing of gRPC but
 * an outlet that may be full. I/O: watches the store, one timer for progress.
 */
import type { KeyRange, Revision, Watch, WatchBatch, WatchEvent } from '../datastore/store.ts';
import { hasCode } from '../lib/errors.ts';
import type { Identity } from './access/identity.ts';
import { requireRead } from './access/permit.ts';
import { type FaceContext, refusalFor, refusalTo } from './context.ts';
import { cutAnywhere, cutBetweenRevisions } from './cut-events.ts';
import { rangeEndOf } from './range.ts';
import { type Refusal, refusals } from './status.ts';
import { longToNumber, type WireWatchCreate, type WireWatchRequest, type WireWatchResponse } from './wire.ts';

/** Where answers go. `write` is false when the outlet is full; `onceDrained` tells when it is not any more. */
export interface WatchOutlet {
  write(response: WireWatchResponse): boolean;
  onceDrained(resume: () => void): void;
  /** Ends the whole stream. */
  fail(refusal: Refusal): void;
}

/** Many revisions at once go out in parts of about this size: what waits for a client that does not read is not much more. */
const partBytes = 256 * 1024;
/** As etcd words it inside a watch. */
const deniedReason = `rpc error: code = PermissionDenied desc = ${refusals.permissionDenied.details}`;
/** Progress that concerns the stream, not one watch. */
const NO_WATCH = -1;
/** A progress request: the watches that have not been heard of since. */
interface Asked {
  readonly revision: Revision;
  readonly unheard: Set<Running>;
}

const FILTER = { noPut: 0, noDelete: 1 } as const;

interface Running {
  readonly id: number;
  readonly request: WireWatchCreate;
  source: Watch;
  /** Everything up to here has been sent, or is no concern of this watch. */
  delivered: Revision;
  /** Something was sent since the progress timer last looked. */
  busy: boolean;
}

export class WatchStream {
  readonly #face: FaceContext;
  readonly #identity: Identity;
  readonly #outlet: WatchOutlet;
  readonly #running = new Map<number, Running>();
  readonly #timer: NodeJS.Timeout;
  readonly #asked: Asked[] = [];
  #requests: Promise<void> = Promise.resolve();
  #drained: Promise<void> | undefined;
  #stalled: NodeJS.Timeout | undefined;
  #nextId = 0;
  #closed = false;

  constructor(face: FaceContext, identity: Identity, outlet: WatchOutlet) {
    this.#face = face;
    this.#identity = identity;
    this.#outlet = outlet;
    this.#timer = setInterval(() => this.#askIdle(), face.progressIntervalMs).unref();
  }

  /** Takes one request; requests are carried out one after another. Resolves once there is room for the next. */
  receive(request: WireWatchRequest): Promise<void> {
    this.#requests = this.#requests
      .then(() => this.#handle(request))
      .then(() => this.#drained)
      .catch((error: unknown) => this.#outlet.fail(refusalFor(this.#face.log, error)));
    return this.#requests;
  }

  /** Stops every watch; nothing is sent after it. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#stalled);
    for (const running of this.#running.values()) running.source.close();
    this.#running.clear();
  }

  async #handle(request: WireWatchRequest): Promise<void> {
    if (this.#closed) return;
    if (request.create_request) await this.#create(request.create_request);
    else if (request.cancel_request) await this.#cancel(longToNumber(request.cancel_request.watch_id));
    else if (request.progress_request) await this.#askProgress();
  }

  async #create(request: WireWatchCreate): Promise<void> {
    const { current } = await this.#face.store.revisions();
    if (!this.#mayWatch(request)) return this.#refuse(current, deniedReason);
    const id = this.#chooseId(longToNumber(request.watch_id));
    if (id === undefined) return this.#refuse(current, 'mvcc: watch ID already exists');
    const start = longToNumber(request.start_revision);
    const delivered = start > 0 ? start - 1 : current;
    try {
      const source = await this.#open(request, start);
      if (this.#closed) return source.close();
      const running = { id, request, source, delivered, busy: true };
      this.#running.set(id, running);
      this.#send({ header: this.#face.header(current), watch_id: id, created: true });
      void this.#pump(running);
    } catch (error) {
      if (!hasCode(error, 'STORE_COMPACTED')) throw error;
      this.#send({ header: this.#face.header(current), watch_id: id, created: true });
      await this.#sendCompacted(id);
    }
  }

  /** The id the client asks for, or the next free one; undefined when the asked one is taken. */
  #chooseId(wanted: number): number | undefined {
    if (wanted !== 0) return this.#running.has(wanted) ? undefined : wanted;
    while (this.#running.has(this.#nextId)) this.#nextId++;
    return this.#nextId++;
  }

  #mayWatch(request: WireWatchCreate): boolean {
    try {
      requireRead(this.#identity, watchedRange(request));
      return true;
    } catch (error) {
      refusalTo(this.#face, this.#identity, 'Watch', error);
      return false;
    }
  }

  #open(request: WireWatchCreate, startRevision: Revision): Promise<Watch> {
    return this.#face.store.watch({
      ...watchedRange(request),
      ...(startRevision > 0 ? { startRevision } : {}),
      prevKv: request.prev_kv,
    });
  }

  async #pump(running: Running): Promise<void> {
    try {
      for await (const batch of running.source) {
        await this.#drained;
        if (!this.#isRunning(running)) return;
        await this.#deliver(running, batch);
      }
    } catch (error) {
      if (this.#isRunning(running)) await this.#recover(running, error);
    }
  }

  #isRunning(running: Running): boolean {
    return !this.#closed && this.#running.get(running.id) === running;
  }

  async #deliver(running: Running, batch: WatchBatch): Promise<void> {
    const { filters, fragment } = running.request;
    if (batch.events.length === 0) {
      running.delivered = Math.max(running.delivered, batch.revision);
      this.#passOnProgress(running);
      return this.#drained;
    }
    const parts = cutBetweenRevisions(batch.events.filter(wanted(filters)), partBytes);
    for (const [i, part] of parts.entries()) {
      const revision = i === parts.length - 1 ? batch.revision : part.at(-1)!.entry.modRevision;
      const encoded = part.map(this.#face.encodeEvent);
      this.#sendEvents(running, revision, fragment ? cutAnywhere(encoded, this.#face.responseBytesMax) : [encoded]);
      await this.#drained;
      if (!this.#isRunning(running)) return;
    }
    running.delivered = Math.max(running.delivered, batch.revision);
  }

  /** What belongs together goes out together; a fragment is followed by nothing but the next. */
  #sendEvents(running: Running, revision: Revision, fragments: readonly (readonly Buffer[])[]): void {
    const header = this.#face.header(revision);
    running.busy = true;
    running.delivered = Math.max(running.delivered, revision);
    fragments.forEach((encodedEvents, i) => {
      this.#send({ header, watch_id: running.id, encodedEvents, fragment: i < fragments.length - 1 });
    });
  }

  /** A slow client is not the end of its watch: history has what it missed, unless compaction was faster. */
  async #recover(running: Running, error: unknown): Promise<void> {
    try {
      if (!hasCode(error, 'STORE_WATCH_OVERFLOW')) throw error;
      running.source = await this.#open(running.request, running.delivered + 1);
      if (!this.#isRunning(running)) return running.source.close();
      if (this.#asked.some(({ unheard }) => unheard.has(running))) running.source.requestProgress();
      return void this.#pump(running);
    } catch (final) {
      if (!this.#isRunning(running)) return;
      this.#forget(running);
      if (hasCode(final, 'STORE_COMPACTED')) await this.#sendCompacted(running.id);
      else this.#outlet.fail(refusalFor(this.#face.log, final));
      this.#answerProgress();
    }
  }

  async #cancel(id: number): Promise<void> {
    const running = this.#running.get(id);
    if (running === undefined) return;
    this.#forget(running);
    running.source.close();
    const { current } = await this.#face.store.revisions();
    this.#send({ header: this.#face.header(current), watch_id: id, canceled: true });
    this.#answerProgress();
  }

  #forget(running: Running): void {
    this.#running.delete(running.id);
    for (const { unheard } of this.#asked) unheard.delete(running);
  }

  #refuse(revision: Revision, reason: string): void {
    const header = this.#face.header(revision);
    this.#send({ header, watch_id: NO_WATCH, created: true, canceled: true, cancel_reason: reason });
  }

  async #sendCompacted(id: number): Promise<void> {
    const { current, compacted } = await this.#face.store.revisions();
    this.#send({
      header: this.#face.header(current),
      watch_id: id,
      canceled: true,
      compact_revision: compacted,
      cancel_reason: refusals.compacted.details,
    });
  }

  async #askProgress(): Promise<void> {
    const { current } = await this.#face.store.revisions();
    const unheard = new Set(this.#running.values());
    this.#asked.push({ revision: current, unheard });
    for (const running of unheard) running.source.requestProgress();
    this.#answerProgress();
  }

  /** The store says that this watch has had everything; those that asked for it are told under their own id. */
  #passOnProgress(running: Running): void {
    const header = this.#face.header(running.delivered);
    if (running.request.progress_notify) this.#send({ header, watch_id: running.id });
    for (const { revision, unheard } of this.#asked) if (running.delivered >= revision) unheard.delete(running);
    this.#answerProgress();
  }

  /** Promises only what every watch of the stream has been sent: no later event may lie at or below it. */
  #answerProgress(): void {
    while (this.#asked[0]?.unheard.size === 0) {
      const { revision } = this.#asked.shift()!;
      const delivered = [...this.#running.values()].map((running) => running.delivered);
      const least = delivered.length === 0 ? revision : Math.min(...delivered);
      this.#send({ header: this.#face.header(least), watch_id: NO_WATCH });
    }
  }

  #askIdle(): void {
    for (const running of this.#running.values()) {
      if (running.request.progress_notify && !running.busy) running.source.requestProgress();
      running.busy = false;
    }
  }

  #send(response: WireWatchResponse): void {
    if (this.#closed || this.#outlet.write(response) || this.#drained !== undefined) return;
    this.#drained = new Promise((resolve) => {
      this.#outlet.onceDrained(() => {
        clearTimeout(this.#stalled);
        this.#drained = undefined;
        resolve();
      });
    });
    this.#stalled = setTimeout(() => this.#cutOff(), this.#face.stalledMaxMs).unref();
  }

  #cutOff(): void {
    if (this.#closed) return;
    this.#face.log.warn({ identity: this.#identity.name, watches: this.#running.size }, 'watch stream is not read');
    this.#outlet.fail(refusals.stalled);
    this.close();
  }
}

/** etcd reads an empty key as the first of all keys. */
function watchedRange(request: WireWatchCreate): KeyRange {
  return { key: request.key.length === 0 ? Buffer.from([0]) : request.key, ...rangeEndOf(request.range_end) };
}

function wanted(filters: readonly number[]): (event: WatchEvent) => boolean {
  return (event) => !filters.includes(event.type === 'put' ? FILTER.noPut : FILTER.noDelete);
}
