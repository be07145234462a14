/** Store keys of resources, and the parts of workload endpoint names. Pure. Source: Calico's etcd v3 layout. */

const prefix = '/calico/resources/v3/projectcalico.org/';

/** `namespace` is empty for global kinds. */
export interface ResourceKey {
  readonly plural: string;
  readonly namespace: string;
  readonly name: string;
}

/** The parts of a key; undefined when it is none of a resource. */
export function parseResourceKey(key: string): ResourceKey | undefined {
  if (!key.startsWith(prefix)) return undefined;
  const first = key.indexOf('/', prefix.length);
  if (first < 0) return undefined;
  const second = key.indexOf('/', first + 1);
  const namespace = second < 0 ? '' : key.slice(first + 1, second);
  const name = key.slice((second < 0 ? first : second) + 1);
  if (name === '' || (second >= 0 && (namespace === '' || name.includes('/')))) return undefined;
  return { plural: key.slice(prefix.length, first), namespace, name };
}

/** The four segments of a workload endpoint's name, where a dash inside a segment is doubled; undefined if there are not four. */
export function parseWorkloadEndpointName(name: string): readonly [string, string, string, string] | undefined {
  const segments: string[] = [];
  let start = 0;
  // One at the very beginning belongs to the segment.
  for (let dash = name.indexOf('-', 1); dash >= 0; ) {
    const isDouble = name[dash + 1] === '-';
    if (!isDouble) {
      segments.push(name.slice(start, dash));
      start = dash + 1;
    }
    dash = name.indexOf('-', dash + (isDouble ? 2 : 1));
  }
  segments.push(name.slice(start));
  const [host, orchestrator, workload, endpoint, ...more] = segments.map((segment) => segment.replaceAll('--', '-'));
  return host && orchestrator && workload && endpoint && more.length === 0
    ? [host, orchestrator, workload, endpoint]
    : undefined;
}

/** The plural of the kind a stored value says it is; undefined when it says none. */
export function pluralOfValue(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'kind')) return undefined;
  const { kind } = value as { kind: unknown };
  return typeof kind === 'string' ? pluralOf(kind.toLowerCase()) : undefined;
}

function pluralOf(singular: string): string {
  return singular.endsWith('y') ? `${singular.slice(0, -1)}ies` : `${singular}s`;
}
