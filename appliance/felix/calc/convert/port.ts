/** Protocols and ports as stored: names or numbers, single ports, ranges or named ports. Pure. */
import type { PortRange } from '../../model/policy.ts';
import type { Fields } from './fields.ts';

/** A named port of an endpoint. */
export interface EndpointPort {
  readonly name: string;
  readonly protocol: number;
  readonly port: number;
}

/** The ports of one side of a rule. */
export interface PortMatch {
  readonly ranges: readonly PortRange[];
  readonly names: readonly string[];
}

export const protocols = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132, udplite: 136 } as const;

const protocolNumbers: ReadonlyMap<string, number> = new Map(Object.entries(protocols));
const portName = /^(?!\d+$)[a-zA-Z0-9_.-]{1,128}$/;

/** True for the protocols whose ports we can match. */
export function hasPorts(protocol: number): boolean {
  return protocol === protocols.tcp || protocol === protocols.udp || protocol === protocols.sctp;
}

/** The protocol number of a field (name, digits or number), or undefined when absent. */
export function readProtocol(fields: Fields, name: string): number | undefined {
  const raw = fields.raw(name);
  if (raw === undefined) return undefined;
  const number = typeof raw === 'string' ? protocolOf(raw) : raw;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= 255) return number;
  return fields.refuse(name, 'not a protocol', raw);
}

/** The ports of a rule's side. */
export function readPorts(fields: Fields, name: string): PortMatch {
  const matches = fields.array(name).map((entry, i) => portOf(fields, `${name}[${i}]`, entry));
  return { ranges: matches.flatMap((match) => match.ranges), names: matches.flatMap((match) => match.names) };
}

/** The one port, range or name of a field. */
export function readPort(fields: Fields, name: string): PortMatch {
  return portOf(fields, name, fields.raw(name));
}

/** The named ports of an endpoint; ports without a name only matter to others. */
export function readEndpointPorts(fields: Fields, name: string): readonly EndpointPort[] {
  const ports: EndpointPort[] = [];
  for (const entry of fields.children(name)) {
    const port = readEndpointPort(entry);
    if (port !== undefined) ports.push(port);
  }
  return ports;
}

function readEndpointPort(entry: Fields): EndpointPort | undefined {
  const name = entry.text('name');
  if (name === '') return undefined;
  const protocol = readProtocol(entry, 'protocol');
  const port = entry.raw('port');
  if (protocol === undefined) return entry.refuse('protocol', 'missing');
  if (!isPort(port)) return entry.refuse('port', 'not a port number', port);
  return { name, protocol, port };
}

function portOf(fields: Fields, name: string, entry: unknown): PortMatch {
  const range = typeof entry === 'string' || typeof entry === 'number' ? rangeOf(entry) : undefined;
  if (range !== undefined) return { ranges: [range], names: [] };
  if (typeof entry === 'string' && portName.test(entry)) return { ranges: [], names: [entry] };
  fields.refuse(name, 'not a port', entry);
  return { ranges: [], names: [] };
}

function protocolOf(text: string): number | undefined {
  return /^\d{1,3}$/.test(text) ? Number(text) : protocolNumbers.get(text.toLowerCase());
}

function rangeOf(entry: string | number): PortRange | undefined {
  const [, low, high] = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(String(entry)) ?? [];
  if (low === undefined) return undefined;
  const first = Number(low);
  const last = high === undefined ? first : Number(high);
  return isPort(first) && isPort(last) && first <= last ? { first, last } : undefined;
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff;
}
