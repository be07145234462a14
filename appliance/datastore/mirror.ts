/**
 * What a follower has told its sink already: the keys and their revisions, nothing more. Decides what is news. Pure.
 */

import type { Entry, Revision, WatchEvent } from './store.ts';
import type { Update } from './syncer.ts';

export class Mirror {
  readonly #revisions = new Map<string, Revision>();

  get size(): number {
    return this.#revisions.size;
  }

  keys(): Iterable<string> {
    return this.#revisions.keys();
  }

  /** True when this state of the key has not been told yet. */
  isNews(key: string, modRevision: Revision): boolean {
    return this.#revisions.get(key) !== modRevision;
  }

  /** A listed entry as an update; to be called for news only. */
  takeEntry(key: string, entry: Entry): Update {
    this.#revisions.set(key, entry.modRevision);
    return { key, value: entry.value, revision: entry.modRevision };
  }

  /** A watched change as an update; undefined when the sink knows it, or never knew the key. */
  takeEvent(key: string, event: WatchEvent): Update | undefined {
    const { entry } = event;
    const known = this.#revisions.get(key);
    if (event.type === 'delete') {
      if (known === undefined || known > entry.modRevision) return undefined;
      this.#revisions.delete(key);
      return { key, value: undefined, revision: entry.modRevision };
    }
    if (known !== undefined && known >= entry.modRevision) return undefined;
    return this.takeEntry(key, entry);
  }

  /** Deletions of everything known that a complete list at `revision` did not contain. */
  takeMissing(listed: ReadonlySet<string>, revision: Revision): Update[] {
    const missing = [...this.#revisions.keys()].filter((key) => !listed.has(key));
    for (const key of missing) this.#revisions.delete(key);
    return missing.map((key) => ({ key, value: undefined, revision }));
  }

  /** Takes every listed key for news from now on, as after the store was replaced by another; deletions are still inferred. */
  distrust(): void {
    for (const key of this.#revisions.keys()) this.#revisions.set(key, 0);
  }
}
