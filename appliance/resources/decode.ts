/**
 * Manifest (unknown JSON) to resource, or everything that is wrong with it at once, by manifest path.
 * First step of every write. Pure; never throws on data. What takes the store to check (references, overlaps) is not here.
 */
import type { Problem, Result } from '../lib/problem.ts';
import type { KindDefinition } from './define.ts';
import { checkMetadata, metadataSchema } from './metadata.ts';
import { isRecord, memberPath, problemOf, type Reading, readBySchema } from './read.ts';
import { kindOf } from './registry.ts';
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
  const resource = readManifest(kind, input as Record<string, unknown>, { strict: true, problems, unknown });
  const hasSchema = problems.length === 0;
  problems.push(...checkMetadata(kind, resource.metadata, operation), ...(unknown ?? []));
  if (hasSchema) {
    kind.applyDefaults?.(resource);
    problems.push(...(kind.check?.(resource, operation) ?? []));
  }
  return problems.length === 0 ? { ok: true, value: resource } : { ok: false, problems };
}

/** Fields of a manifest that its kind does not know; for servers that only warn of them. */
export function unknownFields(input: unknown): Problem[] {
  const found = kindOfManifest(input);
  if (!found.ok) return [];
  const unknown: Problem[] = [];
  readManifest(found.value, input as Record<string, unknown>, { strict: false, problems: [], unknown });
  return unknown;
}

/** The kind a manifest names, or why there is none. */
export function kindOfManifest(input: unknown): Result<KindDefinition> {
  if (!isRecord(input))
    return { ok: false, problems: [problemOf('', 'must be an object with apiVersion, kind and metadata')] };
  const problems: Problem[] = [];
  if (own(input, 'apiVersion') !== apiVersion)
    problems.push(problemOf('apiVersion', `must be ${apiVersion}`, own(input, 'apiVersion')));
  const word = own(input, 'kind');
  const kind = typeof word === 'string' ? kindOf(word) : undefined;
  if (kind === undefined) problems.push(problemOf('kind', word === undefined ? 'is required' : 'unknown kind', word));
  return kind === undefined || problems.length > 0 ? { ok: false, problems } : { ok: true, value: kind };
}

/** The five members of a resource, read by the schemas of its kind. */
export function readManifest(kind: KindDefinition, input: Record<string, unknown>, reading: Reading): Resource {
  const metadata = readBySchema(metadataSchema, own(input, 'metadata') ?? {}, 'metadata', reading);
  const spec = readBySchema(kind.spec, own(input, 'spec') ?? {}, 'spec', reading);
  const resource: Resource = {
    kind: kind.kind,
    apiVersion,
    metadata: withoutServerFields((metadata ?? {}) as Partial<ObjectMeta>),
    spec: (spec ?? {}) as Record<string, unknown>,
  };
  const status = readStatus(kind, own(input, 'status'), reading);
  if (status !== undefined) resource.status = status;
  const known = ['kind', 'apiVersion', 'metadata', 'spec', ...(kind.status === undefined ? [] : ['status'])];
  for (const key of Object.keys(input)) {
    if (!known.includes(key)) reading.unknown?.push(problemOf(memberPath('', key), 'unknown field'));
  }
  return resource;
}

function readStatus(kind: KindDefinition, input: unknown, reading: Reading): Record<string, unknown> | undefined {
  if (kind.status === undefined) return undefined;
  const isAbsent = input === undefined || input === null;
  if (isAbsent && kind.status.emit !== 'always') return undefined;
  return readBySchema(kind.status, isAbsent ? {} : input, 'status', reading) as Record<string, unknown> | undefined;
}

/** The name is always a text from here on; what only servers keep track of is dropped. */
function withoutServerFields(metadata: Partial<ObjectMeta> & Record<string, unknown>): ObjectMeta {
  const { name = '', selfLink: _link, managedFields: _managed, ...rest } = metadata;
  return { name, ...rest };
}

function own(input: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(input, key) ? input[key] : undefined;
}
