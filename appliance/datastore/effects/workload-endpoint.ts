/** Workload endpoints: the name follows from the spec, so a writer may leave it out. */
import { workloadEndpointName } from '../../resources/workload-endpoint-name.ts';
import type { Effect } from './effect.ts';

export const workloadEndpoint: Effect = { complete: nameFromSpec };

function nameFromSpec(input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const metadata = isObject(input.metadata) ? input.metadata : {};
  if (!isObject(input.spec) || (metadata.name !== undefined && metadata.name !== '')) return { ...input };
  const identifiers = Object.entries(input.spec).filter(([, value]) => typeof value === 'string');
  const result = workloadEndpointName(Object.fromEntries(identifiers));
  return result.ok ? { ...input, metadata: { ...metadata, name: result.name } } : { ...input };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
