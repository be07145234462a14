/** The keys under which etcd keeps its records: revision, `_`, number within the revision, and `t` when it is a deletion. Pure. */
import type { Revision } from '../../datastore/store.ts';

/** The longest such key. */
export const revisionKeyBytesMax = 18;

const tombstone = 't'.charCodeAt(0);
const separator = '_'.charCodeAt(0);

/** Order of bytes is order of revisions, and of changes within one. */
export function revisionKey(revision: Revision, sub: number, isDeletion: boolean): Buffer {
  const key = Buffer.alloc(isDeletion ? revisionKeyBytesMax : revisionKeyBytesMax - 1);
  key.writeBigUInt64BE(BigInt(revision), 0);
  key[8] = separator;
  key.writeBigUInt64BE(BigInt(sub), 9);
  if (isDeletion) key[17] = tombstone;
  return key;
}
