/**
 * The DSCP that packets of an endpoint carry when they leave the cluster: to no pool, and not to this host. Pure. Source: felix, cali-egress-dscp.
 * For workloads a chain for each value, which a map of interfaces leads to; what they send to this host does not come by postrouting. For host
 * endpoints a rule for each address that is expected.
 */
import type { Expression } from '../../kernel/netlink/expression.ts';
import { parsePrefixOrAddress, printPrefix } from '../../lib/ip/address.ts';
import type { HostEndpoint, WorkloadEndpoint } from '../model/endpoint.ts';
import type { Family } from './match.ts';
import { interfaceKey } from './match.ts';
import { natSets } from './nat-outgoing.ts';
import type { RenderContext } from './policy.ts';
import type { RenderedChain, RenderedRule } from './rendered.ts';
import { renderRuleMatch } from './rule-match.ts';

export interface DscpChain {
  readonly type: 'dscp';
  readonly name: string;
  readonly dscp: number;
}

/** Undefined for a workload whose packets stay as they are. */
export function dscpChain({ qos }: WorkloadEndpoint): DscpChain | undefined {
  return qos?.dscp === undefined ? undefined : { type: 'dscp', name: `dscp-${qos.dscp}`, dscp: qos.dscp };
}

const families: readonly Family[] = [4, 6];

export function renderDscpChain({ dscp }: DscpChain, { factsOf }: RenderContext): RenderedChain {
  const rules: RenderedRule[] = [];
  const setIds = new Set<string>();
  const netSets = new Set<string>();
  for (const ipVersion of families) {
    const leaves = { action: 'allow', ipVersion, src: {}, dst: { notSets: [natSets.pools] } } as const;
    const match = renderRuleMatch(leaves, factsOf);
    for (const id of match.setIds) setIds.add(id);
    for (const set of match.netSets) netSets.add(set);
    for (const alternative of match.alternatives) {
      rules.push({
        label: `IPv${ipVersion} out of the cluster`,
        expressions: [...alternative, ...write(ipVersion, dscp)],
      });
    }
  }
  return { rules, setIds: [...setIds], lists: [], netSets: [...netSets] };
}

/** An address of this host whose packets are marked. */
export interface HostDscp {
  readonly address: string;
  readonly dscp: number;
}

/** By address; where endpoints disagree, the first by name has it. */
export function hostDscps(hostEndpoints: ReadonlyMap<string, HostEndpoint>): HostDscp[] {
  const marked = new Map<string, number>();
  for (const [, { expectedIps, dscp }] of [...hostEndpoints].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const address of dscp === undefined ? [] : expectedIps)
      if (!marked.has(address)) marked.set(address, dscp as number);
  }
  return [...marked].map(([address, dscp]) => ({ address, dscp })).sort((a, b) => (a.address < b.address ? -1 : 1));
}

/** What goes to an address of this host leaves by its loopback. */
const notToThisHost: readonly Expression[] = [
  { type: 'meta', key: 'oifname', register: 0 },
  { type: 'cmp', op: 'neq', register: 0, data: interfaceKey('lo') },
];

export function renderHostDscps(marked: readonly HostDscp[], { factsOf }: RenderContext): RenderedChain {
  const rules: RenderedRule[] = [];
  const setIds = new Set<string>();
  const netSets = new Set<string>();
  for (const { address, dscp } of marked) {
    const source = parsePrefixOrAddress(address);
    if (source === undefined) continue;
    const ipVersion = source.address.family;
    const match = renderRuleMatch(
      { action: 'allow', ipVersion, src: { nets: [printPrefix(source)] }, dst: { notSets: [natSets.pools] } },
      factsOf,
    );
    for (const id of match.setIds) setIds.add(id);
    for (const set of match.netSets) netSets.add(set);
    for (const alternative of match.alternatives) {
      const expressions = [...notToThisHost, ...alternative, ...write(ipVersion, dscp)];
      rules.push({ label: `from ${address} out of the cluster`, expressions });
    }
  }
  return { rules, setIds: [...setIds], lists: [], netSets: [...netSets] };
}

/** Bits of the first two bytes of the header: version and what follows it stay, and so does ECN. */
function write(family: Family, dscp: number): Expression[] {
  const [mask, xor] =
    family === 4
      ? [
          [0xff, 0x03],
          [0, dscp << 2],
        ]
      : [
          [0xf0, 0x3f],
          [dscp >> 2, (dscp & 3) << 6],
        ];
  const place = { base: 'network', offset: 0, length: 2, register: 0 } as const;
  return [
    { type: 'payload', ...place },
    {
      type: 'bitwise',
      source: 0,
      destination: 0,
      mask: Uint8Array.from(mask as number[]),
      xor: Uint8Array.from(xor as number[]),
    },
    { type: 'payload-set', ...place, ...(family === 4 ? { checksumOffset: 10 } : {}) },
  ];
}
