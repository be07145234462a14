/**
 * Manifest (unknown JSON) to resource, or everything that is wrong with it at once, by manifest path.
 * First step of every write. Pure; never throws on data. What takes the store to check (references, overlaps) is not here.
 */
import type { Problem, Result } from '../lib/problem.ts';
import { apiVersionOf, type KindDefinition, membersOf } from './define.ts';
import type { Legible } from './legible.ts';
import { checkMetadata, metadataSchema } from './metadata.ts';
import { isRecord, memberPath, problemOf, type Reading, readBySchema } from './read.ts';
import { apiKinds, kindOf } from './registry.ts';
import { apiVersion, type ObjectMeta, type Resource } from './resource.ts';

/** What becomes of fields the schema does not know. */
export interface DecodeOptions {
  readonly unknownFields?: 'refuse' | 'drop';
}

/** Checks, normalises and completes a manifest. */
export function decodeResource(
  input: unknown,
  operation: 'create' | 'update',
  options: DecodeOptions = {},
): Result<Resource> {
  const found = kindOfManifest(input);
  if (!found.ok) return found;
  const kind = found.value;
  const unknown: Problem[] | undefined = options.unknownFields === 'drop' ? undefined : [];
  const problems: Problem[] = [];
  const read = readManifest(kind, input as Record<string, unknown>, { strict: true, problems, unknown });
  problems.push(...checkRead(kind, read, operation), ...(unknown ?? []));
  if (problems.length > 0) return { ok: false, problems };
  const resource = read as Resource;
  kind.applyDefaults?.(resource);
  return { ok: true, value: resource };
}

/** The checks that look at several fields, over what could be read: metadata always, the rest when `spec` is an object (or there is none). */
function checkRead(kind: KindDefinition, read: ReadManifest, operation: 'create' | 'update'): Problem[] {
  const problems = read.metadata === null ? [] : checkMetadata(kind, read.metadata, operation);
  const spec = kind.members === undefined ? read.spec : (read as unknown as Record<string, unknown>);
  if (spec === null) return problems;
  return [...problems, ...(kind.check?.({ metadata: read.metadata ?? {}, spec }) ?? [])];
}

/** Fields of a manifest that its kind does not know; for servers that only warn of them. */
export function unknownFields(input: unknown): Problem[] {
  const found = kindOfManifest(input);
  if (!found.ok) return [];
  const unknown: Problem[] = [];
  readManifest(found.value, input as Record<string, unknown>, { strict: false, problems: [], unknown });
  return unknown;
}

/** The kind a manifest names, or why there is none. Of a manifest with another apiVersion no more is said: its fields mean other things. */
export function kindOfManifest(input: unknown): Result<KindDefinition> {
  if (!isRecord(input))
    return { ok: false, problems: [problemOf('', 'must be an object with apiVersion, kind and metadata')] };
  const problems: Problem[] = [];
  const word = own(input, 'kind');
  const kind = typeof word === 'string' ? kindOf(word) : undefined;
  const given = own(input, 'apiVersion');
  const wanted = kind === undefined ? apiVersion : apiVersionOf(kind);
  const isServed = kind === undefined ? apiVersions.has(given) : given === wanted;
  if (!isServed) problems.push(problemOf('apiVersion', `must be ${wanted}`, given));
  if (kind === undefined) problems.push(problemOf('kind', word === undefined ? 'is required' : 'unknown kind', word));
  return kind === undefined || problems.length > 0 ? { ok: false, problems } : { ok: true, value: kind };
}

const apiVersions: ReadonlySet<unknown> = new Set(apiKinds.map(apiVersionOf));

/** A resource as far as it could be read; without problems it is a `Resource`. */
export interface ReadManifest {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: Legible<ObjectMeta> | null;
  readonly spec: Record<string, unknown> | null;
  status?: Record<string, unknown>;
}

/** The members of a resource, read by the schemas of its kind. */
export function readManifest(kind: KindDefinition, input: Record<string, unknown>, reading: Reading): ReadManifest {
  const metadata = readBySchema(metadataSchema, metadataOf(input, reading), 'metadata', reading);
  const resource = {
    kind: kind.kind,
    apiVersion: apiVersionOf(kind),
    metadata: isRecord(metadata) ? withoutServerFields(metadata) : null,
    ...(kind.members === undefined ? readSpecAndStatus(kind, input, reading) : readMembers(kind, input, reading)),
  };
  const known = ['kind', 'apiVersion', 'metadata', ...Object.keys(membersOf(kind))];
  for (const key of Object.keys(input)) {
    if (!known.includes(key)) reading.unknown?.push(problemOf(memberPath('', key), 'unknown field'));
  }
  return resource as ReadManifest;
}

function readSpecAndStatus(kind: KindDefinition, input: Record<string, unknown>, reading: Reading) {
  const spec = readBySchema(kind.spec, own(input, 'spec') ?? {}, 'spec', reading);
  const status = readStatus(kind, own(input, 'status'), reading);
  return { spec: isRecord(spec) ? spec : null, ...(isRecord(status) && { status }) };
}

/** What was given, each by its schema; what is absent stays so. */
function readMembers(kind: KindDefinition, input: Record<string, unknown>, reading: Reading): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(membersOf(kind))) {
    const given = own(input, key);
    if (given === undefined || given === null) continue;
    members[key] = readBySchema(schema, given, key, reading);
  }
  return members;
}

function readStatus(kind: KindDefinition, input: unknown, reading: Reading): unknown {
  if (kind.status === undefined) return undefined;
  const isAbsent = input === undefined || input === null;
  if (isAbsent && kind.status.emit !== 'always') return undefined;
  return readBySchema(kind.status, isAbsent ? {} : input, 'status', reading);
}

/** Who owns what is read from the store only: what manifests say of it is for who writes them down (`apply/`). */
function metadataOf(input: Record<string, unknown>, { strict, unknown }: Reading): unknown {
  const metadata = own(input, 'metadata') ?? {};
  if (!isRecord(metadata) || !(strict || unknown !== undefined)) return metadata;
  const { managedFields: _managed, ...rest } = metadata;
  return rest;
}

/** A name that was not given is the empty text from here on; what only servers keep track of is dropped. */
function withoutServerFields(metadata: Legible<ObjectMeta> & Record<string, unknown>): Legible<ObjectMeta> {
  const { name = '', selfLink: _link, ...rest } = metadata;
  return { name, ...rest };
}

function own(input: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(input, key) ? input[key] : undefined;
}
