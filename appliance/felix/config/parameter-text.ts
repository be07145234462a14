/**
 * Reads the text of a parameter as a value of its row's type: one reader a type, for the types that are in use. Pure.
 * Source: Felix configuration parameters (text forms; `none` is the type's zero value where it has one).
 */
import { masked, parseAddress, parsePrefixOrAddress, printPrefix } from '../../lib/ip/address.ts';
import { parseDuration } from '../../resources/fields/duration.ts';
import type { FelixParameter } from '../../resources/kinds/felix-parameters.ts';
import type { FailsafePort, RouteTableRange } from '../model/config.ts';
import { parseFailsafePorts } from './failsafe-ports.ts';

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** How texts of one type are read. */
export interface TextReader<T> {
  /** Undefined when the text cannot be read. */
  readonly read: (text: string, row: FelixParameter) => T | undefined;
  /** What `none` and an empty default mean; absent when the type has no such value. */
  readonly zero?: { readonly value: T };
}

const optional = { zero: { value: undefined } } as const;
const interfaceName = /^[a-zA-Z0-9:._+-]{1,15}$/;

export const textReaders = {
  boolean: { read: readBoolean, zero: { value: false } } as TextReader<boolean>,
  integer: { read: readInteger, zero: { value: 0 } } as TextReader<number>,
  seconds: { read: (text) => readTime(text, 1000), zero: { value: 0 } } as TextReader<number>,
  string: { read: readString, zero: { value: '' } } as TextReader<string>,
  'dns-label': { read: readRegion, zero: { value: '' } } as TextReader<string>,
  enum: { read: readWord } as TextReader<string>,
  mask: { read: readMask } as TextReader<number>,
  list: { read: (text) => readList(text, interfaceName) } as TextReader<readonly string[]>,
  'interface-patterns': { read: (text) => readList(text, /^\S+$/), zero: { value: [] } } as TextReader<
    readonly string[]
  >,
  'failsafe-ports': { read: parseFailsafePorts, zero: { value: [] } } as TextReader<readonly FailsafePort[]>,
  interface: {
    read: (text) => (interfaceName.test(text) ? text : undefined),
    zero: { value: undefined },
  } as TextReader<string | undefined>,
  ipv4: { read: (text) => readAddress(text, 4), zero: { value: undefined } } as TextReader<string | undefined>,
  ipv6: { read: (text) => readAddress(text, 6), zero: { value: undefined } } as TextReader<string | undefined>,
  'port-range': { read: readPortRange, zero: { value: undefined } } as TextReader<PortRange | undefined>,
  'optional-boolean': { read: readBoolean, ...optional } as TextReader<boolean | undefined>,
  path: { read: readPath, zero: { value: '' } } as TextReader<string>,
  regex: { read: readRegex, zero: { value: '' } } as TextReader<string>,
  cidrs: { read: readCidrs, zero: { value: [] } } as TextReader<readonly string[]>,
  'table-range': { read: (text) => readTableRange(text, oldTableMax), ...optional } as TextReader<
    RouteTableRange | undefined
  >,
  'table-ranges': { read: readTableRanges, ...optional } as TextReader<readonly RouteTableRange[] | undefined>,
  durations: { read: readDurations, zero: { value: {} } } as TextReader<Readonly<Record<string, number>>>,
};

export type TextReaders = typeof textReaders;

function readBoolean(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  if (['true', '1', 'yes', 'y', 't'].includes(lower)) return true;
  return ['false', '0', 'no', 'n', 'f'].includes(lower) ? false : undefined;
}

function readInteger(
  text: string,
  { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER }: FelixParameter,
) {
  const value = /^[+-]?\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  return value >= minimum && value <= maximum ? value : undefined;
}

/** A timer takes at most 2^31 - 1 milliseconds; more means that for practical purposes too. */
const timerMsMax = 2 ** 31 - 1;

