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
  const [plural, ...rest] = key.slice(prefix.length).split('/');
  if (plural === undefined || rest.some((part) => part === '')) return undefined;
  if (rest.length === 1) return { plural, namespace: '', name: rest[0]! };
  return rest.length === 2 ? { plural, namespace: rest[0]!, name: rest[1]! } : undefined;
}

/** The four segments of a workload endpoint's name, where a dash inside a segment is doubled; undefined if there are not four. */
export function parseWorkloadEndpointName(name: string): readonly [string, string, string, string] | undefined {
  const segments: string[] = [];
  let segment = '';
  for (let i = 0; i < name.length; i++) {
    const isDash = name[i] === '-' && i > 0;
    const isDouble = isDash && name[i + 1] === '-';
    if (!isDash || isDouble) {
      segment += name[i];
    } else {
      segments.push(segment);
      segment = '';
    }
    if (isDouble) i++;
  }
  segments.push(segment);
  const [host, orchestrator, workload, endpoint, ...more] = segments;
  return host && orchestrator && workload && endpoint && more.length === 0
    ? [host, orchestrator, workload, endpoint]
    : undefined;
}

/** The plural of the kind a stored value says it is; undefined when it says none. */
export function pluralOfValue(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'kind')) return undefined;
  const { kind } = value as { kind: unknown };
  return typeof kind === 'string' ? `${kind.toLowerCase().replace(/y$/, 'ie')}s` : undefined;
}
