/**
 * Tells the neighbours on a link which hardware address an address has now: a gratuitous ARP request, an unsolicited neighbour advertisement. Frames
 * are pure; sending is I/O. Sources: packet(7), RFC 5227, RFC 4861.
 */
import type { Address } from '../lib/ip/address.ts';
import { parseAddress } from '../lib/ip/address.ts';
import type { Announcement } from './kernel.ts';
import { checked, libc } from './libc.ts';
import { parseMac } from './netlink/links.ts';

const AF_PACKET = 17;
const SOCK_RAW_CLOEXEC = 3 | 0x8_0000;
const broadcast = Buffer.from('ffffffffffff', 'hex');
/** All nodes of the link. */
const allNodesMac = Buffer.from('333300000001', 'hex');
const allNodes = Buffer.from('ff020000000000000000000000000001', 'hex');
const ICMPV6 = 58;

/** Sends on a link of the network namespace the thread is in. */
export function announce({ ifindex, mac, address, linkLocal }: Announcement): void {
  const parsed = parseAddress(address);
  const source = linkLocal === undefined ? undefined : parseAddress(linkLocal);
  if (parsed === undefined) return;
  const frame = parsed.family === 4 ? arpFrame(parseMac(mac), parsed) : advertisement(parseMac(mac), parsed, source);
  const fd = checked(libc.socket(AF_PACKET, SOCK_RAW_CLOEXEC, 0), 'socket');
  try {
    const place = Buffer.alloc(20);
    place.writeUInt16LE(AF_PACKET, 0);
    place.writeInt32LE(ifindex, 4);
    checked(libc.bind(fd, place, place.length), 'bind');
    checked(libc.send(fd, frame, frame.length, 0), 'send');
  } finally {
    libc.close(fd);
  }
}

export function arpFrame(mac: Uint8Array, { bytes }: Address): Buffer {
  const header = Buffer.from('0001080006040001', 'hex');
  return Buffer.concat([broadcast, mac, Buffer.from('0806', 'hex'), header, mac, bytes, Buffer.alloc(6), bytes]);
}

export function advertisement(mac: Uint8Array, target: Address, source: Address = target): Buffer {
  const head = Buffer.from('8800000020000000', 'hex');
  const message = Buffer.concat([head, target.bytes, Buffer.from([2, 1]), mac]);
  const addresses = Buffer.concat([source.bytes, allNodes]);
  message.writeUInt16BE(checksum(Buffer.concat([addresses, pseudoTail(message.length), message])), 2);
  const header = Buffer.alloc(8);
  header[0] = 0x60;
  header.writeUInt16BE(message.length, 4);
  header[6] = ICMPV6;
  header[7] = 255;
  return Buffer.concat([allNodesMac, mac, Buffer.from('86dd', 'hex'), header, addresses, message]);
}

function pseudoTail(length: number): Buffer {
  const tail = Buffer.alloc(8);
  tail.writeUInt32BE(length, 0);
  tail[7] = ICMPV6;
  return tail;
}

/** Of an even number of bytes. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
