/** From bytes of the store to parsed JSON: the graph's door. Pure. */
import type { Revision } from '../../datastore/store.ts';
import type { Update } from '../../datastore/syncer.ts';
import { parseBlockKey } from './convert/block.ts';
import { parseResourceKey } from './convert/key.ts';
import type { LargeValues } from './large-values.ts';

/** One key as it is now. `value` is parsed JSON of any shape; absent means gone. */
export interface GraphUpdate {
  readonly key: string;
  readonly value: unknown;
  readonly revision: Revision;
  /** Why the bytes could not be read; the value then counts as absent. */
  readonly unreadable?: string;
}

/** Parses the bytes of an update; what is neither resource nor block is passed on without a value, since the graph does not look at it. */
export function decodeUpdate({ key, value, revision }: Update, large: LargeValues): GraphUpdate {
  if (value === undefined || (parseResourceKey(key) === undefined && parseBlockKey(key) === undefined)) {
    large.forget(key);
    return { key, value: undefined, revision };
  }
  try {
    return { key, value: large.parse(key, value), revision };
  } catch (error) {
    return { key, value: undefined, revision, unreadable: `not JSON: ${(error as Error).message}` };
  }
}
