/** Between the store's entries and events and their recorded form. Values may be padded; the padding is checked and recorded as its length. Pure. */
import type { Compare, CompareTarget, Entry, Op, OpResult, WatchEvent } from '#appliance/datastore/store.ts';
import type { RecordedCompare, RecordedEntry, RecordedEvent, RecordedOp, RecordedResult } from './history.ts';

/** The bytes of a recorded value: `name` or `name:LENGTH`, padded to that length. */
export function valueBytes(recorded: string): Buffer {
  const [name, length] = recorded.split(':');
  return Buffer.from(length === undefined ? name! : name!.padEnd(Number(length), '.'));
}

/** The other way; bytes that are no such value come back as they are, so that no rule takes them for one. */
export function recordValue(value: Buffer): string {
  const text = value.toString('latin1');
  const name = text.replace(/\.+$/, '');
  return name.length === text.length ? text : `${name}:${text.length}`;
}

export function recordEntry(entry: Entry): RecordedEntry {
  return {
    key: entry.key.toString('latin1'),
    value: recordValue(entry.value),
    create: entry.createRevision,
    mod: entry.modRevision,
    version: entry.version,
    lease: entry.lease.toString(),
  };
}

export function recordEvent({ type, entry, prev }: WatchEvent): RecordedEvent {
  return { type, entry: recordEntry(entry), prev: prev === undefined ? null : recordEntry(prev) };
}

export function recordResult(result: OpResult): RecordedResult {
  if (result.type === 'put') return { type: 'put', prev: result.prev === undefined ? null : recordEntry(result.prev) };
  if (result.type === 'delete') return { type: 'delete', deleted: result.deleted, prev: result.prev.map(recordEntry) };
  if (result.type === 'range') return { type: 'range', entries: result.entries.map(recordEntry) };
  throw new Error('transactions are not nested here');
}

/** What is sent for a recorded operation. */
export function toOp(op: RecordedOp): Op {
  if (op.type === 'put') {
    const lease = BigInt(op.lease);
    return {
      type: 'put',
      ...keyBytes(op),
      value: valueBytes(op.value),
      prevKv: op.prevKv,
      ...(lease > 0n && { lease }),
    };
  }
  if (op.type === 'delete') return { type: 'delete', ...rangeBytes(op), prevKv: op.prevKv };
  return { type: 'range', ...rangeBytes(op) };
}

export function toCompare({ key, target, result, number, text }: RecordedCompare): Compare {
  const operand: CompareTarget =
    target === 'value' ? { target, operand: valueBytes(text) } : { target, operand: number };
  return { key: Buffer.from(key, 'latin1'), result, ...operand };
}

export function rangeBytes({ key, end }: { readonly key: string; readonly end: string }) {
  return { ...keyBytes({ key }), ...(end !== '' && { rangeEnd: Buffer.from(end, 'latin1') }) };
}

function keyBytes({ key }: { readonly key: string }) {
  return { key: Buffer.from(key, 'latin1') };
}
