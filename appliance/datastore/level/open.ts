/** The store in a directory of its own, kept by LevelDB. One process opens it; every commit is synced before it is acknowledged. I/O. */
import { type MvccOptions, openMvccStore } from '../mvcc/store.ts';
import type { Store } from '../store.ts';
import { levelSource } from './source.ts';

/**
 * Opens the store in `directory`, which is made when it is missing.
 * STORE_IN_USE when another process has it, STORE_CORRUPT when it is damaged (it is left as found), STORE_UNAVAILABLE for the rest.
 */
export function openLevelStore(directory: string, options: MvccOptions = {}): Promise<Store> {
  return openMvccStore(levelSource(directory), options);
}
