/**
 * WireGuard devices over generic netlink: settings and peers, to and from messages. Pure.
 * The kernel tells the private key of a device to whoever may ask; it is not read here. Source: linux/wireguard.h, linux/genetlink.h.
 */
import { assert } from '../../lib/assert.ts';
import { parseAddress, parsePrefix, printAddress } from '../../lib/ip/address.ts';
import type { WireguardChange, WireguardDevice, WireguardDevicePeer, WireguardPeerSettings } from '../kernel.ts';
import type { Request } from './dump.ts';
import { type MessageWriter, NLM, readAttributes, readList } from './message.ts';
import { FAMILY_NUMBERS, familyOf } from './route-numbers.ts';

const CONTROL = { id: 16, getFamily: 3, familyId: 1, familyName: 2 } as const;
/** struct genlmsghdr. */
export const GENERIC_HEADER_LENGTH = 4;
const COMMAND = { get: 0, set: 1 } as const;
const DEVICE = { ifindex: 1, privateKey: 3, publicKey: 4, port: 6, mark: 7, peers: 8 } as const;
const PEER = {
  publicKey: 1,
  flags: 3,
  endpoint: 4,
  keepAlive: 5,
  lastHandshake: 6,
  received: 7,
  sent: 8,
  allowedNets: 9,
} as const;
const NET = { family: 1, address: 2, length: 3 } as const;
const PEER_REMOVE = 1;
const PEER_REPLACE_NETS = 2;

function genericHeader(command: number, version: number): Buffer {
  return Buffer.from([command, version, 0, 0]);
}

/** Asks for the number of the family `wireguard`; ENOENT while the kernel has it not, or not yet. */
export const familyRequest: Request = {
  type: CONTROL.id,
  header: genericHeader(CONTROL.getFamily, 1),
  attributes: (writer) => writer.string(CONTROL.familyName, 'wireguard'),
  isSingle: true,
};

export function readFamily(body: Buffer): number | undefined {
  return readAttributes(body, GENERIC_HEADER_LENGTH).get(CONTROL.familyId)?.readUInt16LE(0);
}

export function deviceRequest(family: number, ifindex: number): Request {
  return {
    type: family,
    header: genericHeader(COMMAND.get, 1),
    attributes: (writer) => writer.u32(DEVICE.ifindex, ifindex),
  };
}

/** One part of a dump: the peers of a device that has many come in several messages, and one peer may go on in the next. */
export function readDevicePart(body: Buffer): WireguardDevice {
  const attributes = readAttributes(body, GENERIC_HEADER_LENGTH);
  const key = attributes.get(DEVICE.publicKey);
  return {
    publicKey: key?.some((byte) => byte !== 0) === true ? key.toString('base64') : '',
    port: attributes.get(DEVICE.port)?.readUInt16LE(0) ?? 0,
    mark: attributes.get(DEVICE.mark)?.readUInt32LE(0) ?? 0,
    peers: readList(attributes.get(DEVICE.peers) ?? Buffer.alloc(0)).flatMap((peer) => readPeer(peer) ?? []),
  };
}

/** The parts of a dump as one device. */
export function joinDeviceParts(parts: readonly WireguardDevice[]): WireguardDevice | undefined {
  const [first] = parts;
  if (first === undefined) return undefined;
  const peers = new Map<string, WireguardDevicePeer>();
  for (const peer of parts.flatMap((part) => part.peers)) {
    const known = peers.get(peer.publicKey);
    const allowedNets = [...(known?.allowedNets ?? []), ...peer.allowedNets].sort();
    peers.set(peer.publicKey, { ...(known ?? peer), allowedNets });
  }
  return { ...first, peers: [...peers.values()] };
}

function readPeer(body: Buffer): WireguardDevicePeer | undefined {
  const attributes = readAttributes(body);
  const key = attributes.get(PEER.publicKey);
  if (key === undefined) return undefined;
  const endpoint = readEndpoint(attributes.get(PEER.endpoint));
  return {
    publicKey: key.toString('base64'),
    ...(endpoint === undefined ? {} : { endpoint }),
    keepAliveSeconds: attributes.get(PEER.keepAlive)?.readUInt16LE(0) ?? 0,
    allowedNets: readList(attributes.get(PEER.allowedNets) ?? Buffer.alloc(0)).flatMap((net) => readNet(net) ?? []),
    lastHandshakeSeconds: Number(attributes.get(PEER.lastHandshake)?.readBigInt64LE(0) ?? 0n),
    receivedBytes: attributes.get(PEER.received)?.readBigUInt64LE(0) ?? 0n,
    sentBytes: attributes.get(PEER.sent)?.readBigUInt64LE(0) ?? 0n,
  };
}

