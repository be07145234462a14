/**
 * What lies under the keys, as bytes: states of keys, logs of revisions, leases. Each record carries a CRC of its name and content,
 * because LevelDB checks its tables only when asked and drops a damaged log tail silently. Pure.
 *
 *   state:  crc32, type (1 put, 0 deletion), create, mod, version (8 bytes each), lease (8), value
 *   log:    crc32, then per event: type, revision of the state before (8, 0 when none), length of key (4), key
 *   lease:  crc32, granted seconds (8)
 */
import { crc32 } from 'node:zlib';
import { storeErrors } from '../errors.ts';
import type { Entry, Revision } from '../store.ts';
import { type Key, readRevision, toBytes, writeRevision } from './keys.ts';

/** What is known of a live key without its value. */
export interface KeyState {
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  readonly version: number;
  readonly lease: bigint;
}

/** One change of a revision. `previous` is the revision of the state before, 0 when there was none. */
export interface LogEvent {
  readonly type: 'put' | 'delete';
  readonly key: Key;
  readonly previous: Revision;
}

const crcBytes = 4;
const stateHeader = crcBytes + 1 + 8 * 4;
const eventHeader = 1 + 8 + 4;

/** Writes a live state; the record's tail is the only copy of the value that is made. */
export function encodeState(key: Buffer, state: KeyState, value: Buffer): Buffer {
  const record = Buffer.allocUnsafe(stateHeader + value.length);
  writeHeader(record, 1, state);
  value.copy(record, stateHeader);
  return seal(key, record);
}

/** Writes the mark that a deletion leaves in the history. */
export function encodeDeletion(key: Buffer, revision: Revision): Buffer {
  const record = Buffer.allocUnsafe(stateHeader);
  writeHeader(record, 0, { createRevision: 0, modRevision: revision, version: 0, lease: 0n });
  return seal(key, record);
}

/** Reads a state of `key`; undefined for a deletion. STORE_CORRUPT when it is not what was written. */
export function decodeState(key: Buffer, record: Buffer): Entry | undefined {
  check(key, record, stateHeader, 'state');
  if (record[crcBytes] === 0) return undefined;
  return { key, value: record.subarray(stateHeader), ...readHeader(record) };
}

/** Reads only what is kept in memory of a live key. STORE_CORRUPT as above. */
export function decodeKeyState(key: Buffer, record: Buffer): KeyState {
  check(key, record, stateHeader, 'state');
  return readHeader(record);
}

/** Writes what a revision changed. */
export function encodeLog(revision: Revision, events: readonly LogEvent[]): Buffer {
  const length = events.reduce((sum, event) => sum + eventHeader + event.key.length, crcBytes);
  const record = Buffer.allocUnsafe(length);
  let offset = crcBytes;
  for (const event of events) {
    record[offset] = event.type === 'put' ? 1 : 0;
    writeRevision(record, event.previous, offset + 1);
    record.writeUInt32BE(event.key.length, offset + 9);
    offset += eventHeader;
    offset += record.write(event.key, offset, 'latin1');
  }
  return seal(revisionName(revision), record);
}

/** Reads what a revision changed, in order. STORE_CORRUPT when it is not what was written. */
export function decodeLog(revision: Revision, record: Buffer): LogEvent[] {
  check(revisionName(revision), record, crcBytes, 'log');
  const events: LogEvent[] = [];
  for (let offset = crcBytes; offset < record.length; ) {
    const end = offset + eventHeader + record.readUInt32BE(offset + 9);
    events.push({
      type: record[offset] === 1 ? 'put' : 'delete',
      previous: readRevision(record, offset + 1),
      key: record.toString('latin1', offset + eventHeader, end),
    });
    offset = end;
  }
  return events;
}

/** Writes a number under a mark or a lease. */
export function encodeNumber(name: Buffer, value: number): Buffer {
  const record = Buffer.allocUnsafe(crcBytes + 8);
  writeRevision(record, value, crcBytes);
  return seal(name, record);
}

/** Reads a number; STORE_CORRUPT when it is not what was written. */
export function decodeNumber(name: Buffer, record: Buffer): number {
  check(name, record, crcBytes + 8, 'number');
  return readRevision(record, crcBytes);
}

function writeHeader(record: Buffer, type: 0 | 1, state: KeyState): void {
  record[crcBytes] = type;
  writeRevision(record, state.createRevision, crcBytes + 1);
  writeRevision(record, state.modRevision, crcBytes + 9);
  writeRevision(record, state.version, crcBytes + 17);
  record.writeBigInt64BE(state.lease, crcBytes + 25);
}

function readHeader(record: Buffer): KeyState {
  return {
    createRevision: readRevision(record, crcBytes + 1),
    modRevision: readRevision(record, crcBytes + 9),
    version: readRevision(record, crcBytes + 17),
    lease: record.readBigInt64BE(crcBytes + 25),
  };
}

function revisionName(revision: Revision): Buffer {
  return toBytes(String(revision));
}

function seal(name: Buffer, record: Buffer): Buffer {
  record.writeUInt32BE(checksum(name, record));
  return record;
}

function check(name: Buffer, record: Buffer, bytesMin: number, what: string): void {
  if (record.length >= bytesMin && record.readUInt32BE() === checksum(name, record)) return;
  throw storeErrors.fail('STORE_CORRUPT', `${what} ${JSON.stringify(name.toString())} does not match its checksum`);
}

function checksum(name: Buffer, record: Buffer): number {
  return crc32(record.subarray(crcBytes), crc32(name));
}
