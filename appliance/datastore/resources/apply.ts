/** Server-side apply: the plan of `resources/apply` against what is stored, committed like every other write. I/O. */
import { hasCode } from '../../lib/errors.ts';
import { type Managers, parseManagers, printManager } from '../../resources/apply/managers.ts';
import type { Part } from '../../resources/apply/owned-schema.ts';
import { printPath } from '../../resources/apply/path.ts';
import { type FieldConflict, planApply } from '../../resources/apply/plan.ts';
import { apiVersionOf } from '../../resources/define.ts';
import type { Resource } from '../../resources/resource.ts';
import { resourceErrors } from './errors.ts';
import { writerOf } from './ownership.ts';
import type { Reader } from './reader.ts';
import { detailsOf, keepsStatusApart, printRef, type Ref } from './ref.ts';
import {
  attemptsMax,
  type Cause,
  changeResource,
  conflict,
  createResource,
  type Stamps,
  type WriteOptions,
} from './write.ts';

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Take over the fields of others. */
  readonly isForced?: boolean;
  /** Asked before a resource is made; throws when the writer may not. */
  readonly beforeMaking?: () => void | Promise<void>;
}

export interface Applied {
  readonly resource: Resource;
  readonly isMade: boolean;
}

/** RESOURCE_FIELD_CONFLICT with the owners in `details.causes`, RESOURCE_NOT_FOUND for the status of nothing, and whatever writes are refused with. */
export async function applyResource(
  reader: Reader,
  stamps: Stamps,
  ref: Ref,
  config: Readonly<Record<string, unknown>>,
  options: ApplyOptions,
): Promise<Applied> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const isThere = (await reader.entry(ref)) !== undefined;
    try {
      if (isThere) return { resource: await applyTo(reader, stamps, ref, config, options), isMade: false };
      return { resource: await make(reader, stamps, ref, config, options), isMade: true };
    } catch (error) {
      // made or deleted by somebody else in between
      const isOvertaken = hasCode(error, isThere ? 'RESOURCE_NOT_FOUND' : 'RESOURCE_EXISTS');
      if (!isOvertaken || !isAbout(error, ref)) throw error;
    }
  }
  throw conflict(ref, 'too many writers at once');
}

function applyTo(
  reader: Reader,
  stamps: Stamps,
  ref: Ref,
  config: Readonly<Record<string, unknown>>,
  options: ApplyOptions,
): Promise<Resource> {
  let managers: Managers | undefined;
  const change = (current: Resource) => {
    const known = parseManagers(current.metadata.managedFields);
    const plan = planned(ref, stamps, { ...current }, config, known, options);
    managers = plan.managers;
    return withPreconditions(plan.resource, config);
  };
  return changeResource(reader, ref, stamps, change, { ...options, track: () => managers });
}

async function make(
  reader: Reader,
  stamps: Stamps,
  ref: Ref,
  config: Readonly<Record<string, unknown>>,
  options: ApplyOptions,
): Promise<Resource> {
  const { uid, resourceVersion } = (config.metadata ?? {}) as Record<string, unknown>;
  if (options.subresource !== undefined)
    throw resourceErrors.fail('RESOURCE_NOT_FOUND', printRef(ref), { details: detailsOf(ref) });
  if (isGiven(uid) || isGiven(resourceVersion))
    throw conflict(ref, 'uid or resourceVersion is given, but the resource does not exist');
  await options.beforeMaking?.();
  const namespace = ref.namespace === '' ? {} : { namespace: ref.namespace };
  const live = { kind: ref.kind.kind, apiVersion: apiVersionOf(ref.kind), metadata: { name: ref.name, ...namespace } };
  const { resource, managers } = planned(ref, stamps, live, config, undefined, options);
  return createResource(reader, stamps, resource, { ...options, track: () => managers });
}

function planned(
  ref: Ref,
  stamps: Stamps,
  live: Readonly<Record<string, unknown>>,
  config: Readonly<Record<string, unknown>>,
  managers: Managers | undefined,
  options: ApplyOptions,
) {
  const writer = writerOf(ref, options.fieldManager, options.subresource, stamps.now());
  const part: Part = options.subresource ?? (keepsStatusApart(ref.kind) ? 'main' : 'all');
  const plan = planApply({ kind: ref.kind, part, live, config, managers, writer, isForced: options.isForced === true });
  if (plan.type === 'write') return plan;
  throw conflictOf(ref, plan.conflicts);
}

/** A version or identity in the configuration is one the writer insists on. */
function withPreconditions(resource: Record<string, unknown>, config: Readonly<Record<string, unknown>>) {
  const { uid, resourceVersion } = (config.metadata ?? {}) as Record<string, unknown>;
  const given = { ...(isGiven(uid) && { uid }), ...(isGiven(resourceVersion) && { resourceVersion }) };
  return { ...resource, metadata: { ...(resource.metadata as object), ...given } };
}

function conflictOf(ref: Ref, conflicts: readonly FieldConflict[]) {
  const causes: Cause[] = conflicts.map(({ manager, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${printManager(manager)}`,
    field: printPath(path),
  }));
  const details = { ...detailsOf(ref), causes, summary: printConflicts(causes) };
  return resourceErrors.fail('RESOURCE_FIELD_CONFLICT', printRef(ref), { details });
}

function printConflicts(causes: readonly Cause[]): string {
  const [first] = causes;
  if (causes.length === 1) return `Apply failed with 1 conflict: ${first!.message}: ${first!.field}`;
  const byManager = Object.entries(Object.groupBy(causes, ({ message }) => message));
  const lines = byManager.flatMap(([message, of = []]) => [
    `${message.replace('conflict', 'conflicts')}:`,
    ...of.map(({ field }) => `- ${field}`),
  ]);
  return `Apply failed with ${causes.length} conflicts: ${lines.join('\n')}`;
}

function isAbout(error: unknown, ref: Ref): boolean {
  const { details } = error as { details?: { kind?: unknown; name?: unknown } };
  return details?.kind === ref.kind.kind && details.name === ref.name;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}
