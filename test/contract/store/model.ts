/** The naive store: every revision is a whole map, kept for ever. Slow and plainly right; what a real store is compared with. Pure. */

/** What a model remembers of a key. */
export interface ModelEntry {
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
}

export type ModelState = ReadonlyMap<string, ModelEntry>;

/** One write; a list of them is a transaction. `end` makes a deletion a range. */
export type ModelWrite =
  | { readonly type: 'put'; readonly key: string; readonly value: string }
  | { readonly type: 'delete'; readonly key: string; readonly end?: string };

export interface ModelEvent {
  readonly type: 'put' | 'delete';
  readonly key: string;
  readonly revision: number;
  readonly value: string;
  readonly previous: string | undefined;
}

/** A store as a list of states; the state of revision `r` is `states[r - first]`. */
export class StoreModel {
  readonly #first: number;
  readonly #states: ModelState[] = [new Map()];
  readonly events: ModelEvent[] = [];
  compacted: number;

  /** Starts empty at a revision. */
  constructor(revision: number) {
    this.#first = revision;
    this.compacted = revision;
  }

  get revision(): number {
    return this.#first + this.#states.length - 1;
  }

  at(revision: number): ModelState {
    return this.#states[revision - this.#first]!;
  }

  /** Applies a transaction; gives the revision after it. */
  write(writes: readonly ModelWrite[]): number {
    const revision = this.revision + 1;
    const next = new Map(this.at(this.revision));
    const events = writes.flatMap((write) =>
      write.type === 'put' ? [put(next, write, revision)] : remove(next, write, revision),
    );
    if (events.length === 0) return this.revision;
    this.#states.push(next);
    this.events.push(...events);
    return revision;
  }
}

/** The names and entries of a range, in order. */
export function select(state: ModelState, start: string, end: string): [string, ModelEntry][] {
  return [...state].filter(([key]) => key >= start && key < end).sort(([a], [b]) => (a < b ? -1 : 1));
}

function put(
  state: Map<string, ModelEntry>,
  { key, value }: { key: string; value: string },
  revision: number,
): ModelEvent {
  const old = state.get(key);
  const createRevision = old?.createRevision ?? revision;
  state.set(key, { value, createRevision, modRevision: revision, version: (old?.version ?? 0) + 1 });
  return { type: 'put', key, revision, value, previous: old?.value };
}

function remove(
  state: Map<string, ModelEntry>,
  { key, end }: { key: string; end?: string },
  revision: number,
): ModelEvent[] {
  return select(state, key, end ?? `${key}\0`).map(([name, old]) => {
    state.delete(name);
    return { type: 'delete', key: name, revision, value: '', previous: old.value };
  });
}
