/** Routes to and from rtnetlink messages. Pure. Source: rtnetlink(7), linux/rtnetlink.h. */
import { assert } from '../../lib/assert.ts';
import { parseAddress, parsePrefix, printAddress } from '../../lib/ip/address.ts';
import type { Route } from '../kernel.ts';
import type { Request } from './dump.ts';
import { type Attributes, type MessageWriter, NLM, readAttributes } from './message.ts';
import { FAMILY_NUMBERS, familyOf, RTM } from './route-numbers.ts';

/** struct rtmsg. */
const HEADER_LENGTH = 12;
const RTA = { destination: 1, oif: 4, gateway: 5, priority: 6, source: 7, table: 15 } as const;
const TYPES = { unicast: 1, local: 2, blackhole: 6, unreachable: 7, prohibit: 8, throw: 9 } as const;
const SCOPES = { universe: 0, link: 253, host: 254 } as const;
const SCOPE_NOWHERE = 255;
const ONLINK = 4;
const CLONED = 0x200;

export function routesRequest(family: 4 | 6): Request {
  const header = Buffer.alloc(HEADER_LENGTH);
  header[0] = FAMILY_NUMBERS[family];
  return { type: RTM.getRoute, header };
}

/** Undefined for what the port does not speak of: multicast, broadcast and cached routes. */
export function readRoute(body: Buffer): Route | undefined {
  if (body.length < HEADER_LENGTH) return undefined;
  const family = familyOf(body[0]);
  const type = nameOf(TYPES, body[7]!);
  const flags = body.readUInt32LE(8);
  if (family === undefined || type === undefined || (flags & CLONED) !== 0) return undefined;
  const attributes = readAttributes(body, HEADER_LENGTH);
  return {
    family,
    destination: readDestination(family, body[1]!, attributes),
    table: attributes.get(RTA.table)?.readUInt32LE(0) ?? body[4]!,
    protocol: body[5]!,
    priority: attributes.get(RTA.priority)?.readUInt32LE(0) ?? 0,
    type,
    scope: nameOf(SCOPES, body[6]!) ?? 'universe',
    ...readHop(family, type, attributes),
    ...((flags & ONLINK) !== 0 ? { isOnlink: true } : {}),
  };
}

function readDestination(family: 4 | 6, length: number, attributes: Attributes): string {
  const bytes = attributes.get(RTA.destination) ?? Buffer.alloc(family === 4 ? 4 : 16);
  return `${printAddress({ family, bytes })}/${length}`;
}

function readHop(
  family: 4 | 6,
  type: Route['type'],
  attributes: Attributes,
): Pick<Route, 'oif' | 'gateway' | 'source'> {
  const oif = attributes.get(RTA.oif)?.readUInt32LE(0);
  const gateway = attributes.get(RTA.gateway);
  const source = attributes.get(RTA.source);
  // IPv6 hangs routes that lead nowhere on the loopback link; nobody asked for that.
  const isGoing = type === 'unicast' || type === 'local';
  return {
    ...(oif === undefined || !isGoing ? {} : { oif }),
    ...(gateway === undefined ? {} : { gateway: printAddress({ family, bytes: gateway }) }),
    ...(source === undefined ? {} : { source: printAddress({ family, bytes: source }) }),
  };
}

function nameOf<Name extends string>(numbers: Record<Name, number>, number: number): Name | undefined {
  return (Object.keys(numbers) as Name[]).find((name) => numbers[name] === number);
}

/** Adds the route, or takes the place of the one with the same destination and priority. */
export function writeReplaceRoute(writer: MessageWriter, route: Route, sequence: number): void {
  writer.begin(RTM.newRoute, NLM.request | NLM.ack | NLM.create | NLM.replace, sequence);
  writer.raw(header(route, SCOPES[route.scope], route.isOnlink ? ONLINK : 0));
  writeAttributes(writer, route);
  writer.end();
}

/** Deletes the route with this destination, priority, protocol, type and hop. */
export function writeDeleteRoute(writer: MessageWriter, route: Route, sequence: number): void {
  writer.begin(RTM.deleteRoute, NLM.request | NLM.ack, sequence);
  // "Nowhere" matches every scope.
  writer.raw(header(route, SCOPE_NOWHERE, 0));
  writeAttributes(writer, route);
  writer.end();
}

function header(route: Route, scope: number, flags: number): Buffer {
  const bytes = Buffer.alloc(HEADER_LENGTH);
  bytes[0] = FAMILY_NUMBERS[route.family];
  bytes[1] = prefixOf(route).length;
  bytes[4] = route.table < 256 ? route.table : 0;
  bytes[5] = route.protocol;
  bytes[6] = scope;
  bytes[7] = TYPES[route.type];
  bytes.writeUInt32LE(flags, 8);
  return bytes;
}

function prefixOf(route: Route) {
  const prefix = parsePrefix(route.destination);
  assert(prefix?.address.family === route.family, `${route.destination} is a destination of IPv${route.family}`);
  return prefix;
}

function writeAttributes(writer: MessageWriter, route: Route): void {
  const prefix = prefixOf(route);
  if (prefix.length > 0) writer.attribute(RTA.destination, prefix.address.bytes);
  writer.u32(RTA.table, route.table);
  if (route.priority !== 0) writer.u32(RTA.priority, route.priority);
  if (route.oif !== undefined) writer.u32(RTA.oif, route.oif);
  if (route.gateway !== undefined) writer.attribute(RTA.gateway, addressBytes(route.gateway));
  if (route.source !== undefined) writer.attribute(RTA.source, addressBytes(route.source));
}

function addressBytes(text: string): Uint8Array {
  const address = parseAddress(text);
  assert(address !== undefined, `${text} is an address`);
  return address.bytes;
}
