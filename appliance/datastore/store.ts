/**
 * The store contract: etcd v3's data model, and nothing that etcd cannot do. Backends: `memory/`, `level/`, `etcd/`.
 * Every backend passes `test/contract/store.ts`. Keys are bytes in byte order; a commit is one revision.
 * Source: etcd v3 API (KV, Watch, Lease), https://etcd.io/docs/v3.5/learning/api/.
 */

/** One more for every commit that changes something; starts at 1 (an empty store). A safe integer. */
export type Revision = number;

/** A stored key with its history marks. `lease` is 0n when none is attached. */
export interface Entry {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  /** Writes since creation, 1 for the first. */
  readonly version: number;
  readonly lease: bigint;
}

/**
 * A range of keys, as etcd has it: only `key` when `rangeEnd` is absent; `[key, rangeEnd)` otherwise.
 * `rangeEnd` of one zero byte means to the end of all keys.
 */
export interface KeyRange {
  readonly key: Buffer;
  readonly rangeEnd?: Buffer;
}

export interface RangeRequest extends KeyRange {
  /** Read as of this revision; absent or 0 means the newest. STORE_COMPACTED or STORE_FUTURE_REVISION when it is not there. */
  readonly revision?: Revision;
  /** At most this many entries; 0 or absent means all. */
  readonly limit?: number;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
}

export interface RangeResult {
  /** The store's revision when it was read (the header revision), not the revision read at. */
  readonly revision: Revision;
  /** In key order. */
  readonly entries: readonly Entry[];
  /** True when `limit` cut the answer. */
  readonly more: boolean;
  /** Keys in the range, regardless of `limit`. */
  readonly count: number;
}

export type CompareTarget =
  | { readonly target: 'version' | 'create' | 'mod'; readonly operand: number }
  | { readonly target: 'lease'; readonly operand: bigint }
  | { readonly target: 'value'; readonly operand: Buffer };

/**
 * A condition on a key, or on every key of a range; a range with no keys counts as one missing key.
 * A missing key has version, create, mod and lease 0; no condition on its value holds, not even `notEqual`.
 */
export type Compare = KeyRange & CompareTarget & { readonly result: 'equal' | 'notEqual' | 'greater' | 'less' };

export interface PutOp {
  readonly type: 'put';
  readonly key: Buffer;
  readonly value: Buffer;
  readonly lease?: bigint;
  readonly prevKv?: boolean;
  /** Keep the present value or lease; STORE_KEY_NOT_FOUND when the key is absent. */
  readonly ignoreValue?: boolean;
  readonly ignoreLease?: boolean;
}
export interface DeleteOp extends KeyRange {
  readonly type: 'delete';
  readonly prevKv?: boolean;
}
export type RangeOp = RangeRequest & { readonly type: 'range' };
export type TxnOp = TxnRequest & { readonly type: 'txn' };
export type Op = PutOp | DeleteOp | RangeOp | TxnOp;

/** If every comparison holds do `success`, else `failure`; all at one revision. One key may be put once only (STORE_DUPLICATE_KEY). */
export interface TxnRequest {
  readonly compare: readonly Compare[];
  readonly success: readonly Op[];
  readonly failure: readonly Op[];
}

export type OpResult =
  | { readonly type: 'put'; readonly prev?: Entry }
  | { readonly type: 'delete'; readonly deleted: number; readonly prev: readonly Entry[] }
  | ({ readonly type: 'range' } & RangeResult)
  | ({ readonly type: 'txn' } & TxnResult);

export interface TxnResult {
  readonly succeeded: boolean;
  /** The revision of this commit, or the store's revision when nothing was written. */
  readonly revision: Revision;
  readonly results: readonly OpResult[];
}

export interface WatchRequest extends KeyRange {
  /** First revision wanted; absent or 0 means only what comes after the watch exists. STORE_COMPACTED when it is gone. */
  readonly startRevision?: Revision;
  readonly prevKv?: boolean;
  /**
   * Told why, each time the way to the server is lost, and `undefined` once the watch is whole again. Never called by a store that is
   * in this process, nor after the watch has ended.
   */
  readonly onInterruption?: (problem: string | undefined) => void;
}

export type WatchEvent =
  | { readonly type: 'put'; readonly entry: Entry; readonly prev?: Entry }
  /** `entry` has key and modRevision (of the deletion); value empty, version 0. */
  | { readonly type: 'delete'; readonly entry: Entry; readonly prev?: Entry };

/** All events of one or more whole revisions, oldest first; never part of a revision. Empty events: progress only. */
export interface WatchBatch {
  /** Everything up to and including this revision has been delivered. */
  readonly revision: Revision;
  readonly events: readonly WatchEvent[];
}

