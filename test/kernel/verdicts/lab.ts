/**
 * The lab: one namespace that is the host under test, one that holds the far ends of all its links. Packets are put on the wire byte by byte and looked
 * for where they should come out, so a verdict is what the kernel did and nothing else. I/O.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { buildFrame, buildPacket, packetId, packetPorts } from './frames.ts';
import {
  externalAddresses,
  farAddresses,
  hostLinks,
  linkAddresses,
  workloadAddresses,
  workloadLinks,
} from './generate.ts';
import type { Flow } from './model.ts';
import { openDeliverySocket, openOriginSocket, openPacketSocket, type RawSocket } from './raw-sockets.ts';

export interface Lab {
  /** Name of the namespace of the host under test. */
  readonly host: string;
  /** Sends one packet for each flow, all of new connections, and says what came out where they were going. */
  probe(flows: readonly Flow[]): Promise<(Arrival | undefined)[]>;
  /** Sends packets of connections that are there. */
  follow(flows: readonly Flow[]): Promise<(Arrival | undefined)[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The ends of a packet that came out; of what is delivered to the host by IPv6 the ports only, which is all that the kernel tells. */
export interface Arrival {
  readonly source?: string;
  readonly destination?: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

interface Wire {
  readonly socket: RawSocket;
  /** MAC of the far end and of the host's end. */
  readonly farMac: Buffer;
  readonly hostMac: Buffer;
}

const protocols = { 4: [1, 6, 17, 99], 6: [58, 6, 17, 99] } as const;

export async function openLab(): Promise<Lab> {
  const suffix = randomBytes(3).toString('hex');
  const host = `vh-${suffix}`;
  const far = `vf-${suffix}`;
  await batch(['netns', 'add', host], ['netns', 'add', far]);
  for (const ns of [host, far]) await execa('ip', ['-n', ns, 'link', 'set', 'lo', 'up']);
  await sysctl(far, 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1');
  await sysctl(
    host,
    'net.ipv6.conf.default.accept_dad=0',
    'net.ipv6.conf.default.accept_ra=0',
    'net.ipv4.conf.default.rp_filter=0',
  );
  const wires = new Map<string, Wire>();
  for (const link of [...workloadLinks, ...hostLinks]) wires.set(link, await addWire(host, far, link));
  await addAddresses(host);
  await sysctl(host, 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1', 'net.ipv4.conf.all.rp_filter=0');
  const families = [4, 6] as const;
  const deliveries = families.flatMap((family) =>
    protocols[family].map((protocol) => ({ family, protocol, socket: openDeliverySocket(host, family, protocol) })),
  );
  const origins = { 4: openOriginSocket(host, 4), 6: openOriginSocket(host, 6) };
  let nextId = 1;

  return {
    host,
    async probe(flows) {
      await execa('ip', ['netns', 'exec', host, 'conntrack', '-F'], { stderr: 'ignore' });
      return pass(flows);
    },
    follow: pass,
    async [Symbol.asyncDispose]() {
      for (const s of [...wires.values(), ...deliveries]) s.socket.close();
      origins[4].close();
      origins[6].close();
      for (const ns of [host, far]) await execa('ip', ['netns', 'del', ns], { reject: false });
    },
  };

  async function pass(flows: readonly Flow[]): Promise<(Arrival | undefined)[]> {
    for (const s of [...wires.values(), ...deliveries]) s.socket.drain();
    const first = nextId;
    nextId += flows.length;
    const seen = new Map<string, Arrival>();
    for (const [i, flow] of flows.entries()) send(flow, first + i);
    // Delivery over veth happens in the sender's own softirq; a little patience covers what the kernel put off.
    for (let quiet = 0; quiet < 3; ) {
      const before = seen.size;
      collect(seen);
      quiet = seen.size === before ? quiet + 1 : 0;
      await sleep(2);
    }
    return flows.map((flow, i) => seen.get(`${flow.to} ${first + i}`));
  }

  function send(flow: Flow, id: number): void {
    const sourcePort = flow.packet.sourcePort === 0 ? 32768 + (id % 28000) : flow.packet.sourcePort;
    const bytes = buildPacket({ ...flow.packet, ...(sourcePort === undefined ? {} : { sourcePort }) }, id);
    const wire = wires.get(flow.from);
    if (wire === undefined) origins[flow.packet.family].send(bytes);
    else wire.socket.send(buildFrame(wire.farMac, wire.hostMac, bytes));
  }

  function collect(seen: Map<string, Arrival>): void {
    for (const [link, wire] of wires) {
      for (const frame of wire.socket.drain()) take(link, readPacket(frame.subarray(14)));
    }
    for (const { family, protocol, socket } of deliveries) {
      for (const packet of socket.drain()) {
        take('host', family === 4 ? readPacket(packet) : { protocol, segment: packet, ends: {} });
      }
    }

    function take(place: string, packet: ReadPacket | undefined): void {
      const id = packet && packetId(packet.protocol, packet.segment);
      if (packet !== undefined && id !== undefined) {
        seen.set(`${place} ${id}`, { ...packet.ends, ...packetPorts(packet.protocol, packet.segment) });
      }
    }
  }
}

interface ReadPacket {
  readonly protocol: number;
  readonly segment: Buffer;
  readonly ends: Arrival;
}

function readPacket(packet: Buffer): ReadPacket | undefined {
  const version = packet[0]! >> 4;
  if (version === 4) {
    const ends = { source: printFour(packet, 12), destination: printFour(packet, 16) };
    return { protocol: packet[9]!, segment: packet.subarray((packet[0]! & 15) * 4), ends };
  }
  if (version !== 6) return undefined;
  const ends = { source: printSix(packet, 8), destination: printSix(packet, 24) };
  return { protocol: packet[6]!, segment: packet.subarray(40), ends };
}

function printFour(packet: Buffer, at: number): string {
  return packet.subarray(at, at + 4).join('.');
}

/** As the generator writes its own: a first group and a last one. */
function printSix(packet: Buffer, at: number): string {
  return `${packet.readUInt16BE(at).toString(16)}::${packet.readUInt16BE(at + 14).toString(16)}`;
}

async function addWire(host: string, far: string, link: string): Promise<Wire> {
  await execa('ip', ['-n', host, 'link', 'add', link, 'type', 'veth', 'peer', 'name', link, 'netns', far]);
  for (const ns of [host, far]) await execa('ip', ['-n', ns, 'link', 'set', link, 'up']);
  const [farEnd, hostEnd] = await Promise.all([far, host].map((ns) => describe(ns, link)));
  return { socket: openPacketSocket(far, farEnd!.index), farMac: farEnd!.mac, hostMac: hostEnd!.mac };
}

async function describe(ns: string, link: string): Promise<{ index: number; mac: Buffer }> {
  const { stdout } = await execa('ip', ['-n', ns, '-j', 'link', 'show', link]);
  const [info] = JSON.parse(stdout) as { ifindex: number; address: string }[];
  return { index: info!.ifindex, mac: Buffer.from(info!.address.replaceAll(':', ''), 'hex') };
}

/** The host's own addresses, routes to the workloads, and neighbours written in by hand: the far ends answer no questions. */
async function addAddresses(host: string): Promise<void> {
  const add = async (...words: string[]) => void (await execa('ip', ['-n', host, ...words]));
  for (const link of hostLinks) {
    for (const address of linkAddresses[link]) {
      const isV6 = address.includes(':');
      await add('address', 'add', `${address}/${isV6 ? 64 : 24}`, 'dev', link, ...(isV6 ? ['nodad'] : []));
    }
    for (const address of farAddresses[link])
      await add('neigh', 'replace', address, 'lladdr', '02:00:00:00:00:01', 'dev', link);
  }
  for (const [i, link] of workloadLinks.entries()) {
    for (const address of workloadAddresses(i)) {
      await add('route', 'replace', address, 'dev', link);
      await add('neigh', 'replace', address, 'lladdr', '02:00:00:00:00:01', 'dev', link);
    }
    // Reached as they are by what is not tracked.
    for (const address of externalAddresses(i))
      await add('neigh', 'replace', address, 'lladdr', '02:00:00:00:00:01', 'dev', link);
  }
}

async function sysctl(ns: string, ...settings: string[]): Promise<void> {
  await execa('ip', ['netns', 'exec', ns, 'sysctl', '-qw', ...settings]);
}

async function batch(...commands: string[][]): Promise<void> {
  for (const words of commands) await execa('ip', words);
}
