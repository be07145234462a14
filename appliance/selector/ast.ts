/**
 * Selectors as trees: what `parse.ts` makes and everything else reads. Pure types.
 * Source: Calico's selector reference; upstream's grammar, where `!=` and `not in` also hold when the label is absent.
 */

/** A comparison of one label with one text. */
export interface Comparison {
  readonly type: 'equals' | 'not-equals' | 'contains' | 'starts-with' | 'ends-with';
  readonly label: string;
  readonly value: string;
}

/** Membership of one label's value. `values` are in byte order and without repeats. */
export interface Membership {
  readonly type: 'in' | 'not-in';
  readonly label: string;
  readonly values: readonly string[];
}

/** True when the label is present, whatever its value. */
export interface Presence {
  readonly type: 'has';
  readonly label: string;
}

/** `global` evaluates to true as `all` does; its meaning comes from `rewrite.ts`. */
export interface Everything {
  readonly type: 'all' | 'global';
}

/** Never holds another negation directly: two cancel out. */
export interface Negation {
  readonly type: 'not';
  readonly operand: Selector;
}

/** Two operands or more; one inside another of the same type is kept as it was written. */
export interface Combination {
  readonly type: 'and' | 'or';
  readonly operands: readonly Selector[];
}

export type Selector = Comparison | Membership | Presence | Everything | Negation | Combination;

/** Matches everything: what an empty selector means. */
export const all: Everything = { type: 'all' };

/** The opposite of `operand`; a double negation is the operand itself. */
export function not(operand: Selector): Selector {
  return operand.type === 'not' ? operand.operand : { type: 'not', operand };
}

/** All of `operands` at once; one alone is itself. */
export function and(...operands: readonly Selector[]): Selector {
  return operands.length === 1 ? operands[0]! : { type: 'and', operands };
}
