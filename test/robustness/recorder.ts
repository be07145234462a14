/** Collects the history of a run: hands out times, and knows the highest revision anybody has been told. Reads a clock. */
import type { Operation, WatchRecord } from './history.ts';

export class Recorder {
  readonly operations: Operation[] = [];
  readonly watches: WatchRecord[] = [];
  /** How many operations went well. */
  succeeded = 0;
  #last = 0;
  #known = 0;

  /** Now, in microseconds; later than every time given before. */
  now(): number {
    this.#last = Math.max(this.#last + 1, Math.floor(performance.now() * 1000));
    return this.#last;
  }

  /** The highest revision in an answer so far. */
  get known(): number {
    return this.#known;
  }

  told(revision: number): void {
    this.#known = Math.max(this.#known, revision);
  }

  /** Takes an operation that has returned, one way or the other. */
  add(operation: Operation): void {
    this.operations.push(operation);
    if (operation.outcome === 'ok') this.succeeded++;
    if (operation.answer !== null && 'revision' in operation.answer) this.told(Number(operation.answer.revision));
  }
}
