/** How much of two byte strings is equal, from either end. Pure. Block by block, as native comparison is far faster than a loop. */

const block = 4096;

/** Bytes that both begin with. */
export function commonPrefix(a: Buffer, b: Buffer): number {
  const max = Math.min(a.length, b.length);
  let same = 0;
  while (same + block <= max && a.compare(b, same, same + block, same, same + block) === 0) same += block;
  while (same < max && a[same] === b[same]) same++;
  return same;
}

/** Bytes that both end with, but for the first `skipped` of either. */
export function commonSuffix(a: Buffer, b: Buffer, skipped: number): number {
  const max = Math.min(a.length, b.length) - skipped;
  let same = 0;
  while (same + block <= max && isSameBlock(a, b, same)) same += block;
  while (same < max && a[a.length - 1 - same] === b[b.length - 1 - same]) same++;
  return same;
}

function isSameBlock(a: Buffer, b: Buffer, fromEnd: number): boolean {
  const aEnd = a.length - fromEnd;
  const bEnd = b.length - fromEnd;
  return a.compare(b, bEnd - block, bEnd, aEnd - block, aEnd) === 0;
}
