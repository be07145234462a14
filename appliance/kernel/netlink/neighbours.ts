/** Neighbour entries (ARP and NDP) to and from rtnetlink messages. Pure. Source: rtnetlink(7), linux/neighbour.h. */
import { assert } from '../../lib/assert.ts';
import { parseAddress, printAddress } from '../../lib/ip/address.ts';
import type { Neighbour, ProxyEntry } from '../kernel.ts';
import type { Request } from './dump.ts';
import { parseMac, printMac } from './links.ts';
import { type MessageWriter, NLM, readAttributes } from './message.ts';
import { FAMILY_NUMBERS, familyOf, RTM } from './route-numbers.ts';

/** struct ndmsg. */
const HEADER_LENGTH = 12;
const NDA = { destination: 1, mac: 2, ifindex: 8, protocol: 12 } as const;
const NTF_PROXY = 0x08;
const NUD_PERMANENT = 0x80;
const NUD_REACHABLE = 0x02;

export function neighboursRequest(family: 4 | 6, ifindex: number): Request {
  const header = Buffer.alloc(HEADER_LENGTH);
  header[0] = FAMILY_NUMBERS[family];
  return { type: RTM.getNeighbour, header, attributes: (writer) => writer.u32(NDA.ifindex, ifindex) };
}

export function readNeighbour(body: Buffer): Neighbour | undefined {
  if (body.length < HEADER_LENGTH) return undefined;
  const family = familyOf(body[0]);
  const attributes = readAttributes(body, HEADER_LENGTH);
  const bytes = attributes.get(NDA.destination);
  if (family === undefined || bytes === undefined) return undefined;
  return {
    family,
    ifindex: body.readInt32LE(4),
    address: printAddress({ family, bytes }),
    mac: printMac(attributes.get(NDA.mac)),
    isPermanent: (body.readUInt16LE(8) & NUD_PERMANENT) !== 0,
  };
}

export function writeReplaceNeighbour(writer: MessageWriter, neighbour: Neighbour, sequence: number): void {
  writer.begin(RTM.newNeighbour, NLM.request | NLM.ack | NLM.create | NLM.replace, sequence);
  writer.raw(header(neighbour));
  writeDestination(writer, neighbour);
  writer.attribute(NDA.mac, parseMac(neighbour.mac));
  writer.end();
}

export function writeDeleteNeighbour(writer: MessageWriter, neighbour: Neighbour, sequence: number): void {
  writer.begin(RTM.deleteNeighbour, NLM.request | NLM.ack, sequence);
  writer.raw(header(neighbour));
  writeDestination(writer, neighbour);
  writer.end();
}

export function proxiesRequest(family: 4 | 6): Request {
  const header = Buffer.alloc(HEADER_LENGTH);
  header[0] = FAMILY_NUMBERS[family];
  header[10] = NTF_PROXY;
  return { type: RTM.getNeighbour, header };
}

export function readProxy(body: Buffer): ProxyEntry | undefined {
  if (body.length < HEADER_LENGTH || ((body[10] ?? 0) & NTF_PROXY) === 0) return undefined;
  const family = familyOf(body[0]);
  const attributes = readAttributes(body, HEADER_LENGTH);
  const bytes = attributes.get(NDA.destination);
  if (family === undefined || bytes === undefined) return undefined;
  const protocol = attributes.get(NDA.protocol)?.[0] ?? 0;
  return { family, ifindex: body.readInt32LE(4), address: printAddress({ family, bytes }), protocol };
}

export function writeAddProxy(writer: MessageWriter, proxy: ProxyEntry, sequence: number): void {
  writer.begin(RTM.newNeighbour, NLM.request | NLM.ack | NLM.create | NLM.replace, sequence);
  writeProxy(writer, proxy);
  writer.attribute(NDA.protocol, Uint8Array.of(proxy.protocol));
  writer.end();
}

export function writeDeleteProxy(writer: MessageWriter, proxy: ProxyEntry, sequence: number): void {
  writer.begin(RTM.deleteNeighbour, NLM.request | NLM.ack, sequence);
  writeProxy(writer, proxy);
  writer.end();
}

function writeProxy(writer: MessageWriter, { family, ifindex, address }: ProxyEntry): void {
  const entry = { family, ifindex, address, mac: '', isPermanent: true };
  const bytes = header(entry);
  bytes[10] = NTF_PROXY;
  writer.raw(bytes);
  writeDestination(writer, entry);
}

function header(neighbour: Neighbour): Buffer {
  const bytes = Buffer.alloc(HEADER_LENGTH);
  bytes[0] = FAMILY_NUMBERS[neighbour.family];
  bytes.writeInt32LE(neighbour.ifindex, 4);
  bytes.writeUInt16LE(neighbour.isPermanent ? NUD_PERMANENT : NUD_REACHABLE, 8);
  return bytes;
}

function writeDestination(writer: MessageWriter, neighbour: Neighbour): void {
  const address = parseAddress(neighbour.address);
  assert(address?.family === neighbour.family, `${neighbour.address} is an address of IPv${neighbour.family}`);
  writer.attribute(NDA.destination, address.bytes);
}
