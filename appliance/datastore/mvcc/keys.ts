/**
 * Where everything lies in the ordered database: one letter, then the name. Order of bytes is order of keys, so every read is one scan.
 * In memory a key is a latin1 string (one character a byte): half the memory of a Buffer, and `<` compares bytes. Pure.
 *
 *   m<name>                   marks: format, compacted, cleaned; sequence (of synced batches, kept by `level/`)
 *   c<key>                    the newest state of a key
 *   h<key, escaped><revision> a state that has been replaced, or a deletion; by the revision that wrote it
 *   l<lease>                  a granted lease
 *   r<revision>               what a revision changed
 */
import type { KeyRange, Revision } from '../store.ts';

/** The bytes of a key, one character each. */
export type Key = string;

/** Keys from `start` on, below `end` when there is one. A single key is the span that ends at its successor. */
export interface Span {
  readonly start: Key;
  readonly end?: Key;
}

/** `gte` and `lt` of a scan. */
export interface Bounds {
  readonly gte: Buffer;
  readonly lt: Buffer;
}

const letters = { mark: 'm', current: 'c', history: 'h', lease: 'l', log: 'r' } as const;
const revisionBytes = 8;
const highUnit = 2 ** 32;

/** Turns bytes into a key. */
export function toKey(bytes: Buffer): Key {
  return bytes.toString('latin1');
}

/** Turns a key back into its bytes. */
export function toBytes(key: Key): Buffer {
  return Buffer.from(key, 'latin1');
}

/** What an etcd range means: one key, a range, or everything from a key on (an end of one zero byte). */
export function toSpan(range: KeyRange): Span {
  const start = toKey(range.key);
  if (range.rangeEnd === undefined || range.rangeEnd.length === 0) return { start, end: `${start}\0` };
  const end = toKey(range.rangeEnd);
  return end === '\0' ? { start } : { start, end };
}

/** True when the span holds exactly one possible key. */
export function isSingle(span: Span): boolean {
  return span.end !== undefined && span.end.length === span.start.length + 1 && span.end === `${span.start}\0`;
}

/** True when `key` lies in `span`. */
export function isIn(key: Key, span: Span): boolean {
  return key >= span.start && (span.end === undefined || key < span.end);
}

/** Where a mark of the store itself lies. */
export function markKey(name: 'format' | 'compacted' | 'cleaned' | 'sequence'): Buffer {
  return toBytes(letters.mark + name);
}

/** Where the newest state of a key lies. */
export function currentKey(key: Key): Buffer {
  return toBytes(letters.current + key);
}

/** The newest states of a span. */
export function currentBounds(span: Span): Bounds {
  return { gte: currentKey(span.start), lt: span.end === undefined ? after(letters.current) : currentKey(span.end) };
}

/** The user's key of a `c` key. */
export function parseCurrentKey(bytes: Buffer): Key {
  return bytes.toString('latin1', 1);
}

/** Where the state lies that `revision` gave a key. */
export function historyKey(key: Key, revision: Revision): Buffer {
  const head = historyHead(key);
  const bytes = Buffer.allocUnsafe(head.length + revisionBytes);
  bytes.write(head, 'latin1');
  writeRevision(bytes, revision, head.length);
  return bytes;
}

/** All replaced states of the keys of a span. */
export function historyBounds(span: Span): Bounds {
  return {
    gte: toBytes(letters.history + escapeKey(span.start)),
    lt: span.end === undefined ? after(letters.history) : toBytes(letters.history + escapeKey(span.end)),
  };
}

/** The user's key and the revision of an `h` key. */
export function parseHistoryKey(bytes: Buffer): { key: Key; revision: Revision } {
  const end = bytes.length - revisionBytes;
  return { key: unescapeKey(bytes.toString('latin1', 1, end - 2)), revision: readRevision(bytes, end) };
}

/** Where the record of a revision lies. */
export function logKey(revision: Revision): Buffer {
  const bytes = Buffer.allocUnsafe(1 + revisionBytes);
  bytes.write(letters.log, 'latin1');
  writeRevision(bytes, revision, 1);
  return bytes;
}

/** The records of the revisions from `first` on, below `end` when there is one. */
export function logBounds(first: Revision, end?: Revision): Bounds {
  return { gte: logKey(first), lt: end === undefined ? after(letters.log) : logKey(end) };
}

/** The revision of an `r` key. */
export function parseLogKey(bytes: Buffer): Revision {
  return readRevision(bytes, 1);
}

/** Where a lease lies. */
export function leaseKey(id: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(9);
  bytes.write(letters.lease, 'latin1');
  bytes.writeBigInt64BE(id, 1);
  return bytes;
}

/** All leases. */
export function leaseBounds(): Bounds {
  return { gte: toBytes(letters.lease), lt: after(letters.lease) };
}

/** The id of an `l` key. */
export function parseLeaseKey(bytes: Buffer): bigint {
  return bytes.readBigInt64BE(1);
}

/** Writes a revision so that order of bytes is order of numbers. */
export function writeRevision(bytes: Buffer, revision: Revision, offset: number): void {
  bytes.writeUInt32BE(Math.floor(revision / highUnit), offset);
  bytes.writeUInt32BE(revision % highUnit, offset + 4);
}

/** Reads what `writeRevision` wrote. */
export function readRevision(bytes: Buffer, offset: number): Revision {
  return bytes.readUInt32BE(offset) * highUnit + bytes.readUInt32BE(offset + 4);
}

function after(letter: string): Buffer {
  return Buffer.from([letter.charCodeAt(0) + 1]);
}

// A key in front of a revision needs an end that sorts before every continuation: 0 0xff stands for a zero byte, 0 1 for the end.
function historyHead(key: Key): string {
  return `${letters.history}${escapeKey(key)}\0\x01`;
}

function escapeKey(key: Key): string {
  return key.includes('\0') ? key.replaceAll('\0', '\0\xff') : key;
}

function unescapeKey(key: string): Key {
  return key.includes('\0') ? key.replaceAll('\0\xff', '\0') : key;
}
