/** Long calculations that may be interrupted wherever they yield, so that the event loop gets its turn (`inSlices()` drives them). Pure. */

export type Work<Value = void> = Generator<void, Value>;

/** Steps between two yields: few enough for a fraction of a millisecond. */
const stepsMax = 512;

/** The items one by one, with a yield now and then. */
export function* eachItem<Item>(items: Iterable<Item>, visit: (item: Item) => void): Work {
  let steps = 0;
  for (const item of items) {
    visit(item);
    if (++steps % stepsMax === 0) yield;
  }
}

/** Does the work in one go: for what is known to be little. */
export function finish<Value>(work: Work<Value>): Value {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

const runLength = 4096;

/** The texts in order, by code units. Runs are sorted natively, then merged two by two. */
export function* sortTexts(texts: readonly string[]): Work<string[]> {
  let runs: string[][] = [];
  for (let start = 0; start < texts.length; start += runLength) {
    runs.push(texts.slice(start, start + runLength).sort());
    yield;
  }
  while (runs.length > 1) {
    const merged: string[][] = [];
    for (let i = 0; i < runs.length; i += 2) merged.push(yield* mergeRuns(runs[i]!, runs[i + 1] ?? []));
    runs = merged;
  }
  return runs[0] ?? [];
}

function* mergeRuns(a: readonly string[], b: readonly string[]): Work<string[]> {
  const merged: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const isFirst = j === b.length || (i < a.length && a[i]! <= b[j]!);
    merged.push(isFirst ? a[i++]! : b[j++]!);
    if (merged.length % runLength === 0) yield;
  }
  return merged;
}
