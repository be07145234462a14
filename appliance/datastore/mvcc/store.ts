/**
 * The embedded store: etcd's data model over any ordered database. Puts the parts together; each call is checked here, evaluated by the
 * writer or read from the committed state, and what a commit changed goes on to watchers, leases and retention. I/O.
 */
import { randomBytes } from 'node:crypto';
import { hasCode } from '../../lib/errors.ts';
import { type Logger, silentLogger } from '../../lib/log.ts';
import { storeErrors } from '../errors.ts';
import type {
  DeleteOp,
  Entry,
  KeyRange,
  LeaseStatus,
  Op,
  OpResult,
  PutOp,
  RangeRequest,
  RangeResult,
  Revision,
  Store,
  StoreStatus,
  StoreSupports,
  TxnRequest,
  TxnResult,
  Watch,
  WatchRequest,
} from '../store.ts';
import { renewSnapshot } from './advance.ts';
import { checkKey, checkTxn, defaultLimits, type RequestLimits } from './check.ts';
import { Cleaner } from './cleaner.ts';
import { type StoreClock, systemStoreClock } from './clock.ts';
import type { DatabaseSource } from './database.ts';
import { Draft } from './draft.ts';
import { WatchHub } from './hub.ts';
import { toBytes } from './keys.ts';
import { Lessor } from './lessor.ts';
import { load } from './load.ts';
import { readRange } from './range.ts';
import { recover } from './recovery.ts';
import { defaultRetention, Retention, type RetentionLimits } from './retention.ts';
import { compactedError, type State } from './state.ts';
import { translate } from './translate.ts';
import { applyTxn, isReadOnly, settle } from './txn.ts';
import { defaultWatchLimits, type WatchLimits } from './watcher.ts';
import { Writer } from './writer.ts';

/** What a store may be told; every value has a default. */
export interface MvccOptions {
  readonly clock?: StoreClock;
  readonly log?: Logger;
  readonly limits?: Partial<RequestLimits>;
  readonly watchLimits?: Partial<WatchLimits>;
  /** How much history is kept by itself; `false` leaves compaction to `compact()`. */
  readonly retention?: Partial<RetentionLimits> | false;
}

const leaseTtlSecondsMax = 9_000_000_000;
const leaseRetryMs = 1000;
/** The etcd whose API this is. */
const apiVersion = '3.5.0';
/** All records begin with a letter. */
const allRecords = { start: Buffer.from('A'), end: Buffer.from([0x7f]) };

/** Opens a store over a database. STORE_IN_USE, STORE_CORRUPT or STORE_UNAVAILABLE when it cannot be had whole. */
export async function openMvccStore(source: DatabaseSource, options: MvccOptions = {}): Promise<MvccStore> {
  const database = await source.open();
  try {
    return new MvccStore(source, await load(database), options);
  } catch (error) {
    await database.close();
    throw translate(error, 'reading the database');
  }
}

/** A store over an ordered database. Made by `openMvccStore`. */
export class MvccStore implements Store {
  readonly supports: StoreSupports;
  readonly #state: State;
  readonly #limits: RequestLimits;
  readonly #clock: StoreClock;
  readonly #log: Logger;
  readonly #source: DatabaseSource;
  readonly #writer: Writer;
  readonly #hub: WatchHub;
  readonly #lessor: Lessor;
  readonly #cleaner: Cleaner;
  readonly #retention: Retention | undefined;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;
  /** Why nothing can be written at present. */
  #trouble: unknown;

