/** Hands each commit to the watchers it concerns, and history to those that are behind. Sits between the writer and the watchers. I/O. */
import { storeErrors } from '../errors.ts';
import type { Revision, WatchEvent, WatchRequest } from '../store.ts';
import type { Draft } from './draft.ts';
import { toKey, toSpan } from './keys.ts';
import { readSlice } from './replay.ts';
import { compactedError, type State } from './state.ts';
import { translate } from './translate.ts';
import { type Group, WatchGroups } from './watch-groups.ts';
import { type Slice, Watcher, type WatchLimits, type WatchSource } from './watcher.ts';

/** Revision 1 is the empty store: nothing was written by it. */
const firstCommit = 2;

/** All watches of a store. */
export class WatchHub implements WatchSource {
  readonly limits: WatchLimits;
  readonly #state: State;
  #published: Revision;
  readonly #following = new WatchGroups<Watcher>();
  readonly #all = new Set<Watcher>();

  constructor(state: State, limits: WatchLimits) {
    this.#state = state;
    this.#published = state.revision;
    this.limits = limits;
  }

  get published(): Revision {
    return this.#published;
  }

  /** Starts a watch; from here on it misses nothing. STORE_COMPACTED when its start is gone. */
  watch(request: WatchRequest): Watcher {
    const start = request.startRevision ?? 0;
    if (start > 0 && start < this.#state.compacted) throw compactedError(start, this.#state.compacted);
    const next = start > 0 ? Math.max(start, firstCommit) : this.#state.revision + 1;
    const watcher = new Watcher(this, { span: toSpan(request), prevKv: request.prevKv ?? false, next });
    this.#all.add(watcher);
    return watcher;
  }

  /** Tells the watchers of a durable group. */
  publish(draft: Draft): void {
    this.#published = draft.revision;
    if (this.#following.isEmpty || draft.events.length === 0) return;
    const collected = new Map<Group<Watcher>, WatchEvent[]>();
    for (const event of draft.events) {
      for (const group of this.#following.matching(toKey(event.entry.key))) {
        const shaped = group.prevKv ? event : withoutPrevious(event);
        const events = collected.get(group);
        if (events === undefined) collected.set(group, [shaped]);
        else events.push(shaped);
      }
    }
    for (const [group, events] of collected) {
      const bytes = events.reduce((sum, event) => sum + bytesOf(event), 0);
      const batch = { revision: draft.revision, events };
      for (const watcher of [...group.members]) watcher.push(batch, bytes);
    }
  }

  /** The store has been read anew and may hold more than `revision`, the last one published. */
  rewind(revision: Revision): void {
    this.#published = this.#state.revision;
    for (const watcher of this.#following.members) {
      this.#following.remove(watcher);
      watcher.rewind(revision);
    }
  }

  close(): void {
    for (const watcher of [...this.#all]) watcher.fail(storeErrors.fail('STORE_CLOSED'));
  }

  follow(watcher: Watcher, next: Revision): boolean {
    if (next <= this.#state.revision) return false;
    this.#following.add(watcher);
    return true;
  }

  forget(watcher: Watcher): void {
    this.#following.remove(watcher);
    this.#all.delete(watcher);
  }

  async readSlice(watcher: Watcher, next: Revision): Promise<Slice> {
    try {
      return await readSlice(this.#state, watcher, next);
    } catch (error) {
      throw translate(error, 'history');
    }
  }
}

function withoutPrevious(event: WatchEvent): WatchEvent {
  return event.prev === undefined ? event : { type: event.type, entry: event.entry };
}

function bytesOf({ entry, prev }: WatchEvent): number {
  return entry.key.length + entry.value.length + (prev?.value.length ?? 0);
}
