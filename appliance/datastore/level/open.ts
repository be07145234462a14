/** The store in a directory of its own, kept by LevelDB. One process opens it; every commit is synced before it is acknowledged. I/O. */
import { basename, dirname } from 'node:path';
import { AppError } from '../../lib/errors.ts';
import { type MvccOptions, openMvccStore } from '../mvcc/store.ts';
import type { Store } from '../store.ts';
import { levelSource } from './source.ts';

/**
 * Opens the store in `directory`, which is made when it is missing. Everything in it is read and checked first: what opens is whole.
 * STORE_IN_USE when another process has it, STORE_CORRUPT when it is damaged (nothing of it is served), STORE_NEWER when a later version
 * wrote it, STORE_UNAVAILABLE for the rest.
 */
export async function openLevelStore(directory: string, options: MvccOptions = {}): Promise<Store> {
  try {
    return await openMvccStore(levelSource(directory), options);
  } catch (error) {
    throw withRemedy(error, directory);
  }
}

/** Whoever reads of damage wants to know where, and what to do. */
function withRemedy(error: unknown, directory: string): unknown {
  if (!(error instanceof AppError) || error.code !== 'STORE_CORRUPT') return error;
  const place = basename(directory) === 'store' ? `--data-dir ${dirname(directory)}` : `--datastore level:${directory}`;
  const message = `${error.message} (${directory}). To restore the last backup: calicoctl datastore restore FILE ${place}`;
  return new AppError(error.code, message, { retry: error.retry, details: { directory }, cause: error });
}
