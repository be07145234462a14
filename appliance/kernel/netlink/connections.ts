/**
 * Tracked connections, read whole and marked: what is needed to judge live flows again. I/O through `dump.ts` and `pipeline.ts`.
 * A host has a hundred thousand of them, so those of other addresses are passed over before anything of theirs is decoded.
 * Source: linux/netfilter/nfnetlink_conntrack.h.
 */
import { addressBits, type Family, parseAddress, printAddress } from '../../lib/ip/address.ts';
import type { Connection, ConnectionName, ConnectionTuple } from '../kernel.ts';
import type { NetlinkReader } from './dump.ts';
import { refused } from './dump.ts';
import { findAttribute, type MessageWriter, NLM } from './message.ts';
import { nfgenmsg } from './nft-numbers.ts';
import type { NetlinkPipeline } from './pipeline.ts';
import { FAMILY_NUMBERS, familyOf } from './route-numbers.ts';

const SUBSYSTEM = 1 << 8;
const CT = { new: SUBSYSTEM | 0, get: SUBSYSTEM | 1 } as const;
const CTA = { original: 1, reply: 2, status: 3, mark: 8, id: 12, zone: 18, markMask: 21 } as const;
const TUPLE = { ip: 1, proto: 2 } as const;
const SOURCE = { 4: 1, 6: 3 } as const;
const DESTINATION = { 4: 2, 6: 4 } as const;
const PROTO = { number: 1, sourcePort: 2, destinationPort: 3, icmpType: 5, icmpCode: 6, icmp6Type: 8, icmp6Code: 9 };
const UNSPECIFIED = 0;

/** Connections with one of these addresses as their original source or reply source; all when none are given. */
export async function readConnections(
  reader: NetlinkReader,
  addresses: ReadonlySet<string> | undefined,
): Promise<Connection[]> {
  const keys = addresses === undefined ? undefined : keysOf(addresses);
  const request = { type: CT.get, header: nfgenmsg(UNSPECIFIED) };
  return reader.dumpInto<Connection[]>(
    request,
    () => [],
    (found, { body }) => {
      const connection = readConnection(body, keys);
      if (connection !== undefined) found.push(connection);
    },
  );
}

/** The kernel passes over all others itself. */
export async function countMarked(reader: NetlinkReader, bit: number): Promise<number> {
  const request = {
    type: CT.get,
    header: nfgenmsg(UNSPECIFIED),
    attributes: (writer: MessageWriter) => {
      writer.u32be(CTA.mark, bit);
      writer.u32be(CTA.markMask, bit);
    },
  };
  const marked = await reader.dumpInto<{ count: number }>(
    request,
    () => ({ count: 0 }),
    (found, { body }) => {
      if (((findAttribute(body, CTA.mark, 4)?.readUInt32BE(0) ?? 0) & bit) !== 0) found.count++;
    },
  );
  return marked.count;
}

/** Addresses as the bytes of their attributes, which are compared without printing any. */
function keysOf(addresses: ReadonlySet<string>): Set<string> {
  const keys = new Set<string>();
  for (const text of addresses) {
    const address = parseAddress(text);
    if (address !== undefined) keys.add(Buffer.from(address.bytes).toString('latin1'));
  }
  return keys;
}

function readConnection(body: Buffer, keys: ReadonlySet<string> | undefined): Connection | undefined {
  const family = familyOf(body[0]);
  const original = findAttribute(body, CTA.original, 4);
  const reply = findAttribute(body, CTA.reply, 4);
  if (family === undefined || original === undefined || reply === undefined) return undefined;
  if (keys !== undefined && !keys.has(sourceKey(original, family)) && !keys.has(sourceKey(reply, family))) return;
  const proto = findAttribute(original, TUPLE.proto);
  const status = findAttribute(body, CTA.status, 4);
  const mark = findAttribute(body, CTA.mark, 4);
  return {
    family,
    protocol: (proto && findAttribute(proto, PROTO.number)?.[0]) ?? 0,
    original: readTuple(original, family),
    reply: readTuple(reply, family),
    status: status?.readUInt32BE(0) ?? 0,
    mark: mark?.readUInt32BE(0) ?? 0,
    name: readName(body, original),
  };
}

function sourceKey(tuple: Buffer, family: Family): string {
  const ip = findAttribute(tuple, TUPLE.ip);
  return (ip && findAttribute(ip, SOURCE[family])?.toString('latin1')) ?? '';
}

function readName(body: Buffer, original: Buffer): ConnectionName {
  const zone = findAttribute(body, CTA.zone, 4);
  return { tuple: Buffer.from(original), ...(zone === undefined ? {} : { zone: Buffer.from(zone) }) };
}

function readTuple(tuple: Buffer, family: Family): ConnectionTuple {
  const ip = findAttribute(tuple, TUPLE.ip);
  const proto = findAttribute(tuple, TUPLE.proto);
  const source = readAddress(ip && findAttribute(ip, SOURCE[family]), family);
  const destination = readAddress(ip && findAttribute(ip, DESTINATION[family]), family);
  const sourcePort = proto && findAttribute(proto, PROTO.sourcePort)?.readUInt16BE(0);
  const destinationPort = proto && findAttribute(proto, PROTO.destinationPort)?.readUInt16BE(0);
  const type = proto && findAttribute(proto, family === 4 ? PROTO.icmpType : PROTO.icmp6Type)?.[0];
  const code = proto && findAttribute(proto, family === 4 ? PROTO.icmpCode : PROTO.icmp6Code)?.[0];
  return {
    source,
    destination,
    ...(sourcePort === undefined || destinationPort === undefined ? {} : { sourcePort, destinationPort }),
    ...(type === undefined || code === undefined ? {} : { icmp: { type, code } }),
  };
}

function readAddress(bytes: Buffer | undefined, family: Family): string {
  return bytes?.length === addressBits(family) / 8 ? printAddress({ family, bytes }) : '';
}

export interface MarkChange {
  readonly mark: number;
  /** The bits that take the mark's value; the others stay. */
  readonly mask: number;
}

/** How many there still were. */
export async function markConnections(
  pipeline: NetlinkPipeline,
  connections: readonly Connection[],
  change: MarkChange,
): Promise<number> {
  const outcomes = await pipeline.send(connections, (writer, connection, sequence) => {
    writeMark(writer, connection, change, sequence);
  });
  const failure = outcomes.find((outcome) => outcome !== undefined && outcome.code !== 'ENOENT');
  if (failure !== undefined) throw refused(failure.code, failure.message);
  return outcomes.filter((outcome) => outcome === undefined).length;
}

/** The kernel turns over each bit of `mark`, masked or not. Without the flag that creates, it changes what is there or finds nothing. */
function writeMark(
  writer: MessageWriter,
  { family, name }: Connection,
  { mark, mask }: MarkChange,
  sequence: number,
): void {
  writer.begin(CT.new, NLM.request | NLM.ack, sequence);
  writer.raw(nfgenmsg(FAMILY_NUMBERS[family]));
  const tuple = writer.nest(CTA.original);
  writer.raw(name.tuple);
  writer.endNest(tuple);
  if (name.zone !== undefined) writer.attribute(CTA.zone, name.zone);
  writer.u32be(CTA.mark, (mark & mask) >>> 0);
  writer.u32be(CTA.markMask, mask);
  writer.end();
}
