/** What is wrong with a block by itself. Pure. Source: the checks of calicoctl's `ipam check`. */
import type { Block } from './block.ts';
import { rangeOfCidr } from './range.ts';

/** Every address is free and listed as free, or given with an attribute that exists. `nowMs` judges releases, if given. */
export function blockProblems(block: Block, nowMs = Number.POSITIVE_INFINITY): string[] {
  return [
    ...sizeProblems(block),
    ...freeProblems(block),
    ...attributeProblems(block),
    ...releaseProblems(block, nowMs),
  ];
}

function sizeProblems({ cidr, allocations }: Block): string[] {
  const size = rangeOfCidr(cidr)!.size;
  return size === BigInt(allocations.length) ? [] : [`has ${allocations.length} addresses instead of ${size}`];
}

function freeProblems({ allocations, unallocated }: Block): string[] {
  const free = new Set(unallocated);
  const twice = free.size === unallocated.length ? [] : ['lists a free address twice'];
  const outside = [...free].filter((ordinal) => ordinal < 0 || ordinal >= allocations.length);
  const unlike = allocations.flatMap((index, ordinal) => {
    if ((index === null) === free.has(ordinal)) return [];
    return [`address ${ordinal} is ${index === null ? 'free and not listed as free' : 'given and listed as free'}`];
  });
  return [
    ...twice,
    ...outside.map((ordinal) => `lists the free address ${ordinal}, which it does not have`),
    ...unlike,
  ];
}

function attributeProblems({ allocations, attributes }: Block): string[] {
  const used = new Set(allocations);
  const missing = allocations.flatMap((index, ordinal) =>
    index === null || attributes[index] !== undefined
      ? []
      : [`address ${ordinal} has the attribute ${index}, which is not there`],
  );
  const unused = attributes.flatMap((_, index) =>
    used.has(index) ? [] : [`has the attribute ${index}, which no address has`],
  );
  return [...missing, ...unused];
}

function releaseProblems({ attributes }: Block, nowMs: number): string[] {
  return attributes.flatMap(({ releasedAt }) =>
    releasedAt !== undefined && Date.parse(releasedAt) > nowMs
      ? [`was released at ${releasedAt}, which is to come`]
      : [],
  );
}
