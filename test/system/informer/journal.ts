/**
 * What the writers were told and what the informer saw, and the comparison of the two. Pure.
 * A change may be seen as an event of its own, or be passed over by a list that the informer had to take anew; nothing else.
 */

/** One acknowledged change. */
export interface Change {
  readonly key: string;
  readonly type: 'put' | 'delete';
  /** Of the version written, or of the version that was deleted: the deletion lies behind it. */
  readonly revision: number;
  /** It was done by this revision. */
  readonly until: number;
}

/** One call of the informer's handlers by an event of a watch. */
export type Seen = Omit<Change, 'until'>;

/** A list the informer took: everything from behind `from` up to `to` may be known by it alone. */
interface Listing {
  readonly from: number;
  readonly to: number;
}

export class Journal {
  changes = 0;
  events = 0;
  listings = 0;
  /** Changes that only a list told. */
  coalesced = 0;
  #pending: Change[] = [];
  #listings: Listing[] = [];
  /** By key, in the order they came; of judged rounds the last one. */
  readonly #seen = new Map<string, Seen[]>();
  readonly #stale: string[] = [];
  #position = 0;

  wrote(change: Change): void {
    this.changes++;
    this.#pending.push(change);
  }

  saw(seen: Seen): void {
    this.events++;
    const before = this.#seen.get(seen.key) ?? [];
    if (before.length > 0 && seen.revision <= before.at(-1)!.revision) this.#stale.push(`went back to ${print(seen)}`);
    this.#seen.set(seen.key, [...before, seen]);
    this.#position = Math.max(this.#position, seen.revision);
  }

  listed(revision: number): void {
    this.listings++;
    this.#listings.push({ from: this.#position, to: revision });
    this.#position = Math.max(this.#position, revision);
  }

  /** To be asked when everything written has arrived: what was neither told nor listed since the last time, and what went back. */
  judge(): readonly string[] {
    const untold = this.#pending.filter((change) => !this.#isTold(change));
    const missed = untold.filter((change) => !this.#isListed(change));
    this.coalesced += untold.length - missed.length;
    this.#pending = [];
    this.#listings = [];
    for (const [key, events] of this.#seen) this.#seen.set(key, events.slice(-1));
    return [...missed.map((change) => `missed ${print(change)}`), ...this.#stale.splice(0)];
  }

  #isTold({ key, type, revision, until }: Change): boolean {
    const seen = this.#seen.get(key) ?? [];
    if (type === 'put') return seen.some((event) => event.type === 'put' && event.revision === revision);
    return seen.some((event) => event.type === 'delete' && event.revision > revision && event.revision <= until);
  }

  #isListed({ type, revision, until }: Change): boolean {
    const first = type === 'put' ? revision : revision + 1;
    return this.#listings.some(({ from, to }) => from < until && first <= to);
  }
}

function print({ key, type, revision }: Seen): string {
  return `${type} ${key} ${revision}`;
}
