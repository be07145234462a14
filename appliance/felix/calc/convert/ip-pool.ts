/** IP pools as the dataplane sees them; disabled ones too, since they still mark addresses as ours. Pure. */
import type { IpPool } from '../../model/messages.ts';
import { type Conversion, convertResource } from './fields.ts';
import { canonicalNet } from './net.ts';

const modes = ['Never', 'Always', 'CrossSubnet'] as const;

/** Converts a stored pool, filling in what the API would. */
export function convertIpPool(value: unknown): Conversion<IpPool> {
  return convertResource(value, ({ spec }) => {
    const text = spec.text('cidr');
    const cidr = canonicalNet(text, false) ?? spec.refuse('cidr', 'not a network', text) ?? '';
    const allowedUses = spec.texts('allowedUses');
    return {
      cidr,
      natOutgoing: spec.flag('natOutgoing'),
      ipipMode: spec.choice('ipipMode', modes) ?? 'Never',
      vxlanMode: spec.choice('vxlanMode', modes) ?? 'Never',
      allowedUses: allowedUses.length > 0 ? allowedUses : ['Workload', 'Tunnel'],
    };
  });
}
