/** Links and their addresses to rtnetlink messages. Pure. Source: rtnetlink(7), linux/if_link.h, linux/if_addr.h. */
import { assert } from '../../lib/assert.ts';
import { parsePrefix } from '../../lib/ip/address.ts';
import type { LinkChange, NewLink } from '../kernel.ts';
import { IFA } from './addresses.ts';
import { IFF_UP, IFLA, IFLA_INFO, LINK_HEADER_LENGTH, parseMac } from './links.ts';
import { type MessageWriter, NLM } from './message.ts';
import { FAMILY_NUMBERS, RTM } from './route-numbers.ts';
import { writeVxlan } from './vxlan.ts';

export function writeNewLink(writer: MessageWriter, sequence: number, link: NewLink): void {
  writer.begin(RTM.newLink, NLM.request | NLM.ack | NLM.create | NLM.exclusive, sequence);
  writer.raw(linkHeader(0));
  writeEnd(writer, { name: link.name, mtuBytes: link.mtuBytes, ...('mac' in link ? { mac: link.mac } : {}) });
  const info = writer.nest(IFLA.linkInfo);
  writer.string(IFLA_INFO.kind, link.kind);
  if (link.kind === 'vxlan') {
    const data = writer.nest(IFLA_INFO.data);
    writeVxlan(writer, link.vxlan);
    writer.endNest(data);
  }
  writer.endNest(info);
  writer.end();
}

export function writeEnd(writer: MessageWriter, { name, mac, mtuBytes }: LinkChange): void {
  if (name !== undefined) writer.string(IFLA.name, name);
  if (mac !== undefined) writer.attribute(IFLA.address, parseMac(mac));
  if (mtuBytes !== undefined) writer.u32(IFLA.mtu, mtuBytes);
}

export function writeChange(writer: MessageWriter, sequence: number, ifindex: number, change: LinkChange): void {
  writer.begin(RTM.newLink, NLM.request | NLM.ack, sequence);
  writer.raw(linkHeader(ifindex, change.isUp));
  writeEnd(writer, change);
  writer.end();
}

export function writeDelete(writer: MessageWriter, sequence: number, ifindex: number): void {
  writer.begin(RTM.deleteLink, NLM.request | NLM.ack, sequence);
  writer.raw(linkHeader(ifindex));
  writer.end();
}

/** struct ifinfomsg: index, flags, and which flags are meant. */
export function linkHeader(ifindex: number, isUp?: boolean): Buffer {
  const header = Buffer.alloc(LINK_HEADER_LENGTH);
  header.writeInt32LE(ifindex, 4);
  if (isUp !== undefined) {
    header.writeUInt32LE(isUp ? IFF_UP : 0, 8);
    header.writeUInt32LE(IFF_UP, 12);
  }
  return header;
}

const NO_DUPLICATE_DETECTION = 0x02;

export function writeAddress(writer: MessageWriter, sequence: number, ifindex: number, text: string): void {
  writer.begin(RTM.newAddress, NLM.request | NLM.ack | NLM.create | NLM.exclusive, sequence);
  writeAddressBody(writer, ifindex, text, NO_DUPLICATE_DETECTION);
}

export function writeDeleteAddress(writer: MessageWriter, sequence: number, ifindex: number, text: string): void {
  writer.begin(RTM.deleteAddress, NLM.request | NLM.ack, sequence);
  writeAddressBody(writer, ifindex, text, 0);
}

function writeAddressBody(writer: MessageWriter, ifindex: number, text: string, v6Flags: number): void {
  const prefix = parsePrefix(text);
  assert(prefix !== undefined, `${text} is an address with a length`);
  const { family, bytes } = prefix.address;
  const header = Buffer.alloc(8);
  header[0] = FAMILY_NUMBERS[family];
  header[1] = prefix.length;
  header[2] = family === 6 ? v6Flags : 0;
  header.writeUInt32LE(ifindex, 4);
  writer.raw(header);
  writer.attribute(IFA.local, bytes);
  writer.attribute(IFA.address, bytes);
  writer.end();
}
