/**
 * Sets and maps of the fake kernel, with the refusals of the real one: other definitions, other data, overlapping intervals,
 * missing elements, sets in use. Pure. An operation returns the code it is refused with.
 */
import type { NftElement, NftKeys, NftOperation, NftSet } from '../kernel.ts';
import { isPacked, unpackKeys } from '../nft-keys.ts';
import { firstDefined, isUsed, refuseTarget } from './nft-rules.ts';
import { elementKey, type FakeSet, type FakeTable, targetOf } from './nft-state.ts';

type Of<Type extends NftOperation['type']> = Extract<NftOperation, { type: Type }>;

export function addSet(table: FakeTable, { set }: Of<'add-set'>): string | undefined {
  if (set.fields !== undefined && sum(set.fields.map(roundUp)) !== set.keyLength) return 'EINVAL';
  const there = table.sets.get(set.name);
  if (there === undefined) table.sets.set(set.name, { definition: set, elements: new Map() });
  else if (shapeOf(there.definition) !== shapeOf(set)) return 'EEXIST';
  return undefined;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function roundUp(length: number): number {
  return (length + 3) & ~3;
}

function shapeOf({ keyType, keyLength, fields, isInterval, data }: NftSet): string {
  return JSON.stringify([keyType, keyLength, fields ?? null, isInterval ?? false, data ?? null]);
}

export function deleteSet(table: FakeTable, { set }: Of<'delete-set'>): string | undefined {
  if (!table.sets.has(set)) return 'ENOENT';
  if (isUsed(table, 'lookup', set)) return 'EBUSY';
  table.sets.delete(set);
  return undefined;
}

export function addElements(table: FakeTable, operation: Of<'add-elements'>): string | undefined {
  const set = table.sets.get(operation.set);
  if (set === undefined) return 'ENOENT';
  const refusal = firstDefined(each(operation.elements), (element) => addElement(table, set, element));
  return refusal ?? (set.definition.isInterval ? refuseOverlap(set) : undefined);
}

function addElement(table: FakeTable, set: FakeSet, element: NftElement): string | undefined {
  const refusal = refuseElement(table, set.definition, element);
  if (refusal !== undefined) return refusal;
  const key = elementKey(element);
  const there = set.elements.get(key);
  if (there !== undefined) return dataOf(there) === dataOf(element) ? undefined : 'EEXIST';
  if (set.definition.size !== undefined && set.elements.size >= set.definition.size) return 'ENFILE';
  set.elements.set(key, element);
  return undefined;
}

function refuseElement(table: FakeTable, definition: NftSet, element: NftElement): string | undefined {
  if (element.key.length !== definition.keyLength) return 'EINVAL';
  if (element.isEnd && !definition.isInterval) return 'EINVAL';
  const { data } = definition;
  const isValueless = element.verdict === undefined && element.data === undefined;
  if (data === undefined || element.isEnd) return isValueless ? undefined : 'EINVAL';
  if (data !== 'verdict') return element.data?.length === data.length ? undefined : 'EINVAL';
  if (element.verdict === undefined) return 'EINVAL';
  return firstDefined(targetOf(element.verdict), (target) => refuseTarget(table, target));
}

function dataOf(element: NftElement): string {
  if (element.verdict !== undefined) return JSON.stringify(element.verdict);
  return element.data === undefined ? '' : Buffer.from(element.data).toString('hex');
}

/** A start between another start and its end. */
function refuseOverlap(set: FakeSet): string | undefined {
  let isOpen = false;
  for (const key of [...set.elements.keys()].sort()) {
    const isStart = key.endsWith('0');
    if (isStart && isOpen) return 'EEXIST';
    isOpen = isStart;
  }
  return undefined;
}

export function deleteElements(table: FakeTable, operation: Of<'delete-elements'>): string | undefined {
  const set = table.sets.get(operation.set);
  if (set === undefined) return 'ENOENT';
  let hasAll = true;
  for (const element of each(operation.elements)) hasAll &&= set.elements.delete(elementKey(element));
  return hasAll ? undefined : 'ENOENT';
}

function each(elements: readonly NftElement[] | NftKeys): Iterable<NftElement> {
  return isPacked(elements) ? unpackKeys(elements) : elements;
}
