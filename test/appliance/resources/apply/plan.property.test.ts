/** The laws of server-side apply, over every kind: what random managers do to random configurations. */
import test from 'ava';
import fc from 'fast-check';
import { leavesOf } from '#appliance/resources/apply/leaves.ts';
import { type Managers, parseManagers, printManagers } from '#appliance/resources/apply/managers.ts';
import { normalise } from '#appliance/resources/apply/merge.ts';
import { ownedSchema } from '#appliance/resources/apply/owned-schema.ts';
import { type ApplyPlan, planApply, planUpdate } from '#appliance/resources/apply/plan.ts';
import type { KindDefinition } from '#appliance/resources/define.ts';
import { kinds } from '#appliance/resources/registry.ts';
import { apiVersion, type Resource } from '#appliance/resources/resource.ts';
import { specArbitrary, stringsArbitrary } from '../arbitrary-resource.ts';

const runs = { numRuns: 25 };
const writer = (name: string) => ({ name, apiVersion, subresource: '', time: '2026-08-01T09:30:00Z' });

type State = { readonly resource: Record<string, unknown>; readonly managers: Managers };

function empty(kind: KindDefinition): State {
  const namespace = kind.isNamespaced ? { namespace: 'prod' } : {};
  return { resource: { kind: kind.kind, apiVersion, metadata: { name: 'thing', ...namespace } }, managers: new Map() };
}

function configOf(kind: KindDefinition, spec: object, labels: Record<string, string>) {
  const metadata = { ...(empty(kind).resource.metadata as object), labels };
  return { kind: kind.kind, apiVersion, metadata, spec } as Record<string, unknown>;
}

function apply(kind: KindDefinition, state: State, name: string, config: Record<string, unknown>, isForced = false) {
  const { resource: live, managers } = state;
  return planApply({ kind, part: 'all', live, config, managers, writer: writer(name), isForced });
}

function written(plan: ApplyPlan): State {
  if (plan.type === 'conflict')
    throw new Error(`a conflict: ${JSON.stringify(plan.conflicts.map(({ path }) => path))}`);
  return plan;
}

/** What can be compared: the fields with their values, and who has them. */
/** An empty record is there as long as nobody puts something into it. */
function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

function summary(kind: KindDefinition, { resource, managers }: State) {
  const leaves = [...leavesOf(ownedSchema(kind, 'all'), resource)].map(([path, { value }]) => [path, value] as const);
  const owners = [...managers.values()].map(({ name, fields }) => [name, [...fields].sort()] as const);
  return { leaves: Object.fromEntries(leaves), owners: Object.fromEntries(owners) };
}

for (const kind of kinds) {
  const configs = fc
    .tuple(specArbitrary(kind), stringsArbitrary)
    .map(([spec, labels]) => configOf(kind, spec as object, labels));

  test(`planApply() of ${kind.kind} twice changes nothing the second time, and what is applied is owned`, (t) => {
    fc.assert(
      fc.property(configs, (config) => {
        const once = written(apply(kind, empty(kind), 'one', config));
        const twice = written(apply(kind, once, 'one', config));
        t.deepEqual(summary(kind, twice), summary(kind, once));
        const schema = ownedSchema(kind, 'all');
        const applied = new Set(leavesOf(schema, normalise(schema, config)).keys());
        const [own] = [...once.managers.values()];
        t.deepEqual(new Set(own!.fields), applied);
      }),
      runs,
    );
  });

  test(`planApply() of ${kind.kind} replaces what the manager applied before, by force what others have too, and nothing else`, (t) => {
    fc.assert(
      fc.property(configs, configs, configs, (base, first, second) => {
        const start = written(apply(kind, empty(kind), 'base', base));
        const detour = written(apply(kind, written(apply(kind, start, 'one', first, true)), 'one', second, true));
        // the base applies again by force: what it holds is as it says, whatever happened meanwhile
        const again = written(apply(kind, detour, 'base', base, true));
        const schema = ownedSchema(kind, 'all');
        const wanted = leavesOf(schema, normalise(schema, base));
        const have = leavesOf(schema, again.resource);
        for (const [path, { value }] of wanted) if (!isEmpty(value)) t.deepEqual(have.get(path)?.value, value, path);
        // every field there is has an owner: what nobody holds any more is gone
        const owned = new Set([...again.managers.values()].flatMap(({ fields }) => [...fields]));
        for (const [path, { isZero }] of have) t.true(isZero || owned.has(path), path);
        // and who applies nothing takes with it what was its own alone
        const bare = configOf(kind, {}, {});
        delete (bare.metadata as { labels?: unknown }).labels;
        const left = written(apply(kind, again, 'one', bare));
        const full = (leaves: ReturnType<typeof leavesOf>) =>
          [...leaves]
            .filter(([, leaf]) => !isEmpty(leaf.value))
            .map(([path]) => path)
            .sort();
        t.deepEqual(full(leavesOf(schema, left.resource)), full(wanted));
      }),
      runs,
    );
  });

  test(`planUpdate() of ${kind.kind} gives the writer what changed, and nobody keeps what is gone`, (t) => {
    fc.assert(
      fc.property(configs, configs, (before, after) => {
        const start = written(apply(kind, empty(kind), 'one', before));
        const from = start.resource as unknown as Resource;
        const schema = ownedSchema(kind, 'all');
        const to = { ...(normalise(schema, after) as object), kind: kind.kind, apiVersion } as Resource;
        const managers = planUpdate(kind, from, to, start.managers, writer('two'));
        const have = leavesOf(schema, to);
        const had = leavesOf(schema, from);
        const owned = new Set([...managers.values()].flatMap(({ fields }) => [...fields]));
        for (const [path, { value, isZero }] of have) t.true(isZero || isEmpty(value) || owned.has(path), path);
        const isHeld = (path: string) =>
          [...have.keys()].some((other) => other === path || other.startsWith(`${path}\u0000`));
        for (const path of owned) t.true(isHeld(path) || had.get(path)?.isZero === true, path);
        const entries = printManagers(managers);
        t.deepEqual(printManagers(parseManagers(entries) ?? new Map()), entries);
      }),
      runs,
    );
  });
}

const set = kinds.find(({ kind }) => kind === 'GlobalNetworkSet')!;

test('planApply() of two managers with different fields gives the same in both orders', (t) => {
  const nets = fc.uniqueArray(fc.integer({ min: 0, max: 255 }), { maxLength: 5 });
  fc.assert(
    fc.property(nets, nets, stringsArbitrary, stringsArbitrary, (some, more, labels, annotations) => {
      const net = (i: number) => `10.${i}.0.0/16`;
      const a = configOf(set, { nets: some.map(net) }, labels);
      const b = { ...configOf(set, { nets: more.map(net) }, {}), metadata: { name: 'thing', annotations } };
      const ab = written(apply(set, written(apply(set, empty(set), 'a', a)), 'b', b));
      const ba = written(apply(set, written(apply(set, empty(set), 'b', b)), 'a', a));
      t.deepEqual(summary(set, ab), summary(set, ba));
    }),
    runs,
  );
});
