/**
 * Resource to the bytes of the store and back, as Calico's Go client writes and reads them.
 * Last step of a write, first of every read. Pure. Source: Go's encoder, the naming of tiered policies in Calico's store client.
 */
import type { Problem, Result } from '../lib/problem.ts';
import { readManifest } from './decode.ts';
import { type KindDefinition, membersOf } from './define.ts';
import { tierLabel } from './fields/policy.ts';
import { writeBySchema, writeFree, writeString } from './go-json.ts';
import { parseStoreKey, type ResourceIdentity } from './key.ts';
import { metadataSchema } from './metadata.ts';
import { isRecord, problemOf } from './read.ts';
import { kindOf } from './registry.ts';
import type { ObjectMeta, Resource } from './resource.ts';

/** Annotation that keeps a tiered policy's own name, whatever its key is. */
const nameAnnotation = 'projectcalico.org/metadata';

/** The line to store. `resource` must have come from `decodeResource` or `decodeStored`. */
export function encodeStored(resource: Resource): string {
  const kind = kindOf(resource.kind)!;
  const parts = [
    `"kind":${writeString(kind.kind)}`,
    `"apiVersion":${writeString(resource.apiVersion)}`,
    `"metadata":${writeBySchema(metadataSchema, storedMetadata(kind, resource))}`,
  ];
  if (kind.members !== undefined) return `{${[...parts, ...writeMembers(kind, resource)].join(',')}}`;
  parts.push(`"spec":${writeBySchema(kind.spec, resource.spec)}`);
  if (kind.status !== undefined && (kind.status.emit === 'always' || resource.status !== undefined)) {
    parts.push(`"status":${writeBySchema(kind.status, resource.status ?? {})}`);
  }
  return `{${parts.join(',')}}`;
}

function writeMembers(kind: KindDefinition, resource: Resource): string[] {
  const values = resource as unknown as Readonly<Record<string, unknown>>;
  return Object.entries(membersOf(kind)).flatMap(([key, schema]) =>
    values[key] === undefined || values[key] === null
      ? []
      : [`${writeString(key)}:${writeBySchema(schema, values[key])}`],
  );
}

/** Reads what any version of Calico stored. Only what cannot be understood at all is a problem. */
export function decodeStored(key: string, value: string | Uint8Array, modRevision: number): Result<Resource> {
  const identity = parseStoreKey(key);
  if (identity === undefined) return failed(problemOf('', 'not the key of a known resource', key));
  const parsed = parseJson(typeof value === 'string' ? value : Buffer.from(value).toString('utf8'));
  if (!isRecord(parsed)) return failed(problemOf('', 'stored value is not a JSON object'));
  const problems: Problem[] = [];
  const complete = { ...parsed, metadata: withIdentity(parsed.metadata ?? {}, identity, modRevision) };
  const read = readManifest(identity.kind, complete, { strict: false, problems });
  if (problems.length > 0) return { ok: false, problems };
  const resource = read as Resource;
  if (isTiered(identity.kind)) restoreName(resource);
  identity.kind.applyReadDefaults?.(resource);
  return { ok: true, value: resource };
}

/** True for the four kinds that live in tiers. */
export function isTiered(kind: KindDefinition): boolean {
  return 'tier' in kind.spec.properties;
}

function storedMetadata(kind: KindDefinition, resource: Resource): ObjectMeta {
  const { resourceVersion: _revision, generation: _generation, ...metadata } = resource.metadata;
  if (!isTiered(kind)) return metadata;
  return {
    ...metadata,
    labels: { ...metadata.labels, [tierLabel]: String(resource.spec.tier ?? 'default') },
    annotations: { ...metadata.annotations, [nameAnnotation]: writeFree({ name: metadata.name }) },
  };
}

/** What the key and the store say, before reading, which puts it at its place among the members. */
function withIdentity(metadata: unknown, { name, namespace }: ResourceIdentity, modRevision: number): unknown {
  if (!isRecord(metadata)) return metadata;
  return {
    ...metadata,
    name: metadata.name || name,
    ...(namespace === undefined ? {} : { namespace }),
    resourceVersion: String(modRevision),
  };
}

/** Undoes the naming of stored policies: the annotation if there is one, else the prefix older versions put before names. */
function restoreName(resource: Resource): void {
  const metadata = resource.metadata;
  const annotation = metadata.annotations?.[nameAnnotation];
  if (annotation !== undefined) {
    const named = parseJson(annotation);
    if (isRecord(named) && typeof named.name === 'string' && named.name !== '') metadata.name = named.name;
    const { [nameAnnotation]: _, ...others } = metadata.annotations!;
    if (Object.keys(others).length === 0) delete metadata.annotations;
    else metadata.annotations = others;
  } else if ((resource.spec.tier ?? 'default') === 'default' && metadata.name.startsWith('default.')) {
    metadata.name = metadata.name.slice('default.'.length);
  }
}

function parseJson(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    // Not JSON: the caller reports it as a problem of the value.
    return undefined;
  }
}

function failed(problem: Problem): { readonly ok: false; readonly problems: readonly Problem[] } {
  return { ok: false, problems: [problem] };
}
