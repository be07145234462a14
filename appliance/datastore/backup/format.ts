/**
 * The lines of a backup, each a JSON object: header, then leases and keys in the order of keys, then an end with the SHA-256 of all
 * bytes before it. Text that people can read and search; only bytes that are no UTF-8 are in base64. Pure.
 */
import { isUtf8 } from 'node:buffer';
import type { Entry, Revision } from '../store.ts';

/** What a backup says of itself in its first line. */
export interface BackupHeader {
  /** Of the format. */
  readonly version: number;
  /** All keys are as they were at this revision of their store. */
  readonly revision: Revision;
  /** Empty when the store had none. */
  readonly clusterGuid: string;
  /** When it was begun, RFC 3339 in UTC. */
  readonly createdAt: string;
  /** Only keys that begin with this text are in it; empty: all. */
  readonly prefix: string;
  readonly keys: number;
}

export type BackupLine =
  | { readonly type: 'entry'; readonly entry: Entry }
  /** Stands before the first key that has it. A `ttlSeconds` of 0: it had ended when it was asked for. */
  | { readonly type: 'lease'; readonly id: bigint; readonly ttlSeconds: number }
  | { readonly type: 'end'; readonly keys: number; readonly sha256: string };

/** The version that is written, and the newest that is read. */
export const backupVersion = 1;

const magic = 'calico-datastore-backup';
const magicStart = `{"format":"${magic}"`;

/** The first line. */
export function printHeader(header: BackupHeader): string {
  return `${JSON.stringify({ format: magic, ...header })}\n`;
}

/** A line after the first. */
export function printLine(line: BackupLine): string {
  if (line.type === 'lease') return `${JSON.stringify({ lease: line.id.toString(), ttlSeconds: line.ttlSeconds })}\n`;
  if (line.type === 'end') return `${JSON.stringify({ end: magic, keys: line.keys, sha256: line.sha256 })}\n`;
  const { key, value, createRevision, modRevision, version, lease } = line.entry;
  const marks = { createRevision, modRevision, version, ...(lease === 0n ? {} : { lease: lease.toString() }) };
  return `${JSON.stringify({ ...named('key', key), ...named('value', value), ...marks })}\n`;
}

/** Reads the first line; undefined when it is not one of a backup. A header of a later version has only `version`. */
export function parseHeader(text: string): BackupHeader | Pick<BackupHeader, 'version'> | undefined {
  if (!text.startsWith(magicStart)) return undefined;
  const { version, revision, clusterGuid, createdAt, prefix, keys } = parseObject(text) ?? {};
  if (!isCount(version)) return undefined;
  if (version > backupVersion) return { version };
  if (!isCount(revision) || !isCount(keys)) return undefined;
  if (typeof clusterGuid !== 'string' || typeof createdAt !== 'string' || typeof prefix !== 'string') return undefined;
  return { version, revision, clusterGuid, createdAt, prefix, keys };
}

/** Reads a line after the first; undefined when it is none. */
export function parseLine(text: string): BackupLine | undefined {
  const fields = parseObject(text);
  if (fields === undefined) return undefined;
  if ('key' in fields || 'key64' in fields) return parseEntry(fields);
  if ('end' in fields) return parseEnd(fields);
  const { lease, ttlSeconds } = fields;
  if (!isLease(lease) || !isCount(ttlSeconds)) return undefined;
  return { type: 'lease', id: BigInt(lease), ttlSeconds };
}

type Fields = Readonly<Record<string, unknown>>;

function parseEntry(fields: Fields): BackupLine | undefined {
  const key = bytesOf(fields, 'key');
  const value = bytesOf(fields, 'value');
  const { createRevision, modRevision, version, lease = '0' } = fields;
  if (key === undefined || value === undefined || !isLease(lease)) return undefined;
  if (!isCount(createRevision) || !isCount(modRevision) || !isCount(version)) return undefined;
  return { type: 'entry', entry: { key, value, createRevision, modRevision, version, lease: BigInt(lease) } };
}

function parseEnd({ end, keys, sha256 }: Fields): BackupLine | undefined {
  return end === magic && isCount(keys) && typeof sha256 === 'string' ? { type: 'end', keys, sha256 } : undefined;
}

function named(name: 'key' | 'value', bytes: Buffer): Record<string, string> {
  return isUtf8(bytes) ? { [name]: bytes.toString() } : { [`${name}64`]: bytes.toString('base64') };
}

function bytesOf(fields: Fields, name: 'key' | 'value'): Buffer | undefined {
  const [text, base64] = [fields[name], fields[`${name}64`]];
  if (typeof text === 'string') return Buffer.from(text);
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64') : undefined;
}

function parseObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
  } catch {
    // Not JSON: the caller says what that means for the file.
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isLease(value: unknown): value is string {
  return typeof value === 'string' && /^-?\d{1,19}$/.test(value);
}
