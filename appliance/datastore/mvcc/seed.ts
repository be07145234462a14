/**
 * The first records of a database whose revisions go on from a given one instead of from 1. A restored store begins above every
 * revision that its followers can have seen, so that none of them takes old knowledge for new. Pure.
 */
import type { Revision } from '../store.ts';
import type { BatchOperation } from './database.ts';
import { logKey, markKey } from './keys.ts';
import { format } from './load.ts';
import { encodeLog, encodeNumber } from './records.ts';

/** What an empty database is given; `revision` is its oldest and its newest. */
export function seedOperations(revision: Revision): BatchOperation[] {
  const number = (name: 'format' | 'compacted' | 'cleaned', value: number): BatchOperation => {
    const key = markKey(name);
    return { type: 'put', key, value: encodeNumber(key, value) };
  };
  return [
    number('format', format),
    number('compacted', revision),
    number('cleaned', revision),
    { type: 'put', key: logKey(revision), value: encodeLog(revision, []) },
  ];
}
