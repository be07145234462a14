/**
 * The metadata service of virtual machines: who asks 169.254.169.254 is led to where the settings say, and let in there before policy is asked. Pure.
 * Source: felix, OpenStack's special cases.
 */
import type { Expression } from '../../kernel/netlink/expression.ts';
import { parseAddress } from '../../lib/ip/address.ts';
import type { FelixConfig } from '../model/config.ts';
import { matchFamily, matchPortRange, matchPrefix, matchProtocol, netShort, verdict } from './match.ts';
import type { RenderedRule } from './rendered.ts';

/** Of all clouds, and where it listens. */
export const wellKnown = { address: '169.254.169.254', port: 80 } as const;
const TCP = 6;

/** For prerouting. */
export function renderMetadataDnat({ metadata }: FelixConfig): RenderedRule[] {
  const to = metadata && parseAddress(metadata.address);
  if (metadata === undefined || to === undefined) return [];
  const expressions: Expression[] = [
    ...matchService(wellKnown),
    { type: 'load', register: 0, data: to.bytes },
    { type: 'load', register: 1, data: netShort(metadata.port) },
    { type: 'nat', kind: 'dnat', family: 4, addressMin: 0, portMin: 1 },
  ];
  return [{ label: `metadata is at ${metadata.address} port ${metadata.port}`, expressions }];
}

/** For what workloads send to their host. */
export function renderMetadataAccepted({ metadata }: FelixConfig): RenderedRule[] {
  if (metadata === undefined) return [];
  return [{ label: 'metadata', expressions: [...matchService(metadata), verdict('accept')] }];
}

function matchService({ address, port }: NonNullable<FelixConfig['metadata']>): Expression[] {
  const parsed = parseAddress(address);
  const destination = parsed === undefined ? [] : matchPrefix('dst', { address: parsed, length: 32 });
  return [
    ...matchFamily(4),
    ...destination,
    ...matchProtocol(TCP),
    ...matchPortRange('dst', { first: port, last: port }),
  ];
}
