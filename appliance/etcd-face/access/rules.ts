/**
 * What the certificate of a node is good for, as data. `{node}` stands for its name, `*` for one segment of any name, `**` at the end
 * for everything below. Pure. Source: the data model's keys (resources, IPAM, what Felix writes).
 */
import type { OwnershipName } from './ownership.ts';

export interface WriteRule {
  readonly pattern: string;
  /** What key and contents must say besides; such keys are written one by one, never as a range. */
  readonly when?: OwnershipName;
}

const resources = '/calico/resources/v3/projectcalico.org/';
const ipam = '/calico/ipam/v2/';

/** Felix, the BGP speaker, the CNI plugin and the address allocator read these; no secret is kept among them. */
export const nodeReads: readonly string[] = [
  `${resources}**`,
  `${ipam}**`,
  '/calico/felix/v1/host/{node}/**',
  '/calico/felix/v2/*/host/{node}/**',
  '/calico/appliance/v1/host/{node}/**',
  // nobody's keys: clients read them to learn the store's revision
  '/calico/',
  '\0',
];

/** Its status, its Node and its configuration, its endpoints, its addresses. */
export const nodeWrites: readonly WriteRule[] = [
  { pattern: '/calico/felix/v1/host/{node}/**' },
  { pattern: '/calico/felix/v2/*/host/{node}/**' },
  { pattern: '/calico/appliance/v1/host/{node}/**' },
  { pattern: `${resources}nodes/{node}` },
  { pattern: `${resources}felixconfigurations/node.{node}` },
  { pattern: `${resources}workloadendpoints/*/**`, when: 'endpointName' },
  { pattern: `${resources}hostendpoints/**`, when: 'specNode' },
  { pattern: `${resources}caliconodestatuses/**`, when: 'specNode' },
  { pattern: `${ipam}host/{node}` },
  { pattern: `${ipam}host/{node}/**` },
  { pattern: `${ipam}assignment/ipv4/block/**`, when: 'blockAffinity' },
  { pattern: `${ipam}assignment/ipv6/block/**`, when: 'blockAffinity' },
  { pattern: `${ipam}handle/**`, when: 'handleBlocks' },
];
