/**
 * Packets to addresses of services that nobody answers for: forwarded, they would follow the default route out and come back. Pure.
 * Source: felix, cali-cidr-block.
 */
import { parsePrefix } from '../../lib/ip/address.ts';
import type { FelixConfig } from '../model/config.ts';
import { count, matchFamily, matchPrefix, verdict } from './match.ts';
import type { RenderedRule } from './rendered.ts';

export const serviceLoopCounter = 'drop/service-loop';

export function renderServiceLoop(cidrs: readonly string[], { serviceLoopPrevention }: FelixConfig): RenderedRule[] {
  if (serviceLoopPrevention === 'Disabled') return [];
  return cidrs.flatMap((cidr) => {
    const prefix = parsePrefix(cidr);
    if (prefix === undefined || prefix.length === 0) return [];
    const end = serviceLoopPrevention === 'Reject' ? ({ type: 'reject' } as const) : verdict('drop');
    const match = [...matchFamily(prefix.address.family), ...matchPrefix('dst', prefix)];
    const expressions = [...match, count(serviceLoopCounter), end];
    return [{ label: `service address ${cidr} of nobody`, expressions, counter: serviceLoopCounter }];
  });
}
