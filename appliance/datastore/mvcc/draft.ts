/**
 * What a group of transactions has changed before it is durable: an overlay on the committed state that later transactions of the
 * same group see and readers do not. Given up as a whole when the batch fails. I/O (synchronous reads of previous values).
 */
import { storeErrors } from '../errors.ts';
import type { Entry, Revision, WatchEvent } from '../store.ts';
import type { BatchOperation } from './database.ts';
import type { Selection } from './key-index.ts';
import { currentKey, historyKey, isIn, type Key, leaseKey, logKey, markKey, type Span, toBytes } from './keys.ts';
import { encodeDeletion, encodeLog, encodeNumber, encodeState, type KeyState, type LogEvent } from './records.ts';
import { readCurrent, type State } from './state.ts';

interface Undo {
  readonly key: Key;
  readonly had: boolean;
  readonly entry: Entry | undefined;
}

/** The uncommitted changes of one group. */
export class Draft {
  readonly state: State;
  readonly events: WatchEvent[] = [];
  /** A new oldest revision, when this group compacts. */
  compacted: Revision | undefined;
  bytes = 0;
  #revision: Revision;
  /** Absent: as committed. Present and undefined: deleted. */
  readonly #changes = new Map<Key, Entry | undefined>();
  readonly #leases = new Map<bigint, number | undefined>();
  #operations: BatchOperation[] = [];
  #log: LogEvent[] = [];
  #undo: Undo[] = [];

  constructor(state: State) {
    this.state = state;
    this.#revision = state.revision;
  }

  /** The revision of the last finished transaction of the group. */
  get revision(): Revision {
    return this.#revision;
  }

  /** The revision that a reader inside the running transaction is told. */
  get reached(): Revision {
    return this.#log.length > 0 ? this.#revision + 1 : this.#revision;
  }

  get changedKeys(): ReadonlyMap<Key, Entry | undefined> {
    return this.#changes;
  }

  get changedLeases(): ReadonlyMap<bigint, number | undefined> {
    return this.#leases;
  }

