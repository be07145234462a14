/** What can go wrong between us and a store. Pure. */
import { defineErrors } from '../lib/errors.ts';

export const storeErrors = defineErrors({
  STORE_UNAVAILABLE: { message: 'the store cannot be reached', retry: 'later' },
  STORE_CLOSED: { message: 'the store is closed', retry: 'never' },
  STORE_COMPACTED: { message: 'the revision has been compacted', retry: 'resync' },
  STORE_FUTURE_REVISION: { message: 'the revision lies in the future', retry: 'never' },
  STORE_DUPLICATE_KEY: { message: 'a key is written twice in one transaction', retry: 'never' },
  STORE_KEY_NOT_FOUND: { message: 'the key is not there', retry: 'never' },
  STORE_EMPTY_KEY: { message: 'a key may not be empty', retry: 'never' },
  STORE_TOO_LARGE: { message: 'the request is larger than the store takes', retry: 'never' },
  STORE_LEASE_NOT_FOUND: { message: 'the lease is not there', retry: 'never' },
  STORE_LEASE_EXISTS: { message: 'the lease exists already', retry: 'never' },
  STORE_WATCH_OVERFLOW: { message: 'the watcher did not keep up', retry: 'resync' },
  STORE_CORRUPT: { message: 'the database is damaged', retry: 'never' },
  STORE_NEWER: { message: 'the database was written by a later version of this program', retry: 'never' },
  STORE_IN_USE: { message: 'another process has the database open', retry: 'never' },
  STORE_DENIED: { message: 'the store refused our identity', retry: 'never' },
});
