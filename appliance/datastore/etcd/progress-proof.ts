/**
 * Whether the answer to a progress request may be believed. It belongs to the stream, not to a watch, and etcd before 3.4.25 and 3.5.8
 * sends it ahead of events that wait to be sent: it is proven when the watch itself has reached its revision, or when a request
 * made after it has been answered and no event came in between. Counts requests, so that an old answer is not taken for a new one. Pure.
 */
import type { Revision } from '../store.ts';

export class ProgressProof {
  #reached: Revision;
  #asked = 0;
  #answered = 0;
  /** The number of the request that must have been answered; 0 when nobody wants to know. */
  #wanted = 0;
  /** The same for whoever came while others waited already. Nobody's proof begins anew for those who come later. */
  #wantedNext = 0;
  #unproven: Revision | undefined;
  /** How many requests had been sent when that answer came. Those that waited with it may have been answered in one go, past waiting events. */
  #askedBefore = 0;

  constructor(reached: Revision) {
    this.#reached = reached;
  }

  get isWanted(): boolean {
    return this.#wanted > 0;
  }

  /** Up to here the watch itself has told everything. */
  get certain(): Revision {
    return this.#reached;
  }

  /** The next request is one whose answer is waited for. */
  want(): void {
    if (this.isWanted) this.#wantedNext = this.#asked + 1;
    else this.#wanted = this.#asked + 1;
  }

  /** A request has been sent. */
  asked(): void {
    this.#asked++;
  }

  /** The watch itself, by an event or by its own progress, is at `revision`. */
  reached(revision: Revision): void {
    this.#reached = Math.max(this.#reached, revision);
    this.#unproven = undefined;
  }

  /** Takes an answer; gives the revision that is proven with it. Then nobody waits any more but those who came later. */
  answer(revision: Revision): Revision | undefined {
    this.#answered++;
    if (!this.isWanted || this.#answered < this.#wanted) return undefined;
    const proven = this.#reached >= revision ? revision : this.#provenByLater();
    if (proven === undefined) {
      if (this.#unproven === undefined) this.#askedBefore = this.#asked;
      this.#unproven ??= revision;
      return undefined;
    }
    this.#unproven = undefined;
    this.#wanted = this.#wantedNext;
    this.#wantedNext = 0;
    return proven;
  }

  /** The unproven answer, when this one is to a request sent after it had come. */
  #provenByLater(): Revision | undefined {
    return this.#answered > this.#askedBefore ? this.#unproven : undefined;
  }
}