/**
 * A running watch. Batches come in order with no gap and no repeat. Iteration ends after `close()` or an abort,
 * and throws an AppError (STORE_COMPACTED, STORE_UNAVAILABLE, STORE_WATCH_OVERFLOW, ...) when the watch cannot go on.
 */
export interface Watch extends AsyncIterable<WatchBatch> {
  /**
   * Asks how far the watch is: soon after, once all earlier events have been delivered, comes a batch without events whose
   * revision is the store's at the request or later. Requests that wait together may share one answer.
   */
  requestProgress(): void;
  close(): void;
}

export interface LeaseStatus {
  readonly id: bigint;
  /** As granted, seconds. */
  readonly ttlSeconds: number;
  /** Seconds left, rounded down; -1 for a lease that does not exist. */
  readonly remainingSeconds: number;
  readonly keys: readonly Buffer[];
}

/** `NOSPACE`: nothing is written until there is room again. `CORRUPT`: a server's data is damaged, or not that of the others. */
export type StoreAlarm = 'NOSPACE' | 'CORRUPT';

/** One server of a store that has several, or why it did not answer. */
export type StoreMember = { readonly endpoint: string } & (
  | {
      readonly version: string;
      readonly sizeBytes: number;
      readonly usedBytes?: number;
      readonly isLeader: boolean;
    }
  | { readonly problem: string }
);

export interface StoreStatus {
  /** Of etcd's API, as the server tells it; of several, the oldest. */
  readonly version: string;
  readonly revision: Revision;
  /** The oldest revision still readable; 0 while that cannot be told, since the servers have no majority. */
  readonly compacted: Revision;
  /** On disk; of several servers, what the largest has. 0 when there is no disk, or the server does not say. */
  readonly sizeBytes: number;
  /** How many of those are not free to be used again; absent when the store does not know. */
  readonly usedBytes?: number;
  readonly alarms: readonly StoreAlarm[];
  /** The servers, in the order in which they were given; none when the store is in this process. */
  readonly members: readonly StoreMember[];
}

/** What a backend cannot do; its absence is tested too. */
export interface StoreSupports {
  /** Survives a kill and a power loss after an acknowledged write. */
  readonly durable: boolean;
}

export interface Store {
  readonly supports: StoreSupports;
  range(request: RangeRequest): Promise<RangeResult>;
  /** A committed txn is durable (where supported) before it resolves. */
  txn(request: TxnRequest): Promise<TxnResult>;
  put(
    key: Buffer,
    value: Buffer,
    options?: { lease?: bigint; prevKv?: boolean },
  ): Promise<{ revision: Revision; prev?: Entry }>;
  delete(
    range: KeyRange,
    options?: { prevKv?: boolean },
  ): Promise<{ revision: Revision; deleted: number; prev: readonly Entry[] }>;
  /** Resolves once the watch exists: every commit after that is delivered. */
  watch(request: WatchRequest, signal?: AbortSignal): Promise<Watch>;
  /** Forgets history before `revision`: later reads and watches below it fail with STORE_COMPACTED. */
  compact(revision: Revision): Promise<void>;
  /** `id` 0n lets the store choose. STORE_LEASE_EXISTS when taken. */
  leaseGrant(ttlSeconds: number, id?: bigint): Promise<LeaseStatus>;
  /** Deletes the lease and its keys in one revision. STORE_LEASE_NOT_FOUND when absent. */
  leaseRevoke(id: bigint): Promise<Revision>;
  /** Restarts the lease's clock. STORE_LEASE_NOT_FOUND when absent. */
  leaseKeepAlive(id: bigint): Promise<LeaseStatus>;
  leaseTimeToLive(id: bigint, keys?: boolean): Promise<LeaseStatus>;
  leases(): Promise<readonly bigint[]>;
  /** The newest revision, and the oldest still readable. */
  revisions(): Promise<{ readonly current: Revision; readonly compacted: Revision }>;
  /** STORE_UNAVAILABLE only when no server answers. */
  status(): Promise<StoreStatus>;
  /**
   * Gives the disk back what compaction has freed so far, on every server, one after another. May take minutes; an etcd
   * answers nobody else meanwhile, the embedded store answers all.
   */
  defragment(): Promise<void>;
  close(): Promise<void>;
}

/** The end of the range of all keys that begin with `prefix`. */
export function prefixEnd(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix);
  for (let i = end.length - 1; i >= 0; i--) {
    if (end[i]! < 0xff) {
      end[i]!++;
      return end.subarray(0, i + 1);
    }
  }
  return Buffer.from([0]);
}
