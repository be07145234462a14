/** Makes a durable draft the committed state. The only place that changes it in normal running. Pure but for the new snapshot. */
import { SharedSnapshot } from './database.ts';
import type { Draft } from './draft.ts';
import type { State } from './state.ts';

/** Takes over what `draft` changed; readers that have begun keep the snapshot they had. */
export function advance(state: State, draft: Draft): void {
  for (const [id, ttlSeconds] of draft.changedLeases) if (ttlSeconds !== undefined) state.leases.grant(id, ttlSeconds);
  for (const [key, entry] of draft.changedKeys) {
    state.leases.move(key, state.index.get(key)?.lease ?? 0n, entry?.lease ?? 0n);
    if (entry === undefined) state.index.delete(key);
    else {
      const { createRevision, modRevision, version, lease } = entry;
      state.index.set(key, { createRevision, modRevision, version, lease });
    }
  }
  for (const [id, ttlSeconds] of draft.changedLeases) if (ttlSeconds === undefined) state.leases.remove(id);
  state.revision = draft.revision;
  state.compacted = draft.compacted ?? state.compacted;
  renewSnapshot(state);
}

/** Shows readers what the database holds now; for the writer alone, which knows that no batch is on its way. */
export function renewSnapshot(state: State): void {
  const old = state.shared;
  state.shared = new SharedSnapshot(state.database);
  old.retire();
}
