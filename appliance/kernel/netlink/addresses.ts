/** Interface addresses out of rtnetlink messages. Pure. Source: rtnetlink(7), linux/if_addr.h. */
import { printAddress } from '../../lib/ip/address.ts';
import type { InterfaceAddress } from '../kernel.ts';
import type { Request } from './dump.ts';
import { readAttributes } from './message.ts';
import { familyOf, RTM } from './route-numbers.ts';

/** struct ifaddrmsg. */
const HEADER_LENGTH = 8;
export const IFA = { address: 1, local: 2 } as const;

export const addressesRequest: Request = { type: RTM.getAddress, header: Buffer.alloc(HEADER_LENGTH) };

export function readInterfaceAddress(body: Buffer): InterfaceAddress | undefined {
  if (body.length < HEADER_LENGTH) return undefined;
  const family = familyOf(body[0]);
  const attributes = readAttributes(body, HEADER_LENGTH);
  // On a point-to-point link IFA_ADDRESS is the peer; our own one is IFA_LOCAL. IPv6 has only IFA_ADDRESS otherwise.
  const bytes = attributes.get(IFA.local) ?? attributes.get(IFA.address);
  if (family === undefined || bytes === undefined) return undefined;
  return { family, ifindex: body.readUInt32LE(4), prefix: `${printAddress({ family, bytes })}/${body[1]}` };
}