/** struct sockaddr_in or sockaddr_in6. */
function readEndpoint(bytes: Buffer | undefined): WireguardPeerSettings['endpoint'] {
  const family = bytes && familyOf(bytes.readUInt16LE(0));
  if (bytes === undefined || family === undefined) return undefined;
  const address = family === 4 ? bytes.subarray(4, 8) : bytes.subarray(8, 24);
  return { address: printAddress({ family, bytes: address }), port: bytes.readUInt16BE(2) };
}

function writeEndpoint({ address: text, port }: NonNullable<WireguardPeerSettings['endpoint']>): Buffer {
  const address = parseAddress(text);
  assert(address !== undefined, `${text} is an address`);
  const bytes = Buffer.alloc(address.family === 4 ? 16 : 28);
  bytes.writeUInt16LE(FAMILY_NUMBERS[address.family], 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(address.bytes, address.family === 4 ? 4 : 8);
  return bytes;
}

function readNet(body: Buffer): string | undefined {
  const attributes = readAttributes(body);
  const family = familyOf(attributes.get(NET.family)?.readUInt16LE(0));
  const bytes = attributes.get(NET.address);
  const length = attributes.get(NET.length)?.[0];
  return family === undefined || bytes === undefined ? undefined : `${printAddress({ family, bytes })}/${length}`;
}

/** What one message may hold: an attribute is shorter than 64 KiB. */
const NETS_MAX = 500;
const PEERS_MAX = 100;

type PeerPart =
  | { readonly publicKey: string; readonly isRemoved: true }
  | { readonly peer: WireguardPeerSettings; readonly nets: readonly string[]; readonly isFirst: boolean };

interface ChangePart {
  readonly settings: Pick<WireguardChange, 'privateKey' | 'port' | 'mark'>;
  readonly peers: readonly PeerPart[];
}

/** A change as messages: the settings first, then peers, so many to a message as fit. */
export function partsOfChange({ peers = [], removedPeers = [], ...settings }: WireguardChange): ChangePart[] {
  const parts: { settings: ChangePart['settings']; peers: PeerPart[] }[] = [{ settings, peers: [] }];
  let nets = 0;
  const add = (part: PeerPart, size: number) => {
    if (nets + size > NETS_MAX || parts.at(-1)!.peers.length >= PEERS_MAX) {
      parts.push({ settings: {}, peers: [] });
      nets = 0;
    }
    parts.at(-1)!.peers.push(part);
    nets += size;
  };
  for (const publicKey of removedPeers) add({ publicKey, isRemoved: true }, 0);
  for (const peer of peers) {
    for (let at = 0; at === 0 || at < peer.allowedNets.length; at += NETS_MAX) {
      const some = peer.allowedNets.slice(at, at + NETS_MAX);
      add({ peer, nets: some, isFirst: at === 0 }, some.length);
    }
  }
  return parts;
}

export function writeChangePart(
  writer: MessageWriter,
  sequence: number,
  family: number,
  ifindex: number,
  { settings, peers }: ChangePart,
): void {
  writer.begin(family, NLM.request | NLM.ack, sequence);
  writer.raw(genericHeader(COMMAND.set, 1));
  writer.u32(DEVICE.ifindex, ifindex);
  if (settings.privateKey !== undefined) writer.attribute(DEVICE.privateKey, settings.privateKey);
  if (settings.port !== undefined) writer.u16(DEVICE.port, settings.port);
  if (settings.mark !== undefined) writer.u32(DEVICE.mark, settings.mark);
  if (peers.length > 0) {
    const list = writer.nest(DEVICE.peers);
    for (const part of peers) writePeerPart(writer, part);
    writer.endNest(list);
  }
  writer.end();
}

function writePeerPart(writer: MessageWriter, part: PeerPart): void {
  const one = writer.nest(0);
  if ('isRemoved' in part) {
    writer.attribute(PEER.publicKey, Buffer.from(part.publicKey, 'base64'));
    writer.u32(PEER.flags, PEER_REMOVE);
  } else {
    const { peer, nets, isFirst } = part;
    writer.attribute(PEER.publicKey, Buffer.from(peer.publicKey, 'base64'));
    if (isFirst) {
      writer.u32(PEER.flags, PEER_REPLACE_NETS);
      if (peer.endpoint !== undefined) writer.attribute(PEER.endpoint, writeEndpoint(peer.endpoint));
      writer.u16(PEER.keepAlive, peer.keepAliveSeconds);
    }
    const list = writer.nest(PEER.allowedNets);
    for (const net of nets) writeNet(writer, net);
    writer.endNest(list);
  }
  writer.endNest(one);
}

function writeNet(writer: MessageWriter, text: string): void {
  const prefix = parsePrefix(text);
  assert(prefix !== undefined, `${text} is a network`);
  const one = writer.nest(0);
  writer.u16(NET.family, FAMILY_NUMBERS[prefix.address.family]);
  writer.attribute(NET.address, prefix.address.bytes);
  writer.u8(NET.length, prefix.length);
  writer.endNest(one);
}
