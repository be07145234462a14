/** The least writes from the host endpoints that are stored to those that are wanted; what a person made is left alone. Pure. */
import type { Resource } from '../resources/resource.ts';
import { createdByLabel, createdByValue, type Wanted, type WantedEndpoint } from './automatic.ts';

export type HostEndpointWrite =
  | { readonly type: 'create' | 'update'; readonly name: string; readonly wanted: WantedEndpoint }
  | { readonly type: 'delete'; readonly name: string; readonly resourceVersion: string };

export interface HostEndpointPlan {
  readonly writes: readonly HostEndpointWrite[];
  readonly problems: readonly string[];
}

/** `stored`: all host endpoints of this host, by name. */
export function planWrites(wanted: Wanted, stored: ReadonlyMap<string, Resource>): HostEndpointPlan {
  const problems = [...wanted.problems];
  const writes: HostEndpointWrite[] = [];
  for (const endpoint of wanted.endpoints) {
    const { name } = endpoint;
    const found = stored.get(name);
    if (found === undefined) writes.push({ type: 'create', name, wanted: endpoint });
    else if (!isAutomatic(found)) problems.push(`HostEndpoint ${name} was made by somebody else, and stays as it is`);
    else if (!isAsWanted(found, endpoint)) writes.push({ type: 'update', name, wanted: endpoint });
  }
  if (wanted.problems.length > 0) return { writes, problems };
  const names = new Set(wanted.endpoints.map(({ name }) => name));
  for (const [name, found] of stored) {
    const { resourceVersion = '' } = found.metadata;
    if (isAutomatic(found) && !names.has(name)) writes.push({ type: 'delete', name, resourceVersion });
  }
  return { writes, problems };
}

export function isAutomatic({ metadata }: Resource): boolean {
  return metadata.labels?.[createdByLabel] === createdByValue;
}

/** What Calico's controller compares. Annotations that others added stay. */
export function isAsWanted({ metadata, spec }: Resource, wanted: WantedEndpoint): boolean {
  return (
    isSameRecord(metadata.labels ?? {}, wanted.labels) &&
    isSameRecord({ ...metadata.annotations, ...wanted.annotations }, metadata.annotations ?? {}) &&
    JSON.stringify(spec.expectedIPs ?? []) === JSON.stringify(wanted.spec.expectedIPs ?? []) &&
    (spec.interfaceName ?? '') === (wanted.spec.interfaceName ?? '')
  );
}

function isSameRecord(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
