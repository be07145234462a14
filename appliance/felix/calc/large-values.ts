/**
 * Values with very long lists of nets as they were last read, so that of a changed one only the surroundings of the change are
 * parsed: a set of 100,000 CIDRs is some two megabytes of JSON. Pure. What comes out always equals what `JSON.parse` gives;
 * whatever is not plainly an edit of the list known before is parsed in full.
 */
import { commonPrefix, commonSuffix } from '#appliance/lib/collections/common-bytes.ts';

/** The only list under the name of `nets`: its entries and where they lie between the brackets. */
interface KnownList {
  readonly region: Buffer;
  readonly entries: readonly string[];
}

interface Located {
  /** Up to and with the opening bracket. */
  readonly head: string;
  readonly region: Buffer;
  /** From the closing bracket on. */
  readonly tail: string;
}

const field = '"nets"';
const opening = `${field}:[`;
/** Below, parsing in full costs too little to keep anything for. */
const largeBytesMin = 64 * 1024;
/** What surrounds the list is parsed each time. */
const surroundingsBytesMax = 64 * 1024;

export class LargeValues {
  readonly #lists = new Map<string, KnownList>();

  /** The parsed value of a key, whose strings are the ones given out before where they did not change; throws as `JSON.parse` does. */
  parse(key: string, bytes: Buffer): unknown {
    const known = this.#lists.get(key);
    this.#lists.delete(key);
    const located = bytes.length < largeBytesMin ? undefined : locate(bytes);
    if (located === undefined) return JSON.parse(bytes.toString('utf8'));
    const entries = known && editedEntries(known, located.region);
    const edited = entries && withEntries(located, entries);
    const value: unknown = edited ?? JSON.parse(bytes.toString('utf8'));
    this.#keep(key, located, value, edited !== undefined);
    return value;
  }

  /** Forgets a key that is gone. */
  forget(key: string): void {
    this.#lists.delete(key);
  }

  #keep(key: string, { region }: Located, value: unknown, isVerified: boolean): void {
    const entries = netsOf(value);
    if (entries === undefined || !(isVerified || isPlainText(region, entries))) return;
    this.#lists.set(key, { region: withoutNeighbours(region), entries: entries as readonly string[] });
  }
}

/** Bytes that came with many others would keep all of those in memory. */
function withoutNeighbours(region: Buffer): Buffer {
  return region.buffer.byteLength < 2 * region.length ? region : Buffer.from(region);
}

/** Finds the list if the name stands once, unescaped, in what surrounds it: no other can then be the list. */
function locate(bytes: Buffer): Located | undefined {
  const at = bytes.indexOf(opening);
  const start = at + opening.length;
  const end = at < 0 ? -1 : bytes.indexOf(']', start);
  if (end < 0 || start + bytes.length - end > surroundingsBytesMax) return undefined;
  const head = bytes.toString('utf8', 0, start);
  const tail = bytes.toString('utf8', end);
  const around = head + tail;
  const isOnly = around.indexOf(field) === around.lastIndexOf(field) && !around.includes('\\');
  return isOnly ? { head, region: bytes.subarray(start, end), tail } : undefined;
}

/** The entries after an edit in one place; undefined when it leaves no plain list. */
function editedEntries({ region: before, entries }: KnownList, after: Buffer): readonly string[] | undefined {
  const same = commonPrefix(before, after);
  const head = countWithin(entries, same, 1);
  const tail = countWithin(entries, commonSuffix(before, after, same), -1);
  const middle = parseEntries(after.subarray(head.bytes, after.length - tail.bytes));
  return middle && replaced(entries, head.count, entries.length - tail.count, middle);
}

/** Copies the long list once where the edit is short, as it nearly always is. */
function replaced(entries: readonly string[], from: number, to: number, by: readonly string[]): readonly string[] {
  if (by.length < 1_000) return entries.toSpliced(from, to - from, ...by);
  return entries.slice(0, from).concat(by, entries.slice(to));
}

/** How many entries, from the front or (`step` -1) the back, lie within so many bytes, each with its quotes and a comma. */
function countWithin(entries: readonly string[], bytesMax: number, step: 1 | -1): { count: number; bytes: number } {
  let bytes = 0;
  let count = 0;
  for (let i = step > 0 ? 0 : entries.length - 1; count < entries.length; i += step) {
    const more = bytes + (entries[i] as string).length + 3;
    if (more > bytesMax) break;
    bytes = more;
    count++;
  }
  return { count, bytes };
}

function parseEntries(bytes: Buffer): readonly string[] | undefined {
  try {
    const entries: unknown = JSON.parse(`[${bytes.toString('utf8')}]`);
    return Array.isArray(entries) && isPlainText(bytes, entries) ? entries : undefined;
  } catch {
    return undefined;
  }
}

/** True when the bytes, a character each, are the entries in quotes and with commas: then nothing was escaped, and all of it is ASCII. */
function isPlainText(bytes: Buffer, entries: readonly unknown[]): boolean {
  return entries.every((entry) => typeof entry === 'string') && `"${entries.join('","')}"` === bytes.toString('latin1');
}

function withEntries({ head, tail }: Located, entries: readonly string[]): unknown {
  const value: unknown = JSON.parse(head + tail);
  const nets = netsOf(value);
  if (nets === undefined || nets.length > 0) return undefined;
  (value as { spec: { nets: readonly string[] } }).spec.nets = entries;
  return value;
}

function netsOf(value: unknown): readonly unknown[] | undefined {
  const nets = (value as { spec?: { nets?: unknown } | null } | null)?.spec?.nets;
  return Array.isArray(nets) ? nets : undefined;
}
