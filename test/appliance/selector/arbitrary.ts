/** Random selectors and labels for property tests. */
import fc from 'fast-check';
import { compareText } from '#appliance/lib/collections/compare-text.ts';
import { not, type Selector } from '#appliance/selector/ast.ts';

const label = fc.constantFrom('a', 'b', 'in', 'has', 'contains', 'projectcalico.org/namespace', '-x_.y');
const value = fc.oneof(
  fc.constantFrom('', 'x', 'xy', 'y"z', "y'z", 'all()', '&&'),
  fc.string({ maxLength: 6 }).filter(hasOneQuote),
);

function hasOneQuote(text: string): boolean {
  return !(text.includes('"') && text.includes("'"));
}

/** Labels an item may carry. */
export const labelsArbitrary = fc
  .dictionary(label, value, { maxKeys: 5 })
  .map((record) => new Map(Object.entries(record)));

/** Any selector the parser can produce, with labels and values that collide often. */
export const selectorArbitrary: fc.Arbitrary<Selector> = fc.letrec<{ selector: Selector; leaf: Selector }>((tie) => ({
  leaf: fc.oneof(
    fc.record({
      type: fc.constantFrom(
        'equals' as const,
        'not-equals' as const,
        'contains' as const,
        'starts-with' as const,
        'ends-with' as const,
      ),
      label,
      value,
    }),
    fc.record({
      type: fc.constantFrom('in' as const, 'not-in' as const),
      label,
      values: fc.uniqueArray(value, { maxLength: 3 }).map((values) => values.sort(compareText)),
    }),
    fc.record({ type: fc.constant('has' as const), label }),
    fc.record({ type: fc.constantFrom('all' as const, 'global' as const) }),
  ),
  selector: fc.oneof(
    { depthSize: 'small' },
    tie('leaf'),
    tie('selector').map(not),
    fc.record({
      type: fc.constantFrom('and' as const, 'or' as const),
      operands: fc.array(tie('selector'), { minLength: 2, maxLength: 3 }),
    }),
  ),
})).selector;
