/** How many keys of which kind a store has. Reads names, not values. I/O. */
import { rangeOfPrefix } from '../backup/pages.ts';
import type { Revision, Store } from '../store.ts';
import { keyKindOf } from './key-kind.ts';

const pageKeys = 2000;

/** Counts as of one revision; kinds in the order of their names. */
export async function countKeys(
  store: Store,
  revision: Revision,
): Promise<{ readonly keys: number; readonly kinds: Readonly<Record<string, number>> }> {
  const counts = new Map<string, number>();
  let keys = 0;
  let { key, rangeEnd } = rangeOfPrefix('');
  for (;;) {
    const page = await store.range({ key, rangeEnd, revision, limit: pageKeys, keysOnly: true });
    keys += page.entries.length;
    for (const entry of page.entries) {
      const { word } = keyKindOf(entry.key.toString());
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    if (!page.more) break;
    key = Buffer.concat([page.entries.at(-1)!.key, Buffer.from([0])]);
  }
  return { keys, kinds: Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))) };
}
