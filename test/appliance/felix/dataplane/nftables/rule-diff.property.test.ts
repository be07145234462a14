import test from 'ava';
import fc from 'fast-check';
import { planRuleEdits } from '#appliance/felix/dataplane/nftables/rule-diff.ts';

const keys = fc.uniqueArray(fc.constantFrom(...'abcdefghij'), { maxLength: 10 });

test('`planRuleEdits()` turns any rules into any others, and touches none that stay in order', (t) => {
  fc.assert(
    fc.property(keys, keys, (before, after) => {
      const edits = planRuleEdits(before, after);
      const result = replay(before, after, edits);
      return (
        result.join() === after.join() &&
        edits.every((edit) => edit.type !== 'keep' || before[edit.from] === after[edit.to])
      );
    }),
    { verbose: true },
  );
  t.pass();
});

test('one changed rule is one replacement', (t) => {
  const edits = planRuleEdits(['a', 'b', 'c'], ['a', 'x', 'c']);
  t.deepEqual(
    edits.filter((edit) => edit.type !== 'keep'),
    [{ type: 'replace', from: 1, to: 1 }],
  );
});

test('one rule more in the middle is one insertion', (t) => {
  const edits = planRuleEdits(['a', 'c'], ['a', 'b', 'c']);
  t.deepEqual(
    edits.filter((edit) => edit.type !== 'keep'),
    [{ type: 'insert', before: 1, to: 1 }],
  );
});

/** As the kernel does it: places are named by old rules that are still there. */
function replay(
  before: readonly string[],
  after: readonly string[],
  edits: ReturnType<typeof planRuleEdits>,
): string[] {
  const rules = before.map((key, handle) => ({ key, handle: handle as number | undefined }));
  const at = (handle: number) => rules.findIndex((rule) => rule.handle === handle);
  for (const edit of edits) {
    if (edit.type === 'replace') rules[at(edit.from)] = { key: after[edit.to]!, handle: undefined };
    if (edit.type === 'delete') rules.splice(at(edit.from), 1);
    if (edit.type !== 'insert') continue;
    const place = edit.before === undefined ? rules.length : at(edit.before);
    rules.splice(place, 0, { key: after[edit.to]!, handle: undefined });
  }
  return rules.map(({ key }) => key);
}
