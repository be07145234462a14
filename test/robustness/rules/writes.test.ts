import test from 'ava';
import type { Operation, RecordedEntry, RunRecord, WatchRecord } from '../history.ts';
import { historian, judge } from './judge.ts';

const key = '/robust/k1';
const entry: RecordedEntry = { key, value: 'a', create: 2, mod: 2, version: 1, lease: '7' };
const gone: RecordedEntry = { key, value: '', create: 0, mod: 3, version: 0, lease: '0' };
const common = { client: 1, knownAtCall: 2, code: '' };

/** A key of a lease that goes at revision 3, and a revocation that comes after a watcher was told of it. */
function run(operations: readonly Operation[]): RunRecord {
  const grant: Operation = {
    ...{ kind: 'grant', ttlSeconds: 600, ...common, call: 1, return: 2, outcome: 'ok' },
    answer: { lease: '7', ttlSeconds: 600 },
  };
  const revoke: Operation = {
    ...{ kind: 'revoke', lease: '7', ...common, call: 40, return: 41, outcome: 'ok', answer: { revision: 3 } },
  };
  const watch: WatchRecord = {
    ...{ watcher: historian, key: '/', end: '\0', prevKv: true, start: 3, call: 3, knownAtCall: 2, opened: 4 },
    batches: [{ at: 30, revision: 3, events: [{ type: 'delete', entry: gone, prev: entry }] }],
    ...{ ended: 50, ending: 'closed' },
  };
  const initial = { revision: 2, entries: [entry] };
  return { initial, final: { revision: 3, entries: [] }, operations: [grant, ...operations, revoke], watches: [watch] };
}

const deletion: Operation = {
  ...{ kind: 'txn', via: 'delete', compare: [], success: [{ type: 'delete', key, end: '', prevKv: false }] },
  ...{ failure: [], ...common, call: 20, return: 25, outcome: 'unknown', code: 'STORE_UNAVAILABLE', answer: null },
};

test('a revocation that may have come too late is not taken for what a deletion of unknown end may have done', (t) => {
  t.deepEqual(judge(run([deletion]), true).problems, []);
});

test('where nobody else could have made it, a revision known before its revocation was asked for is noticed', (t) => {
  t.deepEqual(judge(run([]), true).problems, [`watch ${historian} from 3: knew of 3 before it was asked for`]);
});
