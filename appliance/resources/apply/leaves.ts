/**
 * The fields of a value by its schema: what can be owned, and what it has there. Lists are one field unless the schema says that they are sets
 * or have keys. Pure. Source: Kubernetes API concepts, "Merge strategy".
 */
import { isDeepStrictEqual } from 'node:util';
import type { ListSchema, Schema } from '../../lib/schema.ts';
import { isRecord } from '../read.ts';
import type { FieldSet } from './fields-v1.ts';
import { fieldElement, joinPath, keyElement, type Path, valueElement } from './path.ts';

/** What stands at a path. `isZero`: the store leaves it out, so that it is the same as its absence. */
export interface Leaf {
  readonly value: unknown;
  readonly isZero: boolean;
}

export type Leaves = ReadonlyMap<Path, Leaf>;

/** Every field of `value`. */
export function leavesOf(schema: Schema, value: unknown): Leaves {
  const leaves = new Map<Path, Leaf>();
  visit(schema, value, '', leaves);
  return leaves;
}

/** The difference between two states of a resource. `changed` is what is new or another. */
export interface Comparison {
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

/** Compares field by field. */
export function compareLeaves(before: Leaves, after: Leaves): Comparison {
  const changed = new Set<Path>();
  const removed = new Set<Path>();
  for (const [path, { value, isZero }] of after) {
    const was = before.get(path);
    const isNew = was === undefined && !isZero && !(isEmptyRecord(value) && isWithin(before, path));
    if (isNew || (was !== undefined && !isDeepStrictEqual(was.value, value))) changed.add(path);
  }
  for (const [path, { value, isZero }] of before) {
    if (!isZero && !after.has(path) && !(isEmptyRecord(value) && isWithin(after, path))) removed.add(path);
  }
  return { changed, removed };
}

/** An empty record that gets its first member is still there, and one that loses its last. */
function isWithin(leaves: Leaves, path: Path): boolean {
  const inside = joinPath(path, '');
  for (const other of leaves.keys()) if (other.startsWith(inside)) return true;
  return false;
}

/** The element by which a member of a list is known. */
export function elementOf(schema: ListSchema, item: unknown): string {
  if (schema.listType === 'set') return valueElement(item);
  const record = isRecord(item) ? item : {};
  return keyElement(Object.fromEntries((schema.listMapKeys ?? []).map((key) => [key, record[key] ?? ''])));
}

/** True when the members of a value have owners of their own. */
export function isGranular(schema: Schema): boolean {
  if (schema.type === 'list') return schema.listType === 'set' || schema.listType === 'map';
  return schema.type === 'object' || schema.type === 'map';
}

/** The schema of a member of a record. Undefined: there is no such member. */
export function memberSchema(schema: Schema, key: string): Schema | undefined {
  if (schema.type === 'map') return schema.values;
  return schema.type === 'object' && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
}

function visit(schema: Schema, value: unknown, path: Path, leaves: Map<Path, Leaf>): void {
  if (schema.type === 'list' && isGranular(schema) && Array.isArray(value)) visitItems(schema, value, path, leaves);
  else if (isGranular(schema) && isRecord(value)) visitMembers(schema, value, path, leaves);
  else if (path !== '') leaves.set(path, { value, isZero: (schema.emit ?? 'filled') === 'filled' && isZero(value) });
}

function visitMembers(schema: Schema, value: Record<string, unknown>, path: Path, leaves: Map<Path, Leaf>): void {
  for (const [key, member] of Object.entries(value)) {
    const inner = memberSchema(schema, key);
    if (inner === undefined || member === undefined || member === null) continue;
    const at = joinPath(path, fieldElement(key));
    // a key of a map is there even with an empty value
    if (schema.type === 'map' && !isGranular(inner)) leaves.set(at, { value: member, isZero: false });
    else if (path !== '' && isEmptyRecord(member) && isGranular(inner))
      leaves.set(at, { value: {}, isZero: schema.type !== 'map' && (inner.emit ?? 'filled') === 'filled' });
    else visit(inner, member, at, leaves);
  }
}

function visitItems(schema: ListSchema, items: readonly unknown[], path: Path, leaves: Map<Path, Leaf>): void {
  for (const item of items) {
    const at = joinPath(path, elementOf(schema, item));
    leaves.set(at, { value: true, isZero: false });
    if (schema.listType === 'map') visit(schema.items, item, at, leaves);
  }
}

/** What Go's `omitempty` leaves out. */
function isZero(value: unknown): boolean {
  if (value === '' || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isEmptyRecord(value);
}

function isEmptyRecord(value: unknown): boolean {
  return isRecord(value) && Object.keys(value).length === 0;
}
