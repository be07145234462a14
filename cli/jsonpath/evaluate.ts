/** A path over a value -> everything it finds, in order. Pure. Source: Kubernetes, "JSONPath Support". */
import { Float, keysOf, numberOf } from '../go-template/values.ts';
import type { Path, PathNode, Slice } from './parse.ts';

/** What `path` finds from each of `values`. A field that is missing finds nothing; what cannot be indexed or compared throws an Error. */
export function findAll(values: readonly unknown[], path: Path): readonly unknown[] {
  let found = values;
  for (const node of path) found = step(found, node);
  return found;
}

function step(values: readonly unknown[], node: PathNode): readonly unknown[] {
  switch (node.type) {
    case 'text':
      return [node.text];
    case 'constant':
      return [node.value];
    case 'field':
      return values.flatMap((value) => (isMap(value) && Object.hasOwn(value, node.name) ? [value[node.name]] : []));
    case 'wildcard':
      return values.flatMap(childrenOf);
    case 'recursive':
      return descend(values);
    case 'slice':
      return values.flatMap((value) => (value == null ? [] : sliceOf(value, node.slice)));
    case 'union':
      return node.paths.flatMap((path) => findAll(values, path));
    case 'filter':
      return values.flatMap((value) => (value == null ? [] : filtered(value, node)));
    default:
      return values;
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function childrenOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isMap(value) ? keysOf(value).map((key) => value[key]) : [];
}

/** Every value that holds others, from the outside in; texts count as holding their characters. */
function descend(values: readonly unknown[]): unknown[] {
  return values.flatMap((value) => {
    const children = childrenOf(value);
    const isFilledText = typeof value === 'string' && value !== '';
    return children.length > 0 || isFilledText ? [value, ...descend(children)] : [];
  });
}

function sliceOf(value: unknown, { from, to, step, isOne }: Slice): unknown[] {
  if (!Array.isArray(value)) throw new Error(`${typeof value} is not array or slice`);
  const { length } = value;
  let start = from ?? 0;
  if (start < 0) start += length;
  let end = isOne ? (from ?? 0) + 1 : (to ?? length);
  if (end < 0 || (end === 0 && isOne)) end += length;
  if (start === end) return [];
  if (start < 0 || start >= length) throw outOfBounds(start, length);
  if (end < 0 || end > length) throw outOfBounds(end - 1, length);
  if (start > end) throw new Error(`starting index ${start} is greater than ending index ${end}`);
  if (step === undefined) return value.slice(start, end);
  if (step <= 0) throw new Error(`step must be > 0`);
  return value.slice(start, end).filter((_item, i) => i % step === 0);
}

function outOfBounds(index: number, length: number): Error {
  return new Error(`array index out of bounds: index ${index}, length ${length}`);
}

function filtered(value: unknown, { left, operator, right }: PathNode & { type: 'filter' }): unknown[] {
  if (!Array.isArray(value)) throw new Error(`${typeof value} is not array or slice and cannot be filtered`);
  return value.filter((item) => {
    const lefts = findAll([item], left);
    if (operator === 'exists') return lefts.length > 0;
    if (lefts.length === 0) return false;
    const rights = lefts.length === 1 ? findAll([item], right) : [];
    if (lefts.length > 1 || rights.length > 1) throw new Error('can only compare one element at a time');
    return rights.length === 0 ? false : compare(lefts[0], operator, rights[0]);
  });
}

function compare(left: unknown, operator: string, right: unknown): boolean {
  const kind = comparableKind(left);
  if (kind !== comparableKind(right)) throw new Error('incompatible types for comparison');
  const [a, b] = [left, right].map((value) => (value instanceof Float ? numberOf(value) : value));
  const isEqual = a === b;
  if (operator === '==') return isEqual;
  if (operator === '!=') return !isEqual;
  if (kind === 'boolean') throw new Error('invalid type for comparison');
  const isLess = (a as number) < (b as number);
  if (operator === '<') return isLess;
  if (operator === '<=') return isLess || isEqual;
  if (operator === '>') return !isLess && !isEqual;
  if (operator === '>=') return !isLess;
  throw new Error(`unrecognized filter operator ${operator}`);
}

function comparableKind(value: unknown): string {
  if (value instanceof Float) return 'float';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'float';
  if (typeof value === 'string' || typeof value === 'boolean') return typeof value;
  throw new Error('invalid type for comparison');
}
