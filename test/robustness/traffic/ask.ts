/** Sends a recorded question to a store and records the answer. I/O. */
import { hasCode } from '#appliance/lib/errors.ts';
import type { Answer, Operation, Outcome, Question, RecordedResult, TxnAnswer, TxnQuestion } from '../history.ts';
import { rangeBytes, recordEntry, recordResult, toCompare, toOp, valueBytes } from '../record.ts';
import type { Recorder } from '../recorder.ts';
import type { TestedStore } from '../target.ts';

/** Asks, waits, and leaves the whole operation with the recorder. Throws only what is no store's error. */
export async function ask(
  store: TestedStore,
  recorder: Recorder,
  client: number,
  question: Question,
): Promise<Operation> {
  const asked = { ...question, client, knownAtCall: recorder.known, call: recorder.now() };
  let ending: { outcome: Outcome; code: string; answer: Answer | null };
  try {
    ending = { outcome: 'ok', code: '', answer: await send(store, question) };
  } catch (error) {
    ending = { outcome: outcomeOf(error), code: codeOf(error), answer: null };
  }
  const operation = { ...asked, ...ending, return: recorder.now() } as Operation;
  recorder.add(operation);
  return operation;
}

/** The code of a store's error; anything else is a fault of the code and passes through. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && String(error.code).startsWith('STORE_')) return String(error.code);
  throw error;
}

/** A refusal is certain; of a lost answer only the store's client knows whether the request ever left. */
function outcomeOf(error: unknown): Outcome {
  if (!hasCode(error, 'STORE_UNAVAILABLE') && !hasCode(error, 'STORE_CLOSED')) return 'refused';
  const { details } = error as { details?: { maybeApplied?: boolean } };
  return details?.maybeApplied === false ? 'refused' : 'unknown';
}

async function send(store: TestedStore, question: Question): Promise<Answer> {
  switch (question.kind) {
    case 'txn':
      return transact(store, question);
    case 'read-at': {
      const { revision, entries } = await store.range({ ...rangeBytes(question), revision: question.revision });
      return { revision, entries: entries.map(recordEntry) };
    }
    case 'grant': {
      const { id, ttlSeconds } = await store.leaseGrant(question.ttlSeconds);
      return { lease: id.toString(), ttlSeconds };
    }
    case 'keepalive':
      return { ttlSeconds: (await store.leaseKeepAlive(BigInt(question.lease))).ttlSeconds };
    case 'revoke':
      return { revision: await store.leaseRevoke(BigInt(question.lease)) };
    case 'compact':
      await store.compact(question.revision);
      return {};
  }
}

/** By the call that the question names, for each goes its own way to the store. */
async function transact(store: TestedStore, question: TxnQuestion): Promise<TxnAnswer> {
  const op = question.success[0]!;
  if (question.via === 'put' && op.type === 'put') {
    const lease = BigInt(op.lease);
    const options = { prevKv: op.prevKv, ...(lease > 0n && { lease }) };
    const { revision, prev } = await store.put(Buffer.from(op.key), valueBytes(op.value), options);
    return single(revision, { type: 'put', prev: prev === undefined ? null : recordEntry(prev) });
  }
  if (question.via === 'delete' && op.type === 'delete') {
    const { revision, deleted, prev } = await store.delete(rangeBytes(op), { prevKv: op.prevKv });
    return single(revision, { type: 'delete', deleted, prev: prev.map(recordEntry) });
  }
  if (question.via === 'range' && op.type === 'range') {
    const { revision, entries } = await store.range(rangeBytes(op));
    return single(revision, { type: 'range', entries: entries.map(recordEntry) });
  }
  const { revision, succeeded, results } = await store.txn({
    compare: question.compare.map(toCompare),
    success: question.success.map(toOp),
    failure: question.failure.map(toOp),
  });
  return { revision, succeeded, results: results.map(recordResult) };
}

function single(revision: number, result: RecordedResult): TxnAnswer {
  return { revision, succeeded: true, results: [result] };
}
