/** What is special of VXLAN devices: their settings, and the entries that say to which host a MAC address is. Pure. Source: linux/if_link.h, linux/neighbour.h. */
import { assert } from '../../lib/assert.ts';
import { parseAddress, printAddress } from '../../lib/ip/address.ts';
import type { ForwardingEntry, VxlanSettings } from '../kernel.ts';
import type { Request } from './dump.ts';
import { type MessageWriter, NLM, readAttributes } from './message.ts';
import { RTM } from './route-numbers.ts';

const IFLA_VXLAN = { id: 1, link: 3, local: 4, learning: 7, port: 15, local6: 17 } as const;

export function writeVxlan(writer: MessageWriter, { vni, port, local, parent, isLearning }: VxlanSettings): void {
  writer.u32(IFLA_VXLAN.id, vni);
  if (parent !== 0) writer.u32(IFLA_VXLAN.link, parent);
  const address = local === undefined ? undefined : parseAddress(local);
  if (address !== undefined) {
    writer.attribute(address.family === 4 ? IFLA_VXLAN.local : IFLA_VXLAN.local6, address.bytes);
  }
  writer.u16be(IFLA_VXLAN.port, port);
  writer.u8(IFLA_VXLAN.learning, isLearning ? 1 : 0);
}

export function readVxlan(data: Buffer): VxlanSettings {
  const attributes = readAttributes(data);
  const [local, local6] = [attributes.get(IFLA_VXLAN.local), attributes.get(IFLA_VXLAN.local6)];
  const bytes = local ?? local6;
  const isSet = bytes?.some((byte) => byte !== 0) === true;
  return {
    vni: attributes.get(IFLA_VXLAN.id)?.readUInt32LE(0) ?? 0,
    port: attributes.get(IFLA_VXLAN.port)?.readUInt16BE(0) ?? 0,
    ...(isSet ? { local: printAddress({ family: local === undefined ? 6 : 4, bytes }) } : {}),
    parent: attributes.get(IFLA_VXLAN.link)?.readUInt32LE(0) ?? 0,
    isLearning: attributes.get(IFLA_VXLAN.learning)?.[0] === 1,
  };
}

/** struct ndmsg. */
const HEADER_LENGTH = 12;
const AF_BRIDGE = 7;
const NDA = { destination: 1, mac: 2, ifindex: 8 } as const;
const NUD_PERMANENT = 0x80;
const NTF_SELF = 0x02;

export function forwardingRequest(ifindex: number): Request {
  const header = Buffer.alloc(HEADER_LENGTH);
  header[0] = AF_BRIDGE;
  header.writeInt32LE(ifindex, 4);
  return { type: RTM.getNeighbour, header };
}

/** Undefined for what is of another link, or leads to no other host. */
export function readForwarding(body: Buffer, ifindex: number): ForwardingEntry | undefined {
  if (body.length < HEADER_LENGTH || body[0] !== AF_BRIDGE || body.readInt32LE(4) !== ifindex) return undefined;
  const attributes = readAttributes(body, HEADER_LENGTH);
  const [mac, bytes] = [attributes.get(NDA.mac), attributes.get(NDA.destination)];
  if (mac === undefined || bytes === undefined) return undefined;
  const destination = printAddress({ family: bytes.length === 4 ? 4 : 6, bytes });
  return { ifindex, mac: mac.toString('hex').replace(/(..)(?=.)/g, '$1:'), destination };
}

/** Takes the place of the entry with the same MAC address. */
export function writeReplaceForwarding(writer: MessageWriter, entry: ForwardingEntry, sequence: number): void {
  writer.begin(RTM.newNeighbour, NLM.request | NLM.ack | NLM.create | NLM.replace, sequence);
  writeForwarding(writer, entry);
}

export function writeDeleteForwarding(writer: MessageWriter, entry: ForwardingEntry, sequence: number): void {
  writer.begin(RTM.deleteNeighbour, NLM.request | NLM.ack, sequence);
  writeForwarding(writer, entry);
}

function writeForwarding(writer: MessageWriter, { ifindex, mac, destination }: ForwardingEntry): void {
  const address = parseAddress(destination);
  assert(address !== undefined, `${destination} is an address`);
  const header = Buffer.alloc(HEADER_LENGTH);
  header[0] = AF_BRIDGE;
  header.writeInt32LE(ifindex, 4);
  header.writeUInt16LE(NUD_PERMANENT, 8);
  header[10] = NTF_SELF;
  writer.raw(header);
  writer.attribute(NDA.mac, Buffer.from(mac.replaceAll(':', ''), 'hex'));
  writer.attribute(NDA.destination, address.bytes);
  writer.end();
}
