/** What the values of IPAM have in common: JSON whose numbers keep their digits, printed as Go prints it. Pure. */
import { parseExact } from '../../lib/exact-json.ts';
import { isRecord } from '../../lib/is-record.ts';
import { writeFree, writeString } from '../../resources/go-json.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** The members of a stored value; none of an empty one, as older versions wrote them. Undefined when it is no JSON object. */
export function parseFields(value: Uint8Array | string): Fields | undefined {
  const text = typeof value === 'string' ? value : Buffer.from(value).toString();
  if (text === '') return {};
  const fields = parseExact(text);
  return isRecord(fields) ? fields : undefined;
}

/** A whole number of any size; undefined for everything else. */
export function bigintOf(value: unknown): bigint | undefined {
  const text = isRecord(value) && typeof value.rawJSON === 'string' ? value.rawJSON : String(value);
  return (typeof value === 'number' || isRecord(value)) && /^\d+$/.test(text) ? BigInt(text) : undefined;
}

/** Members in the order given; those without a text are left out. */
export function writeMembers(members: readonly (readonly [string, string | undefined])[]): string {
  const given = members.filter(([, text]) => text !== undefined);
  return `{${given.map(([name, text]) => `${writeString(name)}:${text}`).join(',')}}`;
}

/** A map as Go prints it: sorted by the bytes of its names. */
export function writeMap<T>(map: ReadonlyMap<string, T>, write: (value: T) => string): string {
  const names = [...map.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return writeMembers(names.map((name) => [name, write(map.get(name)!)]));
}

/** Members nobody here knows, as they came. */
export function writeOthers(fields: Fields, known: readonly string[]): [string, string][] {
  return Object.entries(fields)
    .filter(([name]) => !known.includes(name))
    .map(([name, value]) => [name, writeExact(value)]);
}

/** Any value, with the digits of its numbers. */
function writeExact(value: unknown): string {
  if (isRecord(value) && typeof value.rawJSON === 'string') return value.rawJSON;
  if (Array.isArray(value)) return `[${value.map(writeExact).join(',')}]`;
  if (isRecord(value)) return writeMembers(Object.entries(value).map(([name, one]) => [name, writeExact(one)]));
  return writeFree(value);
}

/** The text members of an object. */
export function textMap(value: unknown): Map<string, string> {
  const entries = isRecord(value) ? Object.entries(value) : [];
  return new Map(entries.map(([name, text]) => [name, String(text)]));
}