  constructor(source: DatabaseSource, state: State, options: MvccOptions) {
    this.supports = { durable: source.durable };
    this.#source = source;
    this.#state = state;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#clock = options.clock ?? systemStoreClock;
    this.#log = options.log ?? silentLogger;
    this.#hub = new WatchHub(state, { ...defaultWatchLimits, ...options.watchLimits });
    this.#writer = new Writer(state, {
      committed: (draft) => this.#committed(draft),
      recover: (cause) => this.#recover(cause),
    });
    this.#lessor = new Lessor(this.#clock, (ids) => this.#expire(ids));
    this.#cleaner = new Cleaner(state, (error) =>
      this.#log.warn({ cause: String(error) }, 'history could not be cleaned'),
    );
    if (options.retention !== false) this.#retention = new Retention({ ...defaultRetention, ...options.retention });
    this.#startLeases();
    this.#cleaner.start();
  }

  async range(request: RangeRequest): Promise<RangeResult> {
    this.#checkOpen();
    checkKey(request);
    return this.#read(() => readRange(this.#state, request));
  }

  async txn(request: TxnRequest): Promise<TxnResult> {
    this.#checkOpen();
    checkTxn(request, this.#limits);
    const { revision, pending } = isReadOnly(request)
      ? await this.#read(() => applyTxn(new Draft(this.#state), request))
      : await this.#writer.submit((draft) => applyTxn(draft, request));
    return this.#read(() => settle(pending, revision));
  }

  async put(key: Buffer, value: Buffer, options: { lease?: bigint; prevKv?: boolean } = {}) {
    const op: PutOp = { type: 'put', key, value, ...options };
    const { revision, result } = await this.#one(op);
    return result.type === 'put' && result.prev !== undefined ? { revision, prev: result.prev } : { revision };
  }

  async delete(range: KeyRange, options: { prevKv?: boolean } = {}) {
    const op: DeleteOp = { type: 'delete', ...range, ...options };
    const { revision, result } = await this.#one(op);
    const { deleted, prev } = result as { deleted: number; prev: readonly Entry[] };
    return { revision, deleted, prev };
  }

  async watch(request: WatchRequest, signal?: AbortSignal): Promise<Watch> {
    this.#checkOpen();
    checkKey(request);
    const watcher = this.#hub.watch(request);
    if (signal?.aborted) watcher.close();
    else signal?.addEventListener('abort', () => watcher.close(), { once: true });
    return watcher;
  }

  async compact(revision: Revision): Promise<void> {
    this.#checkOpen();
    await this.#writer.submit((draft) => {
      const { compacted } = draft.state;
      if (revision > draft.state.revision) throw storeErrors.fail('STORE_FUTURE_REVISION', String(revision));
      if (revision <= Math.max(compacted, draft.compacted ?? 0)) throw compactedError(revision, compacted);
      draft.compact(revision);
    });
    this.#cleaner.start();
  }

  async leaseGrant(ttlSeconds: number, id = 0n): Promise<LeaseStatus> {
    this.#checkOpen();
    if (ttlSeconds > leaseTtlSecondsMax) throw storeErrors.fail('STORE_TOO_LARGE', `a lease of ${ttlSeconds} s`);
    const seconds = Math.max(1, Math.ceil(ttlSeconds));
    const chosen = await this.#writer.submit((draft) => {
      const wanted = id === 0n ? freeLeaseId(draft) : id;
      if (draft.leaseTtlSeconds(wanted) !== undefined) throw storeErrors.fail('STORE_LEASE_EXISTS', wanted.toString());
      draft.setLease(wanted, seconds);
      return wanted;
    });
    return { id: chosen, ttlSeconds: seconds, remainingSeconds: seconds, keys: [] };
  }

  async leaseRevoke(id: bigint): Promise<Revision> {
    this.#checkOpen();
    return this.#writer.submit((draft) => revoke(draft, id));
  }

  async leaseKeepAlive(id: bigint): Promise<LeaseStatus> {
    this.#checkOpen();
    const ttlSeconds = this.#state.leases.ttlSeconds(id);
    if (ttlSeconds === undefined || this.#lessor.isExpired(id)) {
      throw storeErrors.fail('STORE_LEASE_NOT_FOUND', id.toString());
    }
    this.#lessor.start(id, ttlSeconds);
    return { id, ttlSeconds, remainingSeconds: ttlSeconds, keys: [] };
  }

  async leaseTimeToLive(id: bigint, keys = false): Promise<LeaseStatus> {
    this.#checkOpen();
    const ttlSeconds = this.#state.leases.ttlSeconds(id);
    if (ttlSeconds === undefined) return { id, ttlSeconds: 0, remainingSeconds: -1, keys: [] };
    const attached = keys ? this.#state.leases.keys(id).map(toBytes) : [];
    return { id, ttlSeconds, remainingSeconds: this.#lessor.remainingSeconds(id), keys: attached };
  }

  async leases(): Promise<readonly bigint[]> {
    this.#checkOpen();
    return this.#state.leases.ids();
  }

  async revisions() {
    this.#checkOpen();
    return { current: this.#state.revision, compacted: Math.max(1, this.#state.compacted) };
  }

  async status(): Promise<StoreStatus> {
    const { current, compacted } = await this.revisions();
    return {
      version: apiVersion,
      revision: current,
      compacted,
      sizeBytes: await this.#source.sizeBytes(),
      alarms: alarmsOf(this.#trouble),
      members: [],
    };
  }

  async defragment(): Promise<void> {
    this.#checkOpen();
    await this.#cleaner.idle();
    // The snapshot of the last commit still holds what was cleaned after it.
    await this.#writer.submit(() => renewSnapshot(this.#state));
    await this.#read(() => this.#state.database.compactRange?.(allRecords.start, allRecords.end));
  }

  /** Finishes the writes it has taken, ends all watches and lets go of the database. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    this.#lessor.close();
    await this.#writer.close();
    this.#hub.close();
    await this.#cleaner.close();
    await this.#state.database.close();
  }

  async #one(op: Op): Promise<{ revision: Revision; result: OpResult }> {
    const { revision, results } = await this.txn({ compare: [], success: [op], failure: [] });
    return { revision, result: results[0]! };
  }

  async #read<T>(read: () => T | Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw translate(error, 'a read failed');
    }
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw storeErrors.fail('STORE_CLOSED');
  }

  #committed(draft: Draft): void {
    for (const [id, ttlSeconds] of draft.changedLeases) {
      if (ttlSeconds === undefined) this.#lessor.remove(id);
      else this.#lessor.start(id, ttlSeconds);
    }
    this.#hub.publish(draft);
    this.#forgetOld();
  }

  #forgetOld(): void {
    const { revision, compacted } = this.#state;
    const due = this.#retention?.due(revision, compacted, this.#clock.nowMs());
    if (due === undefined) return;
    this.compact(due).catch((error) => this.#log.debug({ cause: String(error) }, 'history was not compacted'));
  }

  async #recover(cause: unknown): Promise<void> {
    const { revision } = this.#state;
    const options = { source: this.#source, clock: this.#clock, log: this.#log, signal: this.#closing.signal };
    this.#trouble = cause;
    try {
      await recover(this.#state, cause, options);
      this.#trouble = undefined;
    } catch (error) {
      this.#trouble = error;
      throw error;
    }
    this.#startLeases();
    this.#hub.rewind(revision);
  }

  #startLeases(): void {
    for (const id of this.#state.leases.ids()) this.#lessor.start(id, this.#state.leases.ttlSeconds(id)!);
  }

  #expire(ids: readonly bigint[]): void {
    for (const id of ids) {
      this.#writer
        .submit((draft) => {
          if (this.#lessor.isExpired(id)) revoke(draft, id);
        })
        .catch((error) => {
          this.#log.debug({ lease: id.toString(), cause: String(error) }, 'an expired lease could not be revoked');
          if (this.#closed === undefined) this.#lessor.retry(leaseRetryMs);
        });
    }
  }
}

function revoke(draft: Draft, id: bigint): Revision {
  if (draft.leaseTtlSeconds(id) === undefined) throw storeErrors.fail('STORE_LEASE_NOT_FOUND', id.toString());
  draft.attempt(() => {
    for (const key of draft.leaseKeys(id)) draft.delete(key);
    draft.setLease(id, undefined);
  });
  return draft.revision;
}

/** A positive id that no lease has, as etcd chooses them. */
function freeLeaseId(draft: Draft): bigint {
  for (;;) {
    const id = randomBytes(8).readBigUInt64BE() >> 1n;
    if (id !== 0n && draft.leaseTtlSeconds(id) === undefined) return id;
  }
}

function alarmsOf(trouble: unknown): StoreStatus['alarms'] {
  if (hasCode(trouble, 'STORE_CORRUPT')) return ['CORRUPT'];
  return /ENOSPC|no space left|quota exceeded/i.test(String(trouble)) ? ['NOSPACE'] : [];
}
