import test from 'ava';
import fc from 'fast-check';
import { LabelIndex } from '#appliance/felix/calc/label-index.ts';
import type { Selector } from '#appliance/selector/ast.ts';
import { matches } from '#appliance/selector/match.ts';
import { labelsArbitrary, selectorArbitrary } from '../../selector/arbitrary.ts';

type Labels = ReadonlyMap<string, string>;
type Step =
  | { readonly type: 'selector'; readonly id: string; readonly selector: Selector | undefined }
  | { readonly type: 'item'; readonly id: string; readonly labels: Labels | undefined; readonly parents: string[] }
  | { readonly type: 'parent'; readonly id: string; readonly labels: Labels | undefined };

const id = fc.constantFrom('1', '2', '3', '4');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant('selector' as const), id, selector: fc.option(selectorArbitrary, { nil: undefined }) }),
  fc.record({
    type: fc.constant('item' as const),
    id,
    labels: fc.option(labelsArbitrary, { nil: undefined, freq: 4 }),
    parents: fc.array(id, { maxLength: 3 }),
  }),
  fc.record({ type: fc.constant('parent' as const), id, labels: fc.option(labelsArbitrary, { nil: undefined }) }),
);

/** Does the same without any index. */
class NaiveIndex {
  readonly selectors = new Map<string, Selector>();
  readonly items = new Map<string, { labels: Labels; parents: string[] }>();
  readonly parents = new Map<string, Labels>();

  matches(): string[] {
    const found: string[] = [];
    for (const [selectorId, selector] of this.selectors) {
      for (const [itemId, { labels, parents }] of this.items) {
        const sources = [labels, ...parents.map((name) => this.parents.get(name))];
        const get = (label: string) => sources.map((source) => source?.get(label)).find((value) => value !== undefined);
        if (matches(selector, { get })) found.push(`${selectorId}~${itemId}`);
      }
    }
    return found.sort();
  }
}

class Run {
  readonly naive = new NaiveIndex();
  readonly found = new Set<string>();
  readonly index = new LabelIndex<string, string>({
    onMatchStart: (selector, item) => {
      if (this.found.has(`${selector}~${item}`)) throw new Error('started twice');
      this.found.add(`${selector}~${item}`);
    },
    onMatchStop: (selector, item) => {
      if (!this.found.delete(`${selector}~${item}`)) throw new Error('stopped without a start');
    },
  });

  take(next: Step): void {
    if (next.type === 'selector') this.#takeSelector(next.id, next.selector);
    else if (next.type === 'item') this.#takeItem(next.id, next.labels, next.parents);
    else {
      set(this.naive.parents, next.id, next.labels);
      this.index.setParent(next.id, next.labels && flat(next.labels));
    }
  }

  #takeSelector(id: string, selector: Selector | undefined): void {
    set(this.naive.selectors, id, selector);
    this.index.removeSelector(id);
    if (selector !== undefined) this.index.addSelector(id, id, selector);
  }

  #takeItem(id: string, labels: Labels | undefined, parents: string[]): void {
    set(this.naive.items, id, labels && { labels, parents });
    if (labels === undefined) this.index.removeItem(id);
    else this.index.setItem(id, id, flat(labels), parents);
  }
}

function set<V>(map: Map<string, V>, key: string, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

function flat(labels: Labels): string[] {
  return [...labels].flat();
}

test('LabelIndex finds the same matches as trying every selector on every item', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const run = new Run();
      for (const next of steps) {
        run.take(next);
        t.deepEqual([...run.found].sort(), run.naive.matches());
      }
    }),
    { numRuns: 3000 },
  );
});

test('LabelIndex tells who matches whom from both sides', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const run = new Run();
      for (const next of steps) run.take(next);
      const bySelector: string[] = [];
      const byItem: string[] = [];
      for (const key of ['1', '2', '3', '4']) {
        run.index.eachItemOf(key, (item) => bySelector.push(`${key}~${item}`));
        run.index.eachSelectorOf(key, (selector) => byItem.push(`${selector}~${key}`));
      }
      t.deepEqual(bySelector.sort(), run.naive.matches());
      t.deepEqual(byItem.sort(), run.naive.matches());
    }),
  );
});

test('LabelIndex holds nothing once everything has been removed', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const run = new Run();
      for (const next of steps) run.take(next);
      for (const key of ['1', '2', '3', '4']) {
        run.take({ type: 'parent', id: key, labels: undefined });
        run.take({ type: 'item', id: key, labels: undefined, parents: [] });
        run.take({ type: 'selector', id: key, selector: undefined });
      }
      t.is(run.index.rows, 0);
      t.is(run.found.size, 0);
    }),
  );
});

test('LabelIndex keeps an item with a parent that is not there yet, also when the labels of the item change', (t) => {
  const run = new Run();
  const selector: Selector = { type: 'has', label: 'b' };
  run.take({ type: 'selector', id: '1', selector });
  run.take({ type: 'item', id: '2', labels: new Map([['a', 'x']]), parents: ['3', '4'] });
  run.take({ type: 'item', id: '2', labels: new Map(), parents: ['4'] });
  run.take({ type: 'item', id: '2', labels: new Map([['a', 'y']]), parents: ['4'] });
  run.take({ type: 'parent', id: '4', labels: new Map([['b', 'x']]) });
  t.deepEqual([...run.found], ['1~2']);
});

test('LabelIndex does not touch what a change cannot concern', (t) => {
  let tried = 0;
  const index = new LabelIndex<number, number>({ onMatchStart() {}, onMatchStop() {} });
  const labelled = (value: string): readonly string[] =>
    new Proxy(['role', value], {
      get(target, property) {
        if (property === '0') tried++;
        return Reflect.get(target, property);
      },
    });
  for (let i = 0; i < 1000; i++) index.setItem(`i${i}`, i, labelled(`r${i}`), []);
  tried = 0;
  index.addSelector('s', 0, { type: 'equals', label: 'role', value: 'r7' });
  t.true(tried < 10, `${tried} label lists were read`);
});
