/**
 * Creates and changes resources: input -> decoded -> stamped -> effects -> one transaction. I/O.
 * Every write is a comparison and a put; the answer comes after the commit. Tries a bounded number of times.
 */

import { decodeResource } from '../../resources/decode.ts';
import { kindOf } from '../../resources/registry.ts';
import type { Resource } from '../../resources/resource.ts';
import { decodeStored, encodeStored } from '../../resources/stored.ts';
import type { Guards } from '../effects/effect.ts';
import { absent, unchanged } from '../effects/guard.ts';
import { effectOf } from '../effects/registry.ts';
import type { Revision } from '../store.ts';
import { resourceErrors } from './errors.ts';
import { invalid } from './invalid.ts';
import { type Track, trackUpdate, withManagers, writerOf } from './ownership.ts';
import type { Item, Reader } from './reader.ts';
import { detailsOf, keepsStatusApart, keyOf, printRef, type Ref, refOf } from './ref.ts';

export interface WriteOptions {
  /** Unknown fields: refuse (the default) or drop. */
  readonly unknownFields?: 'refuse' | 'drop';
  /** Go through everything but the commit. */
  readonly isDryRun?: boolean;
  /** The program itself writes: read-only kinds and protected objects are open to it. */
  readonly isSystem?: boolean;
  /** Change only the status, or everything but the status (the default for kinds that keep it apart). */
  readonly subresource?: 'status';
  /** Who writes, for the owners of fields. */
  readonly fieldManager?: string;
  /** Who owns what after the write; absent: as for a write that is no apply. */
  readonly track?: Track;
  /**
   * Refuses by throwing: asked before anything is told of what is there (`current` alone), and before `next` is committed over it.
   */
  readonly admit?: (next: Resource | undefined, current: Resource | undefined) => void;
  /** Told what was committed. */
  readonly onCommit?: (commit: Commit) => void;
}

/** A write that has happened: the revision the resource had (absent for a new one), and the one it has (absent when it is gone). */
export interface Commit {
  readonly ref: Ref;
  readonly before?: Revision;
  readonly after?: Revision;
}

/** The clock and the source of identity, passed in so that tests know what to expect. */
export interface Stamps {
  readonly now: () => Date;
  readonly uuid: () => string;
}

/** The change wanted of a resource as it is now; unknown, since it comes from users. */
export type Change = (current: Resource) => unknown;

/** RESOURCE_EXISTS, RESOURCE_INVALID, RESOURCE_READ_ONLY, RESOURCE_PROTECTED, and what effects refuse with. */
export async function createResource(
  reader: Reader,
  stamps: Stamps,
  input: unknown,
  options: WriteOptions,
): Promise<Resource> {
  const made = decode(input, 'create', options);
  const ref = refOf(kindOf(made.kind)!, made);
  refuse(ref, 'create', options);
  options.admit?.(made, undefined);
  stamp(made, stamps);
  const next = withManagers(made, undefined, options.track?.(made, made, undefined));
  const exists = () => resourceErrors.fail('RESOURCE_EXISTS', printRef(ref), { details: detailsOf(ref) });
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    if ((await reader.entry(ref)) !== undefined) throw exists();
    const guards = (await effectOf(next.kind).beforeCreate?.(next, ref, reader)) ?? [];
    const written = await put(reader, ref, next, [absent(keyOf(ref)), ...guards], options);
    if (written !== undefined) return written;
  }
  throw conflict(ref, 'too many writers at once');
}

/**
 * Reads, changes and writes back; again when somebody else was faster, unless the change names a resourceVersion.
 * RESOURCE_NOT_FOUND, RESOURCE_CONFLICT, RESOURCE_INVALID, RESOURCE_READ_ONLY, RESOURCE_PROTECTED, and what effects refuse with.
 */
export async function changeResource(
  reader: Reader,
  ref: Ref,
  stamps: Stamps,
  change: Change,
  options: WriteOptions,
): Promise<Resource> {
  refuse(ref, 'update', options);
  const track =
    options.track ?? trackUpdate(ref, writerOf(ref, options.fieldManager, options.subresource, stamps.now()));
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const current = await reader.item(ref);
    options.admit?.(undefined, current.resource);
    const changed = change(structuredClone(current.resource));
    const decoded = decodeChange(ref, current.resource, changed, options);
    const managers = track(decoded, current.resource, managedFieldsOf(changed));
    const next = withManagers(decoded, current.resource, managers);
    options.admit?.(next, current.resource);
    const text = encodeStored(next);
    if (text === current.entry.value.toString()) return current.resource;
    const guards = (await effectOf(ref.kind.kind).beforeUpdate?.(next, current.resource, ref, reader)) ?? [];
    const written = await put(reader, ref, next, [unchanged(current.entry), ...guards], options, current);
    if (written !== undefined) return written;
  }
  throw conflict(ref, 'too many writers at once');
}

/** Conflicts in a row before a write gives up. */
export const attemptsMax = 5;

/** RESOURCE_CONFLICT about `ref`. */
export function conflict(ref: Ref, why: string, causes: readonly Cause[] = []) {
  const details = { ...detailsOf(ref), ...(causes.length > 0 && { causes }) };
  return resourceErrors.fail('RESOURCE_CONFLICT', `${printRef(ref)}: ${why}`, { details });
}

/** One reason of a conflict, for programs. */
export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

