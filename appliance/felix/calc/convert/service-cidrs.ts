/** The CIDRs of services out of a BGPConfiguration. Pure. */
import { type Conversion, convertResource } from './fields.ts';
import { canonicalNet } from './net.ts';

const lists = ['serviceClusterIPs', 'serviceExternalIPs', 'serviceLoadBalancerIPs'] as const;

/** Each once, in order. */
export function convertServiceCidrs(value: unknown): Conversion<readonly string[]> {
  return convertResource(value, ({ spec }) => {
    const nets = lists.flatMap((list) =>
      spec.children(list).map((entry) => {
        const text = entry.text('cidr');
        return canonicalNet(text, false) ?? entry.refuse('cidr', 'not a network', text) ?? '';
      }),
    );
    return [...new Set(nets)].filter((net) => net !== '').sort();
  });
}
