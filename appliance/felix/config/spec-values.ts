/**
 * Turns a stored FelixConfiguration into raw parameter texts, the form every layer shares. Pure. Source: data model, FelixConfiguration mechanism.
 * Whatever is not what its row says is left out and reported: one bad field does not take the others with it.
 */
import { isRecord } from '../../lib/is-record.ts';
import type { Problem } from '../../lib/problem.ts';
import { parseDuration } from '../../resources/fields/duration.ts';
import type { FelixParameter } from '../../resources/kinds/felix-parameters.ts';
import { findParameter, findParameterOfField } from './parameter-rows.ts';

const annotationPrefix = 'config.projectcalico.org/';

export interface SpecValues {
  /** Parameter name in lower case -> text. */
  readonly values: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
}

/** Annotations `config.projectcalico.org/<Param>` win over fields. What only a file or the environment may set is ignored. */
export function valuesOfSpec(resource: unknown): SpecValues {
  const values = new Map<string, string>();
  const problems: Problem[] = [];
  if (resource === undefined) return { values, problems };
  if (!isRecord(resource)) return { values, problems: [{ path: '', message: 'must be an object' }] };
  for (const [field, value] of membersOf(resource, 'spec', problems)) {
    if (field === 'nodeSelector' || value === null) continue;
    const row = findParameterOfField(field);
    const text = row === undefined ? printScalar(value) : printValue(row, value);
    if (text === undefined) problems.push({ path: `spec.${field}`, message: 'not a value of this parameter' });
    else values.set(row?.name.toLowerCase() ?? field.toLowerCase(), text);
  }
  const annotations = isRecord(resource.metadata) ? membersOf(resource.metadata, 'annotations', []) : [];
  for (const [key, value] of annotations) {
    const name = key.startsWith(annotationPrefix) ? key.slice(annotationPrefix.length).toLowerCase() : '';
    if (name === '' || typeof value !== 'string') continue;
    if (isLocalOnly(name)) problems.push({ path: `metadata.annotations.${key}`, message: 'not for the datastore' });
    else values.set(name, value);
  }
  return { values, problems };
}

function membersOf(holder: Record<string, unknown>, name: string, problems: Problem[]): [string, unknown][] {
  const value = Object.hasOwn(holder, name) ? holder[name] : undefined;
  if (isRecord(value)) return Object.entries(value);
  if (value !== undefined && value !== null) problems.push({ path: name, message: 'must be an object' });
  return [];
}

/** Parameters without a field: how to reach the datastore cannot come from it. */
function isLocalOnly(name: string): boolean {
  const row = findParameter(name);
  return row !== undefined && row.yaml === undefined;
}

/** The text of a field; undefined when the value is not of the row's type. */
function printValue(row: FelixParameter, value: unknown): string | undefined {
  switch (row.type) {
    case 'seconds':
      return printDuration(value, 1e9);
    case 'milliseconds':
      return printDuration(value, 1e6);
    case 'failsafe-ports':
      return printList(value, printFailsafe);
    case 'table-range':
      return printTableRange(value);
    case 'table-ranges':
      return printList(value, printTableRange);
    case 'durations':
      return printList(value, printTimeout);
    case 'conntrack-timeouts':
    case 'map':
      return printMap(value);
    default:
      return Array.isArray(value) ? printList(value, printScalar) : printScalar(value);
  }
}

function printScalar(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

/** A Go duration as a decimal number of its unit. Other texts go on as they are: the decoder refuses what it cannot read. */
function printDuration(value: unknown, nanosecondsPerUnit: number): string | undefined {
  if (typeof value !== 'string') return undefined;
  const nanoseconds = parseDuration(value);
  return nanoseconds === undefined ? value : String(Number(nanoseconds) / nanosecondsPerUnit);
}

function printList(value: unknown, print: (item: unknown) => string | undefined): string | undefined {
  if (!Array.isArray(value)) return undefined;
  if (value.length === 0) return 'none';
  const items = value.map(print);
  return items.every((item) => item !== undefined) ? items.join(',') : undefined;
}

function printFailsafe(item: unknown): string | undefined {
  if (!isRecord(item)) return undefined;
  const { protocol = 'tcp', port, net = '' } = item;
  if (typeof protocol !== 'string' || typeof port !== 'number' || typeof net !== 'string') return undefined;
  const host = net === '' ? '' : `${net.includes(':') ? `[${net}]` : net}:`;
  return `${protocol.toLowerCase()}:${host}${port}`;
}

function printTableRange(value: unknown): string | undefined {
  return isRecord(value) && typeof value.min === 'number' && typeof value.max === 'number'
    ? `${value.min}-${value.max}`
    : undefined;
}

function printTimeout(value: unknown): string | undefined {
  return isRecord(value) && typeof value.name === 'string' && typeof value.timeout === 'string'
    ? `${value.name}=${value.timeout}`
    : undefined;
}

function printMap(value: unknown): string | undefined {
  if (!isRecord(value)) return undefined;
  const members = Object.entries(value).map(([name, member]) => [name, printScalar(member)] as const);
  return members.every(([, text]) => text !== undefined)
    ? members.map(([name, text]) => `${name}=${text},`).join('')
    : undefined;
}
