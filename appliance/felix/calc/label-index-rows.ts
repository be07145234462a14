/** The rows of the label index: selectors, items and the parents items inherit labels from. Pure. */
import type { Bag } from '#appliance/lib/collections/bag.ts';
import type { Selector } from '#appliance/selector/ast.ts';
import type { LabelLookup, Matcher } from '#appliance/selector/match.ts';
import type { Restriction } from '#appliance/selector/restrictions.ts';
import { findLabel, type LabelPairs } from './label-pairs.ts';

/** A profile: lends its labels to the items that name it. Exists while it has labels or items. */
export interface Parent {
  readonly name: string;
  labels: LabelPairs | undefined;
  readonly items: Set<object>;
  /** The list of this parent alone, shared by all items that have no other. */
  readonly alone: readonly Parent[];
}

/** A selector, compiled and filed. */
export interface SelectorEntry<S> {
  readonly data: S;
  readonly selector: Selector;
  readonly isMatch: Matcher;
  /** Where it is filed; undefined: it has to be tried on everything. */
  readonly filedUnder: readonly Restriction[] | undefined;
}

/** An item as the matcher sees it: with its own labels and the inherited ones. */
export class ItemEntry<S, I> implements LabelLookup {
  data: I;
  labels: LabelPairs;
  parents: readonly Parent[];
  matches: Bag<SelectorEntry<S>>;

  constructor(data: I, labels: LabelPairs, parents: readonly Parent[]) {
    this.data = data;
    this.labels = labels;
    this.parents = parents;
  }

  /** Own labels first, then those of the parents in order. */
  get(label: string): string | undefined {
    const own = findLabel(this.labels, label);
    if (own !== undefined) return own;
    for (const parent of this.parents) {
      const inherited = parent.labels && findLabel(parent.labels, label);
      if (inherited !== undefined) return inherited;
    }
    return undefined;
  }
}
