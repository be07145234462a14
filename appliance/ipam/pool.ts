/** A pool as IPAM sees it. Pure. */
import type { Resource } from '../resources/resource.ts';
import { compileSelector, labelsOfRecord } from '../selector/match.ts';
import { parseSelector } from '../selector/parse.ts';
import { type AddressRange, rangeOfCidr } from './model/range.ts';

export interface Pool {
  readonly name: string;
  readonly cidr: string;
  readonly range: AddressRange;
  readonly blockSize: number;
  readonly isDisabled: boolean;
  readonly nodeSelector: string;
}

/** Undefined for a pool without a usable CIDR. */
export function poolOf({ metadata, spec }: Resource): Pool | undefined {
  const range = typeof spec.cidr === 'string' ? rangeOfCidr(spec.cidr) : undefined;
  if (range === undefined) return undefined;
  return {
    name: metadata.name,
    cidr: spec.cidr as string,
    range,
    blockSize: typeof spec.blockSize === 'number' ? spec.blockSize : range.family === 4 ? 26 : 122,
    isDisabled: spec.disabled === true,
    nodeSelector: typeof spec.nodeSelector === 'string' && spec.nodeSelector !== '' ? spec.nodeSelector : 'all()',
  };
}

/** The pool a range of addresses lies in; of disabled ones only when `mayBeDisabled`. */
export function poolWith(pools: readonly Pool[], range: AddressRange, mayBeDisabled: boolean): Pool | undefined {
  return pools.find(
    (pool) =>
      (mayBeDisabled || !pool.isDisabled) &&
      pool.range.family === range.family &&
      range.first >= pool.range.first &&
      range.first + range.size <= pool.range.first + pool.range.size,
  );
}

/** Whether a pool is for this node. What cannot be parsed selects nothing. */
export function selectsNode(pool: Pool, node: Resource): boolean {
  const parsed = parseSelector(pool.nodeSelector);
  return parsed.ok && compileSelector(parsed.value)(labelsOfRecord(node.metadata.labels ?? {}));
}
