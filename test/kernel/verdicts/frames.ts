/** Builds whole packets with right checksums, each carrying a number to be recognised by on the other side. Pure. Sources: RFC 791, 8200, 768, 9293, 792, 4443. */
import type { Packet } from './model.ts';

const protocolNumbers = { TCP: 6, UDP: 17, ICMP: 1, ICMPv6: 58, SCTP: 132, 99: 99 } as const;

/** The packet from its IP header on. `id` (32 bit) can be found again by `packetId`. */
export function buildPacket(packet: Packet, id: number): Buffer {
  const source = addressBytes(packet.source);
  const destination = addressBytes(packet.destination);
  const protocol = protocolNumbers[packet.protocol];
  const segment = buildSegment(packet, id, source, destination, protocol);
  return Buffer.concat([ipHeader(packet.family, source, destination, protocol, segment.length), segment]);
}

/** An Ethernet frame around it. */
export function buildFrame(sourceMac: Buffer, destinationMac: Buffer, packet: Buffer): Buffer {
  const type = packet[0]! >> 4 === 4 ? [0x08, 0x00] : [0x86, 0xdd];
  return Buffer.concat([destinationMac, sourceMac, Buffer.from(type), packet]);
}

/** The number in a transport segment, or undefined when it is none of ours. */
export function packetId(protocol: number, segment: Buffer): number | undefined {
  const at = protocol === 6 ? 4 : protocol === 99 ? 0 : 8;
  if (segment.length < at + 4 + (protocol === 6 ? 12 : 4)) return undefined;
  const mark = protocol === 6 ? segment.readUInt16BE(14) : segment.readUInt32BE(at + 4);
  if (mark !== (protocol === 6 ? 0xca11 : magic)) return undefined;
  return segment.readUInt32BE(at);
}

/** The ports of a transport segment that has any. */
export function packetPorts(protocol: number, segment: Buffer): { sourcePort?: number; destinationPort?: number } {
  if (protocol !== protocolNumbers.TCP && protocol !== protocolNumbers.UDP) return {};
  return { sourcePort: segment.readUInt16BE(0), destinationPort: segment.readUInt16BE(2) };
}

const magic = 0xca11c000;

/** Number and magic: the payload of everything but TCP, which has them in sequence number and window. */
function payload(id: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(id, 0);
  bytes.writeUInt32BE(magic, 4);
  return bytes;
}

function buildSegment(packet: Packet, id: number, source: Buffer, destination: Buffer, protocol: number): Buffer {
  if (protocol === 99) return payload(id);
  if (protocol === 6) return checksummed(tcpSyn(packet, id), 16, source, destination, protocol);
  if (protocol === 17) {
    const header = Buffer.alloc(8);
    header.writeUInt16BE(packet.sourcePort!, 0);
    header.writeUInt16BE(packet.destinationPort!, 2);
    header.writeUInt16BE(16, 4);
    return checksummed(Buffer.concat([header, payload(id)]), 6, source, destination, protocol);
  }
  const header = Buffer.alloc(8);
  header[0] = packet.icmp!.type;
  header[1] = packet.icmp!.code;
  header.writeUInt32BE(id, 4); // identifier and sequence: a flow of its own
  const message = Buffer.concat([header, payload(id)]);
  // A timestamp request has three times behind the header.
  const full = packet.icmp!.type === 13 ? Buffer.concat([message, Buffer.alloc(4)]) : message;
  return checksummed(full, 2, source, destination, protocol);
}

function tcpSyn(packet: Packet, id: number): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(packet.sourcePort!, 0);
  header.writeUInt16BE(packet.destinationPort!, 2);
  header.writeUInt32BE(id, 4);
  header[12] = 5 << 4;
  header[13] = 0x02;
  header.writeUInt16BE(0xca11, 14);
  return header;
}

function checksummed(segment: Buffer, at: number, source: Buffer, destination: Buffer, protocol: number): Buffer {
  const pseudo =
    protocol === 1
      ? Buffer.alloc(0)
      : Buffer.concat([
          source,
          destination,
          Buffer.from([0, 0, segment.length >> 8, segment.length & 0xff, 0, 0, 0, protocol]),
        ]);
  const sum = checksum(Buffer.concat([pseudo, segment]));
  segment.writeUInt16BE(sum === 0 && protocol === 17 ? 0xffff : sum, at);
  return segment;
}

/** The Internet checksum, RFC 1071. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

function ipHeader(family: 4 | 6, source: Buffer, destination: Buffer, protocol: number, length: number): Buffer {
  if (family === 6) {
    const header = Buffer.from([0x60, 0, 0, 0, length >> 8, length & 0xff, protocol, 64]);
    return Buffer.concat([header, source, destination]);
  }
  const total = length + 20;
  const header = Buffer.concat([
    Buffer.from([0x45, 0, total >> 8, total & 0xff, 0, 0, 0x40, 0, 64, protocol, 0, 0]),
    source,
    destination,
  ]);
  header.writeUInt16BE(checksum(header), 10);
  return header;
}

function addressBytes(text: string): Buffer {
  if (!text.includes(':')) return Buffer.from(text.split('.').map(Number));
  const [head, tail] = text.split('::') as [string, string | undefined];
  const groups = (part: string) => part.split(':').filter((g) => g !== '');
  const left = groups(head);
  const right = groups(tail ?? '');
  const all = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return Buffer.from(all.map((g) => g.padStart(4, '0')).join(''), 'hex');
}
