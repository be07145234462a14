/**
 * What a write means for the owners of fields: server-side apply, and every other write to a resource somebody has applied to.
 * Pure. Source: Kubernetes API concepts, "Server-Side Apply"; rules of structured merge and diff.
 */
import type { KindDefinition } from '../define.ts';
import type { Resource } from '../resource.ts';
import type { FieldSet } from './fields-v1.ts';
import { allowedByLastApplied, withLastApplied } from './last-applied.ts';
import { compareLeaves, leavesOf } from './leaves.ts';
import { capManagers, idOf, type Manager, type Managers } from './managers.ts';
import { merge, normalise, prune } from './merge.ts';
import { ownedSchema, type Part } from './owned-schema.ts';
import { fieldElement, joinPath, type Path } from './path.ts';

/** Who writes, and when. */
export type Writer = Omit<Manager, 'fields' | 'operation'>;

/** An apply as it was asked for. */
export interface ApplyRequest {
  readonly kind: KindDefinition;
  readonly part: Part;
  /** As it is; of a resource to be made what identifies it. */
  readonly live: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
  /** Undefined for a resource nobody has applied to. */
  readonly managers: Managers | undefined;
  readonly writer: Writer;
  readonly isForced: boolean;
}

/** A field of somebody else that was to become another. */
export interface FieldConflict {
  readonly manager: Manager;
  readonly path: Path;
}

/** What is to be written, not decoded yet; or who is in the way. */
export type ApplyPlan =
  | { readonly type: 'write'; readonly resource: Record<string, unknown>; readonly managers: Managers }
  | { readonly type: 'conflict'; readonly conflicts: readonly FieldConflict[] };

/** Lays the configuration over the resource, takes out what the writer applied before and does no more, and says who owns what then. */
export function planApply(request: ApplyRequest): ApplyPlan {
  const plan = planOnce(request);
  if (plan.type === 'write' || request.writer.name !== 'kubectl') return plan;
  // what kubectl applied from its own side is kubectl's to apply again
  const allowed = allowedByLastApplied(ownedSchema(request.kind, request.part), request.live);
  const conflicts = plan.conflicts.filter(({ path }) => !allowed.has(path));
  return conflicts.length > 0 ? { type: 'conflict', conflicts } : planOnce({ ...request, isForced: true });
}

/** Who owns what after a write that did not apply. `managers` as they were before it, or as the writer wants them. */
export function planUpdate(
  kind: KindDefinition,
  before: Resource,
  after: Resource,
  managers: Managers,
  writer: Writer,
): Managers {
  const schema = ownedSchema(kind, 'all');
  const { changed, removed } = compareLeaves(leavesOf(schema, before), leavesOf(schema, after));
  const own: Manager = { ...writer, operation: 'Update', fields: new Set() };
  const id = idOf(own);
  const others = without(managers, id, changed.union(removed));
  if (changed.size === 0 && removed.size === 0) return managers;
  const fields = (managers.get(id)?.fields ?? new Set<Path>()).difference(removed).union(changed);
  return capManagers(new Map([...others, [id, { ...own, fields }]]));
}

/** The owner of what was there before anybody applied. */
export const beforeFirstApply = 'before-first-apply';

function planOnce({ kind, part, live, config, managers, writer, isForced }: ApplyRequest): ApplyPlan {
  const schema = ownedSchema(kind, part);
  const before = leavesOf(schema, live);
  const own = { ...writer, operation: 'Apply' as const };
  const id = idOf(own);
  const known = managers ?? firstManagers(new Set(before.keys()), writer);
  const wanted = normalise(schema, config);
  const fields: FieldSet = new Set(leavesOf(schema, wanted).keys());
  const kept = unionOf([...known.values()].filter((manager) => idOf(manager) !== id)).union(fields);
  const merged = merge(schema, live, wanted);
  const pruned = prune(schema, merged, known.get(id)?.fields ?? new Set(), kept) as Record<string, unknown>;
  const { changed, removed } = compareLeaves(before, leavesOf(schema, pruned));
  const conflicts = [...known.values()]
    .filter((manager) => idOf(manager) !== id)
    .flatMap((manager) => [...manager.fields.intersection(changed)].map((path) => ({ manager, path })));
  if (conflicts.length > 0 && !isForced) return { type: 'conflict', conflicts };
  const others = without(known, id, changed.union(removed));
  const resource = withoutInferred(kind, pruned, kept);
  return {
    type: 'write',
    resource: writer.name === 'kubectl' ? withLastApplied(resource, config) : resource,
    managers: new Map([...others, [id, { ...own, fields }]]),
  };
}

function firstManagers(fields: FieldSet, { apiVersion, time }: Writer): Managers {
  if (fields.size === 0) return new Map();
  const first: Manager = { name: beforeFirstApply, operation: 'Update', apiVersion, subresource: '', time, fields };
  return new Map([[idOf(first), first]]);
}

/** The others, who give up what has become another or is gone. */
function without(managers: Managers, id: string, lost: FieldSet): Managers {
  const others = [...managers].filter(([other]) => other !== id);
  return new Map(others.map(([other, manager]) => [other, { ...manager, fields: manager.fields.difference(lost) }]));
}

function unionOf(managers: readonly Manager[]): Set<Path> {
  const all = new Set<Path>();
  for (const { fields } of managers) for (const path of fields) all.add(path);
  return all;
}

/** What the kind inferred from other fields and nobody says goes, and is inferred anew: it may be about fields that have changed. */
function withoutInferred(
  kind: KindDefinition,
  resource: Record<string, unknown>,
  owned: FieldSet,
): Record<string, unknown> {
  const inferred = (kind.inferred ?? []).map((name) => joinPath(joinPath('f:spec', fieldElement(name)), ''));
  if (inferred.length === 0) return resource;
  const schema = ownedSchema(kind, 'main');
  const stale = [...leavesOf(schema, resource).keys()].filter(
    (path) => inferred.some((inside) => path.startsWith(inside)) && !owned.has(path),
  );
  return prune(schema, resource, new Set(stale), owned) as Record<string, unknown>;
}