  /** Runs one transaction as one revision; it leaves no trace when it throws. */
  attempt<T>(work: () => T): T {
    const marks = { operations: this.#operations.length, events: this.events.length, bytes: this.bytes };
    try {
      const result = work();
      this.#seal();
      return result;
    } catch (error) {
      this.#operations.length = marks.operations;
      this.events.length = marks.events;
      this.bytes = marks.bytes;
      this.#rollBack();
      throw error;
    } finally {
      this.#log = [];
      this.#undo = [];
    }
  }

  keyState(key: Key): KeyState | undefined {
    return this.#changes.has(key) ? this.#changes.get(key) : this.state.index.get(key);
  }

  entry(key: Key): Entry | undefined {
    if (this.#changes.has(key)) return this.#changes.get(key);
    return this.state.index.get(key) === undefined ? undefined : readCurrent(this.state, key);
  }

  /** Live keys of a span, as `KeyIndex.select` gives them. */
  select(span: Span, limit = 0): Selection {
    const changed = [...this.#changes.keys()].filter((key) => isIn(key, span));
    if (changed.length === 0) return this.state.index.select(span, limit);
    const committed = this.state.index.select(span).keys.filter((key) => !this.#changes.has(key));
    const live = changed.filter((key) => this.#changes.get(key) !== undefined);
    const keys = [...committed, ...live].sort((a, b) => (a < b ? -1 : 1));
    const cut = limit > 0 ? keys.slice(0, limit) : keys;
    return { keys: cut, states: cut.map((key) => this.keyState(key)!), count: keys.length };
  }

  /** Writes a key; gives its entry from before. */
  put(key: Key, value: Buffer, lease: bigint): Entry | undefined {
    const revision = this.#revision + 1;
    const previous = this.entry(key);
    const state: KeyState = {
      createRevision: previous?.createRevision ?? revision,
      modRevision: revision,
      version: (previous?.version ?? 0) + 1,
      lease,
    };
    const entry: Entry = { key: toBytes(key), value: Buffer.from(value), ...state };
    this.#change(key, entry, previous);
    this.#log.push({ type: 'put', key, previous: previous?.modRevision ?? 0 });
    this.events.push({ type: 'put', entry, ...(previous && { prev: previous }) });
    return previous;
  }

  /** Deletes a key that is there; gives its entry from before. */
  delete(key: Key): Entry {
    const revision = this.#revision + 1;
    const previous = this.entry(key);
    if (previous === undefined) throw storeErrors.fail('STORE_KEY_NOT_FOUND', key);
    this.#change(key, undefined, previous);
    this.#push({ type: 'put', key: historyKey(key, revision), value: encodeDeletion(previous.key, revision) });
    this.#log.push({ type: 'delete', key, previous: previous.modRevision });
    this.events.push({ type: 'delete', entry: deletedEntry(previous.key, revision), prev: previous });
    return previous;
  }

  leaseTtlSeconds(id: bigint): number | undefined {
    return this.#leases.has(id) ? this.#leases.get(id) : this.state.leases.ttlSeconds(id);
  }

  /** Keys attached to a lease, changes included. */
  leaseKeys(id: bigint): Key[] {
    const committed = this.state.leases.keys(id).filter((key) => !this.#changes.has(key));
    const changed = [...this.#changes].filter(([, entry]) => entry?.lease === id).map(([key]) => key);
    return [...committed, ...changed].sort((a, b) => (a < b ? -1 : 1));
  }

  /** Grants a lease, or takes it away when `ttlSeconds` is undefined. */
  setLease(id: bigint, ttlSeconds: number | undefined): void {
    const key = leaseKey(id);
    this.#leases.set(id, ttlSeconds);
    this.#push(
      ttlSeconds === undefined ? { type: 'del', key } : { type: 'put', key, value: encodeNumber(key, ttlSeconds) },
    );
  }

  /** Makes `revision` the oldest that may be read. */
  compact(revision: Revision): void {
    this.compacted = revision;
    const key = markKey('compacted');
    this.#push({ type: 'put', key, value: encodeNumber(key, revision) });
  }

  /** Everything to write, in one batch. */
  batch(): BatchOperation[] {
    const current = [...this.#changes].map(([key, entry]): BatchOperation => {
      if (entry === undefined) return { type: 'del', key: currentKey(key) };
      return { type: 'put', key: currentKey(key), value: encodeState(entry.key, entry, entry.value) };
    });
    return [...this.#operations, ...current];
  }

  #change(key: Key, entry: Entry | undefined, previous: Entry | undefined): void {
    this.#undo.push({ key, had: this.#changes.has(key), entry: this.#changes.get(key) });
    this.#changes.set(key, entry);
    this.bytes += key.length + (entry?.value.length ?? 0);
    if (previous === undefined) return;
    const value = encodeState(previous.key, previous, previous.value);
    this.#push({ type: 'put', key: historyKey(key, previous.modRevision), value });
  }

  #push(operation: BatchOperation): void {
    this.#operations.push(operation);
    this.bytes += operation.type === 'put' ? operation.key.length + operation.value.length : operation.key.length;
  }

  #seal(): void {
    if (this.#log.length === 0) return;
    this.#revision++;
    this.#push({ type: 'put', key: logKey(this.#revision), value: encodeLog(this.#revision, this.#log) });
  }

  #rollBack(): void {
    for (const { key, had, entry } of this.#undo.reverse()) {
      if (had) this.#changes.set(key, entry);
      else this.#changes.delete(key);
    }
  }
}

/** What a watcher is told of a key that is gone. */
export function deletedEntry(key: Buffer, revision: Revision): Entry {
  return { key, value: Buffer.alloc(0), createRevision: 0, modRevision: revision, version: 0, lease: 0n };
}
