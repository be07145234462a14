/**
 * Values of which a part could not be read, so that checks over several fields can run over the rest. Pure types.
 * The reader marks with `null` whatever has a problem of its own already; `undefined` was not given.
 */
import type { ObjectMeta } from './resource.ts';

/** A value as far as it could be read: `null` has its problem already, `undefined` was not given. */
export type Legible<T> = T extends readonly (infer Item)[]
  ? readonly (Legible<Item> | null)[]
  : T extends object
    ? { readonly [Key in keyof T]?: Legible<T[Key]> | null }
    : T;

/**
 * What a kind's checks look at. A check that asks whether a field was given compares with `undefined`;
 * one that looks at the value says nothing when it is `null`: what cannot be read has been reported.
 */
export interface Subject {
  readonly metadata: Legible<ObjectMeta>;
  readonly spec: Readonly<Record<string, unknown>>;
}
