/** Runs asynchronous work one piece after the other, and long synchronous work in slices between which the event loop turns. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long one slice may hold the event loop. */
const SLICE_MS = 5;

/** A queue of one: each piece begins when the one before has settled, at once when there is none. */
export class Serial {
  #running: Promise<void> | undefined;

  run<Value>(work: () => Promise<Value>): Promise<Value> {
    const result = this.#running === undefined ? work() : this.#running.then(work);
    const settled: Promise<void> = result.then(nothing, nothing).then(() => {
      if (this.#running === settled) this.#running = undefined;
    });
    this.#running = settled;
    return result;
  }
}

function nothing(): void {}

/** Drives `work` to its end; it may be interrupted wherever it yields. */
export async function inSlices<Value>(work: Generator<void, Value>): Promise<Value> {
  for (;;) {
    const end = performance.now() + SLICE_MS;
    do {
      const step = work.next();
      if (step.done) return step.value;
    } while (performance.now() < end);
    await nextTurn();
  }
}