function conflictCause(field: string, message: string): Cause {
  return { reason: 'FieldValueConflict', message, field };
}

/** Refuses what users may not write. */
export function refuse(ref: Ref, operation: 'create' | 'update' | 'delete', options: WriteOptions): void {
  if (options.isSystem === true) return;
  if (ref.kind.isReadOnly === true)
    throw resourceErrors.fail('RESOURCE_READ_ONLY', printRef(ref), { details: detailsOf(ref) });
  const why = effectOf(ref.kind.kind).refusal?.(operation, ref.name);
  if (why === undefined) return;
  throw resourceErrors.fail('RESOURCE_PROTECTED', `${operation} of ${printRef(ref)}: ${why}`, {
    details: detailsOf(ref),
  });
}

function decode(input: unknown, operation: 'create' | 'update', options: WriteOptions): Resource {
  const raw = isObject(input) ? input : {};
  const complete = effectOf(String(raw.kind)).complete;
  const result = decodeResource(complete && isObject(input) ? complete(input) : input, operation, {
    unknownFields: options.unknownFields ?? 'refuse',
  });
  if (result.ok) return result.value;
  throw invalid(claimedRef(raw), result.problems);
}

/** What a refused input says it is, for the message. */
function claimedRef(raw: Readonly<Record<string, unknown>>): Ref {
  const metadata = isObject(raw.metadata) ? raw.metadata : {};
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const kind = kindOf(text(raw.kind)) ?? ({ kind: text(raw.kind) } as Ref['kind']);
  return { kind, namespace: text(metadata.namespace), name: text(metadata.name) };
}

function stamp(next: Resource, stamps: Stamps): void {
  next.metadata.uid ??= stamps.uuid();
  next.metadata.creationTimestamp ??= `${stamps.now().toISOString().slice(0, 19)}Z`;
  if (keepsStatusApart(kindOf(next.kind)!)) delete next.status;
}

/** Decodes a changed resource, having put back what a writer cannot change. */
function decodeChange(ref: Ref, current: Resource, changed: unknown, options: WriteOptions): Resource {
  const raw = isObject(changed) ? changed : {};
  const metadata = isObject(raw.metadata) ? raw.metadata : {};
  refuseOtherIdentity(ref, raw, metadata);
  const { resourceVersion, uid } = metadata;
  const was = current.metadata;
  if (isGiven(resourceVersion) && resourceVersion !== was.resourceVersion)
    throw conflict(ref, `resourceVersion is ${was.resourceVersion}, not ${String(resourceVersion)}`, [
      conflictCause('metadata.resourceVersion', `is ${was.resourceVersion}`),
    ]);
  if (isGiven(uid) && uid !== was.uid)
    throw conflict(ref, `uid is ${was.uid}, not ${String(uid)}`, [conflictCause('metadata.uid', `is ${was.uid}`)]);
  const kept = { uid: was.uid, creationTimestamp: was.creationTimestamp, resourceVersion: was.resourceVersion };
  return withStatus(ref, current, decode({ ...raw, metadata: { ...metadata, ...kept } }, 'update', options), options);
}

/** Keeps status and the rest apart for kinds with a status of their own. */
function withStatus(ref: Ref, current: Resource, next: Resource, options: WriteOptions): Resource {
  if (!keepsStatusApart(ref.kind)) return next;
  const [base, source] = options.subresource === 'status' ? [current, next] : [next, current];
  const { status: _, ...rest } = base;
  return source.status === undefined ? rest : { ...rest, status: source.status };
}

function managedFieldsOf(changed: unknown): unknown {
  const metadata = isObject(changed) ? changed.metadata : undefined;
  return isObject(metadata) ? metadata.managedFields : undefined;
}

function refuseOtherIdentity(ref: Ref, raw: Record<string, unknown>, metadata: Record<string, unknown>): void {
  const problems = [
    { path: 'kind', value: raw.kind, wanted: ref.kind.kind },
    { path: 'metadata.name', value: metadata.name, wanted: ref.name },
    { path: 'metadata.namespace', value: metadata.namespace ?? '', wanted: ref.namespace },
  ].filter(({ value, wanted }) => value !== wanted);
  if (problems.length === 0) return;
  throw invalid(
    ref,
    problems.map(({ path, value, wanted }) => ({ path, message: `must be "${wanted}"`, value })),
  );
}

/** Commits, and gives the resource as the next reader will see it; undefined when a condition failed. */
async function put(
  reader: Reader,
  ref: Ref,
  next: Resource,
  compare: Guards,
  options: WriteOptions,
  current?: Item,
): Promise<Resource | undefined> {
  const key = keyOf(ref);
  const text = encodeStored(next);
  if (options.isDryRun === true) return stored(ref, text, current?.entry.modRevision ?? 0);
  const success = [{ type: 'put' as const, key, value: Buffer.from(text) }];
  const txn = await reader.store.txn({ compare, success, failure: [] });
  if (!txn.succeeded) return undefined;
  options.onCommit?.({ ref, ...(current && { before: current.entry.modRevision }), after: txn.revision });
  return stored(ref, text, txn.revision);
}

function stored(ref: Ref, text: string, revision: Revision): Resource {
  const result = decodeStored(keyOf(ref).toString(), text, revision);
  if (!result.ok) throw invalid(ref, result.problems);
  return result.value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== '';
}
