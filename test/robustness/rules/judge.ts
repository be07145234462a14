/** All rules over one run, and what the linearizability checker gets to see of it. Pure. */
import type { Operation, RunRecord, TxnAnswer, WatchRecord } from '../history.ts';
import { checkReadAt } from './reads.ts';
import { readTimeline } from './timeline.ts';
import { checkWatch } from './watches.ts';
import { type Attribution, attributeWrites, type Writing } from './writes.ts';

/** The watcher whose events are the timeline: it sees all keys and is never overtaken by a compaction. */
export const historian = 'historian';

/** What an operation is to the checker. `at`: the revisions it may have made, when its answer does not say. */
export interface CheckedOperation {
  readonly kind: 'txn' | 'revoke' | 'expire';
  readonly client: number;
  readonly call: number;
  readonly return: number;
  readonly lease?: string;
  readonly compare?: Operation<'txn'>['compare'];
  readonly success?: Operation<'txn'>['success'];
  readonly failure?: Operation<'txn'>['failure'];
  readonly answer: TxnAnswer | { readonly revision: number } | null;
  readonly at: readonly number[];
}

export interface CheckerInput {
  readonly initial: RunRecord['initial'];
  /** Where the store ended: an operation of unknown end that has not happened by then never does. */
  readonly finalRevision: number;
  readonly operations: readonly CheckedOperation[];
}

export interface Judgement {
  readonly problems: readonly string[];
  readonly input: CheckerInput;
}

/** Judges a run. The checker's own verdict comes on top. */
export function judge(run: RunRecord, isSingle: boolean): Judgement {
  const { timeline, problems } = readTimeline(run, historian);
  const attribution = attributeWrites(run.operations, timeline);
  const compactions = run.operations.filter((operation) => operation.kind === 'compact');
  const context = { timeline, askedAt: attribution.askedAt, compactions, isSingle };
  const found = [
    ...problems,
    ...attribution.problems,
    ...run.operations.flatMap((o) => (o.kind === 'read-at' ? checkReadAt(o, timeline, compactions) : [])),
    ...run.watches.flatMap((watch: WatchRecord) => checkWatch(watch, context)),
    ...run.operations.flatMap(unexpected),
  ];
  return { problems: found, input: checkerInput(run, attribution) };
}

const expected = [
  '',
  'STORE_UNAVAILABLE',
  'STORE_CLOSED',
  'STORE_LEASE_NOT_FOUND',
  'STORE_COMPACTED',
  'STORE_LEASE_EXISTS',
];

/** Refusals for which nothing that was asked gives a reason. */
function unexpected(operation: Operation): string[] {
  if (operation.kind === 'read-at' || expected.includes(operation.code)) return [];
  return [`refused with ${operation.code}: ${JSON.stringify(operation)}`];
}

/** Certainly refused and certainly ineffective operations are left out: no state forbids them. */
function checkerInput({ initial, final, operations }: RunRecord, { candidates }: Attribution): CheckerInput {
  const settled = operations.filter(
    (o): o is Operation<'txn' | 'revoke'> => o.outcome === 'ok' && (o.kind === 'txn' || o.kind === 'revoke'),
  );
  const all: [Writing, readonly number[]][] = [...settled.map((o): [Writing, number[]] => [o, []]), ...candidates];
  return { initial, finalRevision: final.revision, operations: all.map(([writing, at]) => checked(writing, at)) };
}

function checked(writing: Writing, at: readonly number[]): CheckedOperation {
  const { kind, call, answer } = writing;
  const common = { kind, call, answer, at, return: writing.outcome === 'ok' ? writing.return : -1 };
  if (kind === 'expire') return { ...common, client: 0, lease: writing.lease };
  if (kind === 'revoke') return { ...common, client: writing.client, lease: writing.lease };
  const { client, compare, success, failure } = writing;
  return { ...common, client, compare, success, failure };
}
