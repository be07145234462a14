/** One rule of validation per row: a manifest it accepts, one it refuses, and the path it names. */
import type { TestFn } from 'ava';
import { decodeResource } from '#appliance/resources/decode.ts';
import { kindOf } from '#appliance/resources/registry.ts';

/** What replaces parts of a kind's example. */
export interface Change {
  readonly spec?: Record<string, unknown>;
  readonly metadata?: Record<string, unknown>;
  readonly operation?: 'create' | 'update';
}

/** Rule, a change that is accepted, one that is refused, and where. */
export type Verdict = readonly [rule: string, accepted: Change, refused: Change, path: string];

/** The kind's example with `spec` replaced and `metadata` merged. */
export function manifestOf(kind: string, change: Change): Record<string, unknown> {
  const example = structuredClone(kindOf(kind)!.example);
  return { ...example, metadata: { ...example.metadata, ...change.metadata }, spec: change.spec ?? example.spec };
}

/** Registers a test per row. */
export function testVerdicts(test: TestFn, kind: string, verdicts: readonly Verdict[]): void {
  for (const [rule, accepted, refused, path] of verdicts) {
    test(`${kind}: ${rule}`, (t) => {
      const good = decodeResource(manifestOf(kind, accepted), accepted.operation ?? 'create');
      t.deepEqual(good.ok ? [] : good.problems, []);
      const bad = decodeResource(manifestOf(kind, refused), refused.operation ?? 'create');
      t.true(!bad.ok && bad.problems.some((problem) => problem.path === path), JSON.stringify(bad));
    });
  }
}
