/** Laying an applied configuration over a resource, and taking fields out of it again. Pure: both give new values. */
import type { ListSchema, Schema } from '../../lib/schema.ts';
import { isRecord, readBySchema } from '../read.ts';
import type { FieldSet } from './fields-v1.ts';
import { elementOf, isGranular, memberSchema } from './leaves.ts';
import { fieldElement, joinPath, type Path, parentsOf } from './path.ts';

/**
 * A configuration in the normal form of its kind, with what it gives and nothing else: no defaults, nothing unknown, nulls left out.
 * What cannot be read stays as it is: whoever decodes the result says what is wrong with it.
 */
export function normalise(schema: Schema, value: unknown): unknown {
  if (schema.type === 'list' && isGranular(schema) && Array.isArray(value))
    return value.map((item) => normalise(schema.items, item));
  if (!isGranular(schema) || !isRecord(value)) return readLeaf(schema, value);
  const members = Object.entries(value).flatMap(([key, member]) => {
    const inner = memberSchema(schema, key);
    return inner === undefined || member === null || member === undefined
      ? []
      : [[key, normalise(inner, member)] as const];
  });
  return Object.fromEntries(members);
}

function readLeaf(schema: Schema, value: unknown): unknown {
  const reading = { strict: true, problems: [] };
  const read = readBySchema(schema, value, '', reading);
  return reading.problems.length === 0 ? read : value;
}

/** `live` with `config` laid over it: records merge, sets are united, lists with keys merge by them, everything else is replaced. */
export function merge(schema: Schema, live: unknown, config: unknown): unknown {
  if (config === undefined) return live;
  if (schema.type === 'list' && isGranular(schema) && Array.isArray(live) && Array.isArray(config))
    return mergeItems(schema, live, config);
  if (!isGranular(schema) || !isRecord(live) || !isRecord(config)) return config;
  const result = new Map(Object.entries(live));
  for (const [key, value] of Object.entries(config)) {
    const inner = memberSchema(schema, key);
    if (inner !== undefined) result.set(key, merge(inner, result.get(key), value));
  }
  return Object.fromEntries(result);
}

/** What is there keeps its place; what is new comes behind it. */
function mergeItems(schema: ListSchema, live: readonly unknown[], config: readonly unknown[]): unknown[] {
  const applied = new Map(config.map((item) => [elementOf(schema, item), item]));
  const kept = live.map((item) => {
    const element = elementOf(schema, item);
    const over = applied.get(element);
    applied.delete(element);
    return over === undefined ? item : merge(schema.items, item, over);
  });
  return [...kept, ...applied.values()];
}

/** `value` without the fields of `remove`. What holds a field of `keep` stays; a record that becomes empty goes with its last member. */
export function prune(schema: Schema, value: unknown, remove: FieldSet, keep: FieldSet): unknown {
  const held = new Set<Path>(keep);
  for (const path of keep) for (const parent of parentsOf(path)) held.add(parent);
  return pruneAt(schema, value, '', { isGone: (path) => remove.has(path) && !held.has(path), keep });
}

interface Pruning {
  readonly isGone: (path: Path) => boolean;
  readonly keep: FieldSet;
}

function pruneAt(schema: Schema, value: unknown, path: Path, pruning: Pruning): unknown {
  if (schema.type === 'list' && isGranular(schema) && Array.isArray(value))
    return pruneItems(schema, value, path, pruning);
  return isGranular(schema) && isRecord(value) ? pruneMembers(schema, value, path, pruning) : value;
}

function pruneMembers(schema: Schema, value: Record<string, unknown>, path: Path, pruning: Pruning): unknown {
  const members = Object.entries(value).flatMap(([key, member]) => {
    const inner = memberSchema(schema, key);
    const at = joinPath(path, fieldElement(key));
    if (inner === undefined) return [[key, member] as const];
    if (pruning.isGone(at)) return [];
    const rest = pruneAt(inner, member, at, pruning);
    return isEmptied(member, rest) && !pruning.keep.has(at) ? [] : [[key, rest] as const];
  });
  return Object.fromEntries(members);
}

function pruneItems(schema: ListSchema, items: readonly unknown[], path: Path, pruning: Pruning): unknown[] {
  return items.flatMap((item) => {
    const at = joinPath(path, elementOf(schema, item));
    return pruning.isGone(at) ? [] : [pruneAt(schema.items, item, at, pruning)];
  });
}

function isEmptied(before: unknown, after: unknown): boolean {
  return sizeOf(before) > 0 && sizeOf(after) === 0;
}

function sizeOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return isRecord(value) ? Object.keys(value).length : 1;
}
