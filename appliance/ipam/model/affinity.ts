/** An affinity: a block is a host's to give addresses from. Bytes to data and back. Pure. Source: Calico's IPAM client. */
import { writeString } from '../../resources/go-json.ts';
import { parseFields, writeMembers } from './fields.ts';

export type AffinityState = 'confirmed' | 'pending' | 'pendingDeletion';

/** An absent state counts as confirmed, as in old data. Undefined for what is no JSON object. */
export function parseAffinityState(value: Uint8Array | string): AffinityState | string | undefined {
  const fields = parseFields(value);
  if (fields === undefined) return undefined;
  return typeof fields.state === 'string' && fields.state !== '' ? fields.state : 'confirmed';
}

/** The bytes to store. */
export function printAffinity(state: AffinityState): string {
  return writeMembers([
    ['state', writeString(state)],
    ['deleted', 'false'],
  ]);
}
