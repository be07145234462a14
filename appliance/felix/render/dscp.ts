/**
 * The DSCP that packets of a workload carry when they leave the cluster: forwarded, and to no pool. Pure. Source: felix, cali-egress-dscp.
 * A chain for each value, which a map of interfaces leads to; what goes to this host does not come by postrouting.
 */
import type { Expression } from '../../kernel/netlink/expression.ts';
import type { WorkloadEndpoint } from '../model/endpoint.ts';
import type { Family } from './match.ts';
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