/** A decimal number of units of so many milliseconds, in milliseconds. */
function readTime(text: string, unitMs: number): number | undefined {
  const units = /^\d+(\.\d*)?([eE][+-]?\d+)?$/.test(text.trim()) ? Number(text) : Number.NaN;
  return Number.isFinite(units) ? Math.min(units * unitMs, timerMsMax) : undefined;
}

function readString(text: string, { pattern }: FelixParameter): string | undefined {
  return pattern === undefined || pattern.test(text) ? text : undefined;
}

/** In the spelling of the row. */
function readWord(text: string, { words }: FelixParameter): string | undefined {
  return words?.find((word) => word.toLowerCase() === text.toLowerCase());
}

/** Part of store keys after `region-`, which leaves it 46 characters. */
function readRegion(text: string): string | undefined {
  return /^[a-z0-9]([-a-z0-9]{0,44}[a-z0-9])?$/.test(text) ? text : undefined;
}

function readList(text: string, item: RegExp): readonly string[] | undefined {
  const items = text.split(',').map((part) => part.trim());
  return items.every((part) => item.test(part)) ? items : undefined;
}

function readAddress(text: string, family: 4 | 6): string | undefined {
  return parseAddress(text)?.family === family ? text : undefined;
}

/** The dataplane needs three bits of it. */
function readMask(text: string): number | undefined {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : 0;
  if (value > 0xffffffff) return undefined;
  return value.toString(2).replaceAll('0', '').length >= 3 ? value : undefined;
}

function readPortRange(text: string): PortRange | undefined {
  const match = /^(\d{1,5}):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [first, last] = [Number(match[1]), Number(match[2])];
  return first >= 1 && first <= last && last <= 65535 ? { first, last } : undefined;
}

/** Absolute, and no way out of it. */
function readPath(text: string): string | undefined {
  return text.startsWith('/') && !text.includes('\0') && !text.split('/').includes('..') ? text : undefined;
}

function readRegex(text: string): string | undefined {
  try {
    new RegExp(text);
    return text;
  } catch {
    return undefined;
  }
}

function readCidrs(text: string): readonly string[] | undefined {
  const prefixes = text.split(',').map((part) => parsePrefixOrAddress(part.trim()));
  return prefixes.every((prefix) => prefix !== undefined) ? prefixes.map((p) => printPrefix(masked(p))) : undefined;
}

const oldTableMax = 250;
const tableMax = 0xffffffff;
const tablesMax = 65_535;
/** The kernel's own: default, main, local. */
const reserved: RouteTableRange = { first: 253, last: 255 };

function readTableRange(text: string, max: number): RouteTableRange | undefined {
  const match = /^(\d{1,10})-(\d{1,10})$/.exec(text.trim());
  if (match === null) return undefined;
  const [first, last] = [Number(match[1]), Number(match[2])];
  const isReserved = first <= reserved.last && last >= reserved.first;
  return first >= 1 && first <= last && last <= max && !isReserved ? { first, last } : undefined;
}

function readTableRanges(text: string): readonly RouteTableRange[] | undefined {
  const ranges = text.split(',').map((part) => readTableRange(part, tableMax));
  if (!ranges.every((range) => range !== undefined)) return undefined;
  const tables = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  return tables <= tablesMax ? ranges : undefined;
}

/** `Name=1m30s,Other=10s`, in milliseconds. */
function readDurations(text: string): Readonly<Record<string, number>> | undefined {
  const pairs = text.split(',').map((part) => /^\s*([^=\s]+)\s*=\s*(\S+)\s*$/.exec(part));
  const read = pairs.map((pair) => [pair?.[1] ?? '', parseDuration(pair?.[2] ?? '')] as const);
  if (!read.every(([, nanoseconds]) => nanoseconds !== undefined && nanoseconds >= 0n)) return undefined;
  return Object.fromEntries(read.map(([name, ns]) => [name, Math.min(Number(ns) / 1e6, timerMsMax)]));
}
