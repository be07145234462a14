/**
 * What a write of one kind means for other objects: what must exist, what may not overlap, what goes with it.
 * An effect reads and answers with conditions; the writer puts them into the same transaction, so nothing can change in between.
 * Source: the side effects Calico's client performs on write.
 */
import type { Resource } from '../../resources/resource.ts';
import type { Reader } from '../resources/reader.ts';
import type { Ref } from '../resources/ref.ts';
import type { Compare, Entry } from '../store.ts';

/** Conditions under which the write is still right; when one fails the effect is asked again. */
export type Guards = readonly Compare[];

/** A deletion's conditions, and the entries that go with it. */
export interface Removal {
  readonly guards: Guards;
  readonly also: readonly Entry[];
}

/** All parts may refuse with an AppError. */
export interface Effect {
  /** Fills in what the writer may leave out, before the input is decoded. Pure. */
  readonly complete?: (input: Readonly<Record<string, unknown>>) => Record<string, unknown>;
  /** Why users may not do this to this object; undefined when they may. Pure. */
  readonly refusal?: (operation: 'create' | 'update' | 'delete', name: string) => string | undefined;
  readonly beforeCreate?: (next: Resource, ref: Ref, reader: Reader) => Promise<Guards>;
  readonly beforeUpdate?: (next: Resource, current: Resource, ref: Ref, reader: Reader) => Promise<Guards>;
  readonly beforeDelete?: (ref: Ref, reader: Reader) => Promise<Removal>;
}
