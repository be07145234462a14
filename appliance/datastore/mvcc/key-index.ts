/**
 * All live keys in order, without their values: what comparisons, counts and deletions need, so that only values are read from disk.
 * Sorted chunks of at most 512 keys: about 170 bytes a key, an insertion moves one chunk, a count adds up chunks. Pure.
 */
import { isSingle, type Key, type Span } from './keys.ts';
import type { KeyState } from './records.ts';

/** The first keys of a span, and how many the whole span holds. */
export interface Selection {
  readonly keys: Key[];
  readonly states: KeyState[];
  readonly count: number;
}

interface Chunk {
  readonly keys: Key[];
  readonly states: KeyState[];
}

interface Place {
  readonly chunk: number;
  readonly at: number;
}

const chunkMax = 512;

/** An ordered map from key to its state. */
export class KeyIndex {
  readonly #chunks: Chunk[] = [{ keys: [], states: [] }];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: Key): KeyState | undefined {
    const { chunk, at } = this.#place(key);
    const { keys, states } = this.#chunks[chunk]!;
    return keys[at] === key ? states[at] : undefined;
  }

  set(key: Key, state: KeyState): void {
    const { chunk, at } = this.#place(key);
    const { keys, states } = this.#chunks[chunk]!;
    if (keys[at] === key) {
      states[at] = state;
      return;
    }
    keys.splice(at, 0, key);
    states.splice(at, 0, state);
    this.#size++;
    if (keys.length > chunkMax) this.#split(chunk);
  }

  delete(key: Key): void {
    const { chunk, at } = this.#place(key);
    const { keys, states } = this.#chunks[chunk]!;
    if (keys[at] !== key) return;
    keys.splice(at, 1);
    states.splice(at, 1);
    this.#size--;
    if (keys.length === 0 && this.#chunks.length > 1) this.#chunks.splice(chunk, 1);
  }

  /** How many keys the span holds. */
  count(span: Span): number {
    if (span.end !== undefined && span.end <= span.start) return 0;
    const from = this.#place(span.start);
    const to = this.#end(span);
    let count = to.at - from.at;
    for (let chunk = from.chunk; chunk < to.chunk; chunk++) count += this.#chunks[chunk]!.keys.length;
    return count;
  }

  /** The first `limit` keys of the span in order; all of them when `limit` is 0. */
  select(span: Span, limit = 0): Selection {
    if (isSingle(span)) return this.#selectOne(span.start);
    const count = this.count(span);
    const wanted = limit > 0 ? Math.min(limit, count) : count;
    const keys: Key[] = [];
    const states: KeyState[] = [];
    let { chunk, at } = this.#place(span.start);
    while (keys.length < wanted) {
      const source = this.#chunks[chunk]!;
      const end = Math.min(source.keys.length, at + wanted - keys.length);
      for (; at < end; at++) {
        keys.push(source.keys[at]!);
        states.push(source.states[at]!);
      }
      chunk++;
      at = 0;
    }
    return { keys, states, count };
  }

  #selectOne(key: Key): Selection {
    const state = this.get(key);
    return state === undefined ? { keys: [], states: [], count: 0 } : { keys: [key], states: [state], count: 1 };
  }

  #end(span: Span): Place {
    if (span.end !== undefined) return this.#place(span.end);
    const chunk = this.#chunks.length - 1;
    return { chunk, at: this.#chunks[chunk]!.keys.length };
  }

  /** Where `key` is or would be: never past the end of a chunk unless it belongs there. */
  #place(key: Key): Place {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#chunks[middle]!.keys[0]! <= key) low = middle;
      else high = middle - 1;
    }
    return { chunk: low, at: lowerBound(this.#chunks[low]!.keys, key) };
  }

  #split(at: number): void {
    const { keys, states } = this.#chunks[at]!;
    const half = keys.length >>> 1;
    this.#chunks.splice(at + 1, 0, { keys: keys.splice(half), states: states.splice(half) });
  }
}

function lowerBound(keys: readonly Key[], key: Key): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
