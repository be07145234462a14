/** IPPool. Pure. Overlap with other pools and with blocks is the writer's to check: it takes the store. */

import { overlaps, type Prefix, parsePrefix, printPrefix } from '../../lib/ip/address.ts';
import type { Problem } from '../../lib/problem.ts';
import { boolean, described, integer, list, object, oneOf, present, type TextSchema } from '../../lib/schema.ts';
import {
  ageTableColumn,
  conditionOf,
  nameColumn,
  nameTableColumn,
  specColumn,
  specTableColumn,
  wideTableColumn,
} from '../columns.ts';
import { defineKind } from '../define.ts';
import { strictCidrSchema } from '../fields/address.ts';
import { conditionsSchema } from '../fields/condition.ts';
import { selectorWithoutGlobalSchema } from '../fields/selector.ts';
import type { Legible } from '../legible.ts';
import { problemOf } from '../read.ts';
import { apiVersion, type Resource } from '../resource.ts';

/** Spec of a pool after decoding and defaults. */
export interface IPPoolSpec {
  cidr: string;
  vxlanMode?: 'Never' | 'Always' | 'CrossSubnet';
  ipipMode?: 'Never' | 'Always' | 'CrossSubnet';
  natOutgoing?: boolean;
  disabled?: boolean;
  disableBGPExport?: boolean;
  blockSize?: number;
  nodeSelector?: string;
  namespaceSelector?: string;
  allowedUses?: ('Workload' | 'Tunnel' | 'LoadBalancer')[];
  assignmentMode?: 'Automatic' | 'Manual';
}

const defaultUses = ['Workload', 'Tunnel'] as const;
const modes = ['Never', 'Always', 'CrossSubnet'];
const linkLocal = [parsePrefix('169.254.0.0/16')!, parsePrefix('fe80::/10')!];
const blockSizes = { 4: { min: 20, max: 32, default: 26 }, 6: { min: 116, max: 128, default: 122 } } as const;

const strictCidr = strictCidrSchema(undefined, 48);
const poolCidrSchema: TextSchema = {
  ...strictCidr,
  check: (value) => strictCidr.check!(value) ?? (isLinkLocal(value) ? 'overlaps the link-local range' : undefined),
};

export const ipPool = defineKind({
  kind: 'IPPool',
  plural: 'ippools',
  singular: 'ippool',
  isNamespaced: false,
  aliases: ['ippool', 'ippools', 'ipp', 'ipps', 'pool', 'pools'],
  shortNames: ['ipp', 'ipps', 'pool', 'pools'],
  description:
    'A range of addresses that workloads, tunnels or load balancers get theirs from, and how packets between its hosts travel.',
  spec: object(
    {
      cidr: described('The range.', poolCidrSchema),
      vxlanMode: described('When to encapsulate in VXLAN.', oneOf(modes, { default: 'Never' })),
      ipipMode: described('When to encapsulate in IP-in-IP.', oneOf(modes, { default: 'Never' })),
      natOutgoing: described('Masquerade packets that leave the pools.', boolean()),
      disabled: described('Give out no more addresses.', boolean()),
      disableBGPExport: described('Do not announce the range.', boolean()),
      blockSize: described(
        'Prefix length of the blocks hosts get: 20-32, or 116-128 for IPv6; 26 or 122 when absent.',
        integer(0, 128),
      ),
      nodeSelector: described('Hosts that use the pool.', { ...selectorWithoutGlobalSchema, default: 'all()' }),
      namespaceSelector: described('Namespaces that use the pool.', selectorWithoutGlobalSchema),
      allowedUses: described(
        'What the addresses are for; Workload and Tunnel when absent.',
        list(oneOf(['Workload', 'Tunnel', 'LoadBalancer']), { maxItems: 10 }),
      ),
      assignmentMode: described(
        'Whether addresses are given unasked.',
        present(oneOf(['Automatic', 'Manual'], { default: 'Automatic' })),
      ),
    },
    { required: ['cidr'] },
  ),
  status: object({ conditions: conditionsSchema }, { emit: 'present' }),
  applyDefaults: applyPoolDefaults,
  applyReadDefaults: applyPoolDefaults,
  check: ({ spec }) => checkPool(spec),
  columns: {
    ps: [nameColumn, specColumn('CIDR', 'cidr'), specColumn('SELECTOR', 'nodeSelector')],
    wide: [
      nameColumn,
      specColumn('CIDR', 'cidr'),
      specColumn('NAT', 'natOutgoing', 'false'),
      specColumn('IPIPMODE', 'ipipMode', 'Never'),
      specColumn('VXLANMODE', 'vxlanMode', 'Never'),
      specColumn('DISABLED', 'disabled', 'false'),
      specColumn('DISABLEBGPEXPORT', 'disableBGPExport', 'false'),
      specColumn('SELECTOR', 'nodeSelector'),
      specColumn('ASSIGNMENTMODE', 'assignmentMode'),
    ],
  },
  tableColumns: [
    nameTableColumn,
    specTableColumn('CIDR', 'cidr', 'The range.'),
    specTableColumn('VXLAN', 'vxlanMode', 'When to encapsulate in VXLAN.'),
    specTableColumn('IPIP', 'ipipMode', 'When to encapsulate in IP-in-IP.'),
    specTableColumn('NAT', 'natOutgoing', 'Whether packets that leave the pools are masqueraded.', 'boolean'),
    {
      name: 'Allocatable',
      type: 'string',
      description: 'Whether addresses can be given out.',
      priority: 0,
      cell: (resource) => conditionOf(resource, 'Allocatable', 'status'),
    },
    wideTableColumn('BlockSize', 'Prefix length of the blocks of hosts.', ({ spec }) => Number(spec.blockSize ?? 0)),
    wideTableColumn('Selector', 'Hosts that take addresses from it.', ({ spec }) => String(spec.nodeSelector ?? '')),
    wideTableColumn('Disabled', 'Whether no more addresses are given out.', ({ spec }) => spec.disabled === true),
    ageTableColumn,
  ],
  example: {
    kind: 'IPPool',
    apiVersion,
    metadata: { name: 'main-v4' },
    spec: { cidr: '10.77.0.0/16', ipipMode: 'Always', natOutgoing: true },
  },
});

