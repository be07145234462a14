/** Which link's settings were changed, out of rtnetlink messages: the kernel tells of forwarding, reverse paths and proxies. Pure. Source: linux/netconf.h. */
import { findAttribute } from './message.ts';
import { familyOf } from './route-numbers.ts';

/** struct netconfmsg, padded. */
const HEADER_LENGTH = 4;
const NETCONFA_IFINDEX = 1;

/** `ifindex` below zero: of all links, or of those to come. */
export function readSettings(body: Buffer): { readonly family: 4 | 6; readonly ifindex: number } | undefined {
  const family = familyOf(body[0]);
  const ifindex = findAttribute(body, NETCONFA_IFINDEX, HEADER_LENGTH)?.readInt32LE(0);
  return family === undefined || ifindex === undefined ? undefined : { family, ifindex };
}
