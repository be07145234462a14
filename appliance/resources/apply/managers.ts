/** `metadata.managedFields` as a table of who owns what, and back. Pure. Source: Kubernetes API reference, ManagedFieldsEntry. */
import { compareText } from '../../lib/collections/compare-text.ts';
import { isRecord } from '../read.ts';
import type { ManagedFieldsEntry } from '../resource.ts';
import { type FieldSet, parseFieldsV1, printFieldsV1 } from './fields-v1.ts';

/** One owner. The same name owns apart what it applied and what it wrote, and what it wrote to the status. */
export interface Manager {
  readonly name: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339, of its last change. */
  readonly time: string;
  readonly fields: FieldSet;
}

/** By identity, which is everything but time and fields. */
export type Managers = ReadonlyMap<string, Manager>;

/** What distinguishes managers. */
export function idOf(manager: Omit<Manager, 'time' | 'fields'>): string {
  return JSON.stringify([manager.name, manager.operation, manager.apiVersion, manager.subresource]);
}

/** The table; undefined when an entry is none, or nothing at all is owned: then nobody has applied yet. */
export function parseManagers(entries: unknown): Managers | undefined {
  if (!Array.isArray(entries) || entries.length === 0) return undefined;
  const managers = entries.map(parseEntry);
  return managers.every((manager) => manager !== undefined)
    ? new Map(managers.map((manager) => [idOf(manager), manager]))
    : undefined;
}

/** The way to give up all management: a list of one empty entry. */
export function isReset(entries: unknown): boolean {
  return Array.isArray(entries) && entries.length === 1 && isRecord(entries[0]) && Object.keys(entries[0]).length === 0;
}

/** As entries: what was applied first, then by time. Who owns nothing is left out. */
export function printManagers(managers: Managers): ManagedFieldsEntry[] {
  const rank = ({ operation, time, name, apiVersion, subresource }: Manager) =>
    [operation, time, name, apiVersion, subresource].join('\u0000');
  return [...managers.values()]
    .filter(({ fields }) => fields.size > 0)
    .sort((a, b) => compareText(rank(a), rank(b)))
    .map(printEntry);
}

/** As conflicts name it. */
export function printManager({ name, operation, apiVersion, subresource, time }: Manager): string {
  const whose = `${JSON.stringify(name)}${subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`}`;
  return operation === 'Apply' ? whose : `${whose} using ${apiVersion}${time === '' ? '' : ` at ${time}`}`;
}

/** More of them that do not apply are taken together. */
const updatersMax = 10;

/** Keeps the list bounded, whoever writes: the oldest writers become one. Who applied is never forgotten. */
export function capManagers(managers: Managers): Managers {
  const updaters = [...managers.values()].filter(
    ({ operation, subresource }) => operation === 'Update' && subresource === '',
  );
  if (updaters.length <= updatersMax) return managers;
  const byAge = updaters.sort((a, b) => compareText(a.time, b.time));
  const old = byAge.slice(0, byAge.length - updatersMax + 1);
  const last = old.at(-1)!;
  const ancient = { ...last, name: 'ancient-changes', fields: new Set(old.flatMap(({ fields }) => [...fields])) };
  const capped = new Map(managers);
  for (const manager of old) capped.delete(idOf(manager));
  return capped.set(idOf(ancient), ancient);
}

function parseEntry(entry: unknown): Manager | undefined {
  if (!isRecord(entry)) return undefined;
  const { manager = '', operation, apiVersion, time = '', fieldsType, fieldsV1 = {}, subresource = '' } = entry;
  const texts = [manager, apiVersion, time, subresource];
  if (!texts.every((text) => typeof text === 'string' && text.length <= textMax)) return undefined;
  if (time !== '' && !isTime(String(time))) return undefined;
  if ((operation !== 'Apply' && operation !== 'Update') || fieldsType !== 'FieldsV1') return undefined;
  const fields = parseFieldsV1(fieldsV1);
  if (fields === undefined) return undefined;
  const named = { name: String(manager), apiVersion: String(apiVersion), subresource: String(subresource) };
  return { ...named, operation, time: String(time), fields };
}

const textMax = 256;

/** What Go reads as a time: clients in Go refuse a whole resource for one that is none. */
function isTime(text: string): boolean {
  const shape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
  return shape.test(text) && !Number.isNaN(Date.parse(text));
}

function printEntry({ name, operation, apiVersion, subresource, time, fields }: Manager): ManagedFieldsEntry {
  return {
    manager: name,
    operation,
    apiVersion,
    ...(time !== '' && { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: printFieldsV1(fields),
    ...(subresource !== '' && { subresource }),
  };
}