/** Fills what Calico's client fills before storing and after reading, and canonicalises the range. */
export function applyPoolDefaults(resource: Resource): void {
  const spec = resource.spec as unknown as IPPoolSpec;
  const prefix = typeof spec.cidr === 'string' ? parsePrefix(spec.cidr) : undefined;
  resource.spec = {
    cidr: prefix === undefined ? spec.cidr : printPrefix(prefix),
    vxlanMode: spec.vxlanMode ?? 'Never',
    ipipMode: spec.ipipMode ?? 'Never',
    ...given({ natOutgoing: spec.natOutgoing, disabled: spec.disabled, disableBGPExport: spec.disableBGPExport }),
    blockSize: spec.blockSize ?? blockSizes[prefix?.address.family ?? 4].default,
    nodeSelector: spec.nodeSelector ?? 'all()',
    ...given({ namespaceSelector: spec.namespaceSelector }),
    allowedUses: spec.allowedUses ?? [...defaultUses],
    assignmentMode: spec.assignmentMode ?? 'Automatic',
  };
}

function given(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function isLinkLocal(value: string): boolean {
  const prefix = parsePrefix(value);
  return prefix !== undefined && linkLocal.some((range) => overlaps(range, prefix));
}

type LegiblePool = Legible<IPPoolSpec>;

function checkPool(spec: LegiblePool): Problem[] {
  const prefix = parsePrefix(spec.cidr ?? '');
  return [...checkBlockSize(spec, prefix), ...checkEncapsulation(spec, prefix), ...checkUses(spec)];
}

/** While the range cannot be read, a block size must be legal in one of the families. */
function checkBlockSize(spec: LegiblePool, prefix: Prefix | undefined): Problem[] {
  const families = prefix === undefined ? ([4, 6] as const) : [prefix.address.family];
  const size = spec.blockSize === undefined ? blockSizes[families[0]!].default : spec.blockSize;
  if (size === null) return [];
  const ranges = families.map((family) => blockSizes[family]);
  if (ranges.every(({ min, max }) => size < min || size > max)) {
    const legal = ranges.map(({ min, max }) => `${min} to ${max}`).join(' or ');
    return [problemOf('spec.blockSize', `must be from ${legal}`, size)];
  }
  return prefix !== undefined && prefix.length > size && spec.disabled === undefined
    ? [problemOf('spec.cidr', `is smaller than one block of /${size}`, spec.cidr)]
    : [];
}

function isOn(mode: string | null | undefined): boolean {
  return (mode ?? 'Never') !== 'Never';
}

function checkEncapsulation(spec: LegiblePool, prefix: Prefix | undefined): Problem[] {
  const problems: Problem[] = [];
  if (isOn(spec.ipipMode) && isOn(spec.vxlanMode)) {
    problems.push(problemOf('spec.vxlanMode', 'cannot be combined with ipipMode', spec.vxlanMode));
  }
  if (isOn(spec.ipipMode) && prefix?.address.family === 6) {
    problems.push(problemOf('spec.ipipMode', 'is not supported for IPv6', spec.ipipMode));
  }
  return problems;
}

function checkUses(spec: LegiblePool): Problem[] {
  const uses = spec.allowedUses === undefined ? defaultUses : (spec.allowedUses ?? []);
  const problems: Problem[] = [];
  if (uses.includes('Tunnel') && spec.namespaceSelector !== undefined) {
    problems.push(problemOf('spec.namespaceSelector', 'needs allowedUses without Tunnel', spec.namespaceSelector));
  }
  if (!uses.includes('LoadBalancer')) return problems;
  if (uses.includes('Workload') || uses.includes('Tunnel')) {
    problems.push(problemOf('spec.allowedUses', 'LoadBalancer cannot be combined with Workload or Tunnel'));
  }
  for (const field of ['ipipMode', 'vxlanMode'] as const) {
    if (isOn(spec[field])) problems.push(problemOf(`spec.${field}`, 'must be Never for LoadBalancer use', spec[field]));
  }
  if (spec.disableBGPExport === true)
    problems.push(problemOf('spec.disableBGPExport', 'must be false for LoadBalancer use', true));
  if ((spec.nodeSelector ?? 'all()') !== 'all()') {
    problems.push(problemOf('spec.nodeSelector', 'must be all() for LoadBalancer use', spec.nodeSelector));
  }
  return problems;
}
