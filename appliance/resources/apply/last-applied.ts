/**
 * The annotation in which `kubectl apply` without server-side apply keeps what it applied: it eases the way over to server-side apply,
 * and stays true beside it. Pure. Source: Kubernetes documentation, "Migrate from client-side to server-side apply".
 */
import type { ObjectSchema } from '../../lib/schema.ts';
import { isRecord } from '../read.ts';
import type { FieldSet } from './fields-v1.ts';
import { compareLeaves, leavesOf } from './leaves.ts';
import { normalise } from './merge.ts';
import type { Path } from './path.ts';

const annotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** The fields that are still as kubectl applied them last. */
export function allowedByLastApplied(schema: ObjectSchema, live: Readonly<Record<string, unknown>>): FieldSet {
  const applied = parseRecord(annotationsOf(live)?.[annotation]);
  if (applied === undefined) return new Set<Path>();
  const leaves = leavesOf(schema, normalise(schema, applied));
  const present = leavesOf(schema, live);
  const { changed } = compareLeaves(present, leaves);
  return new Set(leaves.keys()).difference(changed);
}

/** Keeps the annotation equal to what is applied, where there is one. */
export function withLastApplied(
  resource: Record<string, unknown>,
  config: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const annotations = annotationsOf(resource);
  if (annotations?.[annotation] === undefined) return resource;
  const text = `${JSON.stringify(withoutAnnotation(config))}\n`;
  const metadata = { ...(resource.metadata as object), annotations: { ...annotations, [annotation]: text } };
  return { ...resource, metadata };
}

function withoutAnnotation(config: Readonly<Record<string, unknown>>): unknown {
  const annotations = annotationsOf(config);
  if (annotations?.[annotation] === undefined) return config;
  const { [annotation]: _, ...rest } = annotations;
  return { ...config, metadata: { ...(config.metadata as object), annotations: rest } };
}

function annotationsOf(resource: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
  const metadata = resource.metadata;
  return isRecord(metadata) && isRecord(metadata.annotations) ? metadata.annotations : undefined;
}

function parseRecord(text: unknown): Record<string, unknown> | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined; // somebody else's annotation says nothing
  }
}
