/**
 * How the CIDRs of one IP set and family lie in the kernel: those of a length that very many have one by one in the hash set, each under an id of
 * set and length; the others as intervals. Pure.
 * The kernel copies a set of intervals at each commit, 20 ms for 100,000; an element of a hash set costs the same at any size.
 */
import type { Prefix } from '../../../lib/ip/address.ts';
import { textOf } from './byte-text.ts';
import { type IntervalChanges, IntervalIndex } from './interval-index.ts';
import { eachItem, type Work } from './work.ts';

/** What comes and goes in each of the two forms. */
export interface NetChanges {
  readonly hashed: { readonly added: readonly Prefix[]; readonly removed: readonly Prefix[] };
  readonly intervals: IntervalChanges;
}

/** CIDRs that come and go. */
export interface Nets {
  readonly added: Prefix[];
  readonly removed: Prefix[];
}

export class NetIndex {
  readonly intervals = new IntervalIndex();
  readonly #counts = new Map<number, number>();
  readonly #hashedMin: number;
  #size = 0;

  /** Lengths that more than `hashedMin` CIDRs have are hashed. */
  constructor(hashedMin: number) {
    this.#hashedMin = hashedMin;
  }

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  /** Of all CIDRs, in whichever form. */
  get size(): number {
    return this.#size;
  }

  isHashed(length: number): boolean {
    return this.#count(length) > this.#hashedMin;
  }

  /** Ascending. */
  hashedLengths(): number[] {
    return [...this.#counts.keys()].filter((length) => this.isHashed(length)).sort((a, b) => a - b);
  }

  /** None of `added` was there, all of `removed` were. `present` gives all CIDRs of some lengths as they are after the change. */
  *change(nets: Nets, present: (lengths: ReadonlySet<number>) => Work<Prefix[]>): Work<NetChanges> {
    const before = new Map(this.#counts);
    const wasHashed = new Set(this.hashedLengths());
    yield* eachItem(nets.removed, ({ length }) => this.#add(length, -1));
    yield* eachItem(nets.added, ({ length }) => this.#add(length, 1));
    const isMoving = (length: number) =>
      this.isHashed(length) !== wasHashed.has(length) && before.has(length) && this.#counts.has(length);
    const hashed: Nets = { added: [], removed: [] };
    const plain: Nets = { added: [], removed: [] };
    const moving = new Set([...before.keys()].filter(isMoving));
    yield* eachItem(nets.removed, (prefix) => (wasHashed.has(prefix.length) ? hashed : plain).removed.push(prefix));
    yield* eachItem(nets.added, (prefix) => {
      if (!moving.has(prefix.length)) (this.isHashed(prefix.length) ? hashed : plain).added.push(prefix);
    });
    if (moving.size > 0) yield* this.#move(yield* present(moving), new Set(nets.added.map(keyOf)), hashed, plain);
    return { hashed, intervals: yield* this.intervals.change(plain.added, plain.removed) };
  }

  /** Takes all CIDRs of a length from the form they had to the other one. */
  #move(present: Iterable<Prefix>, fresh: ReadonlySet<string>, hashed: Nets, plain: Nets): Work {
    return eachItem(present, (prefix) => {
      const [from, to] = this.isHashed(prefix.length) ? [plain, hashed] : [hashed, plain];
      if (!fresh.has(keyOf(prefix))) from.removed.push(prefix);
      to.added.push(prefix);
    });
  }

  #count(length: number): number {
    return this.#counts.get(length) ?? 0;
  }

  #add(length: number, by: number): void {
    const count = this.#count(length) + by;
    this.#size += by;
    if (count === 0) this.#counts.delete(length);
    else this.#counts.set(length, count);
  }
}

function keyOf({ address, length }: Prefix): string {
  return `${textOf(address.bytes)}${length}`;
}
