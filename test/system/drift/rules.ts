/** Rules and IP sets of ours in the hands of somebody else, whatever backend they are of. Types, but for one error. */
import type { Random } from '../../kernel/verdicts/random.ts';

/** What was done, and whether it is undone. */
export interface Damage {
  readonly what: string;
  /** How long to wait between two looks: some start a program. */
  readonly lookMs: number;
  isRepaired(): Promise<boolean>;
}

export interface Rules {
  /** All of them, as the kernel has them now. */
  read(): Promise<string>;
  /** Alters one thing at random. Throws `NothingThere` when it is not there. */
  damage(random: Random): Promise<Damage>;
  /** How much was altered so far. */
  readonly count: number;
}

/** What was to be altered is being repaired just now. */
export class NothingThere extends Error {}
