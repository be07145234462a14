/** Links (network interfaces) out of rtnetlink messages. Pure. Source: rtnetlink(7), linux/if_link.h. */
import type { Link } from '../kernel.ts';
import type { Request } from './dump.ts';
import { readAttributes, readString } from './message.ts';
import { RTM } from './route-numbers.ts';
import { readVxlan } from './vxlan.ts';

/** struct ifinfomsg. */
export const LINK_HEADER_LENGTH = 16;
export const IFLA = { address: 1, name: 3, mtu: 4, master: 10, linkInfo: 18, netnsFd: 28 } as const;
export const IFLA_INFO = { kind: 1, data: 2 } as const;
export const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;

export const linksRequest: Request = { type: RTM.getLink, header: Buffer.alloc(LINK_HEADER_LENGTH) };

/** `kind` is empty for physical interfaces and the loopback; `mac` for links without a hardware address. */
export function readLink(body: Buffer): Link | undefined {
  // Bridge ports announce themselves a second time, in a family of their own.
  if (body.length < LINK_HEADER_LENGTH || body[0] !== 0) return undefined;
  const attributes = readAttributes(body, LINK_HEADER_LENGTH);
  const flags = body.readUInt32LE(8);
  const linkInfo = attributes.get(IFLA.linkInfo);
  const info = linkInfo && readAttributes(linkInfo);
  const kind = readString(info?.get(IFLA_INFO.kind));
  const data = info?.get(IFLA_INFO.data);
  return {
    index: body.readInt32LE(4),
    name: readString(attributes.get(IFLA.name)),
    kind,
    mac: printMac(attributes.get(IFLA.address)),
    mtuBytes: attributes.get(IFLA.mtu)?.readUInt32LE(0) ?? 0,
    isUp: (flags & IFF_UP) !== 0,
    isRunning: (flags & IFF_RUNNING) !== 0,
    ...(kind === 'vxlan' && data !== undefined ? { vxlan: readVxlan(data) } : {}),
  };
}

/** Lower case, with colons; empty for absent ones. */
export function printMac(bytes: Buffer | undefined): string {
  return bytes === undefined ? '' : bytes.toString('hex').replace(/(..)(?=.)/g, '$1:');
}

/** The bytes of `aa:bb:cc:dd:ee:ff`. */
export function parseMac(text: string): Buffer {
  return Buffer.from(text.replaceAll(':', ''), 'hex');
}
