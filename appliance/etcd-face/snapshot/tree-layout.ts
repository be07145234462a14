/**
 * Where the pages of one tree lie in a file that is written front to back: leaves in key order, then each level of branches, the
 * root last. Known from the sizes alone, so the pages that point there can be written first. Pure.
 * Source: bbolt's file format (page.go, node.go).
 */
import { branchElementBytes, leafElementBytes, pageBytes, pageHeaderBytes } from './page.ts';

/** One page, with what follows it when its content is larger, and which items or pages below it are its own. */
export interface PagePlan {
  readonly id: number;
  readonly overflow: number;
  readonly first: number;
  readonly count: number;
}

export interface TreeLayout {
  readonly leaves: readonly PagePlan[];
  /** From the level above the leaves up to the root; none when one leaf is all. */
  readonly branches: readonly (readonly PagePlan[])[];
  readonly rootId: number;
  /** The first page after the tree. */
  readonly endId: number;
}

const roomBytes = pageBytes - pageHeaderBytes;

/** Lays out items of `sizes` bytes each (key and value), at least one, from page `firstId` on. */
export function planTree(sizes: readonly number[], keyBytesMax: number, firstId: number): TreeLayout {
  const leaves = planLeaves(sizes, firstId);
  const branches: PagePlan[][] = [];
  const fanOut = Math.floor(roomBytes / (branchElementBytes + keyBytesMax));
  for (let below = leaves; below.length > 1; below = branches.at(-1)!) {
    branches.push(planBranches(below.length, fanOut, endOf(below)));
  }
  const top = branches.at(-1) ?? leaves;
  return { leaves, branches, rootId: top[0]!.id, endId: endOf(top) };
}

function planLeaves(sizes: readonly number[], firstId: number): PagePlan[] {
  const leaves: PagePlan[] = [];
  let id = firstId;
  for (let first = 0; first < sizes.length; ) {
    const { count, bytes } = fill(sizes, first);
    const overflow = Math.max(0, Math.ceil((pageHeaderBytes + bytes) / pageBytes) - 1);
    leaves.push({ id, overflow, first, count });
    id += 1 + overflow;
    first += count;
  }
  return leaves;
}

/** As many items as fit a page; an item larger than a page is alone on several. */
function fill(sizes: readonly number[], first: number): { readonly count: number; readonly bytes: number } {
  let bytes = leafElementBytes + sizes[first]!;
  let count = 1;
  for (; first + count < sizes.length; count++) {
    const more = leafElementBytes + sizes[first + count]!;
    if (bytes + more > roomBytes) break;
    bytes += more;
  }
  return { count, bytes };
}

/** Spreads the pages below evenly, so that no branch has a single child. */
function planBranches(below: number, fanOut: number, firstId: number): PagePlan[] {
  const pages = Math.ceil(below / fanOut);
  return Array.from({ length: pages }, (_, i) => {
    const first = Math.floor((i * below) / pages);
    return { id: firstId + i, overflow: 0, first, count: Math.floor(((i + 1) * below) / pages) - first };
  });
}

function endOf(pages: readonly PagePlan[]): number {
  const last = pages.at(-1)!;
  return last.id + 1 + last.overflow;
}
