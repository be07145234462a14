/**
 * The least change from the rules a chain has to those it is to have: rules that stay keep their handles. Pure.
 * Both ends that agree are skipped; the middle is matched by its longest common run when it is small, else replaced.
 */

/** `keep` old rule; put rule `to` in the place of `from`, before `before` (a kept old rule), or at the end; `delete` old rule. */
export type RuleEdit =
  | { readonly type: 'keep'; readonly from: number; readonly to: number }
  | { readonly type: 'replace'; readonly from: number; readonly to: number }
  | { readonly type: 'insert'; readonly before: number | undefined; readonly to: number }
  | { readonly type: 'delete'; readonly from: number };

const matchCellsMax = 250_000;

/** Edits in the order of the new rules. */
export function planRuleEdits(before: readonly string[], after: readonly string[]): RuleEdit[] {
  const kept = matchKeys(before, after);
  const edits: RuleEdit[] = [];
  let from = 0;
  let to = 0;
  for (const [keptFrom, keptTo] of [...kept, [before.length, after.length] as const]) {
    const isEnd = keptFrom === before.length;
    while (from < keptFrom && to < keptTo) edits.push({ type: 'replace', from: from++, to: to++ });
    while (to < keptTo) edits.push({ type: 'insert', before: isEnd ? undefined : keptFrom, to: to++ });
    while (from < keptFrom) edits.push({ type: 'delete', from: from++ });
    if (!isEnd) edits.push({ type: 'keep', from: from++, to: to++ });
  }
  return edits;
}

type Pair = readonly [from: number, to: number];

/** Pairs of equal keys, ascending on both sides. */
function matchKeys(before: readonly string[], after: readonly string[]): Pair[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  const tailMax = Math.min(before.length, after.length) - head;
  while (tail < tailMax && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const pairs: Pair[] = [];
  for (let i = 0; i < head; i++) pairs.push([i, i]);
  pairs.push(...matchMiddle(before, after, head, before.length - tail, after.length - tail));
  for (let i = tail; i > 0; i--) pairs.push([before.length - i, after.length - i]);
  return pairs;
}

function matchMiddle(
  before: readonly string[],
  after: readonly string[],
  start: number,
  beforeEnd: number,
  afterEnd: number,
): Pair[] {
  const rows = beforeEnd - start;
  const columns = afterEnd - start;
  if (rows === 0 || columns === 0 || rows * columns > matchCellsMax) return [];
  const width = columns + 1;
  const longest = new Uint32Array((rows + 1) * width);
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = columns - 1; j >= 0; j--) {
      const isEqual = before[start + i] === after[start + j];
      longest[i * width + j] = isEqual
        ? longest[(i + 1) * width + j + 1]! + 1
        : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
    }
  }
  return walk(before, after, start, longest, rows, columns);
}

function walk(
  before: readonly string[],
  after: readonly string[],
  start: number,
  longest: Uint32Array,
  rows: number,
  columns: number,
): Pair[] {
  const pairs: Pair[] = [];
  const width = columns + 1;
  for (let i = 0, j = 0; i < rows && j < columns; ) {
    if (before[start + i] === after[start + j]) pairs.push([start + i++, start + j++]);
    else if (longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!) i++;
    else j++;
  }
  return pairs;
}
