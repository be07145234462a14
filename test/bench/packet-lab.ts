/**
 * A host that forwards between two links, and both far ends: frames are sent on one and counted on the other. The sender's own system call carries a
 * packet the whole way, so what a call takes is what the packet costs. I/O.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createNamespace, type TestNamespace } from '../kernel/netlink/namespace.ts';
import { buildFrame, buildPacket } from '../kernel/verdicts/frames.ts';
import { openPacketSocket, type RawSocket } from '../kernel/verdicts/raw-sockets.ts';

export const clientAddress = '192.0.2.2';
export const workloadAddress = '10.65.0.1';
export const workloadLink = 'cali0';
export const servicePort = 5000;

export interface PacketLab extends AsyncDisposable {
  readonly host: TestNamespace;
  /** New flows a second: every packet is the first of its flow. */
  newFlows(budgetMs: number): Promise<number>;
  /** Packets a second of flows that were answered. */
  establishedPackets(budgetMs: number): Promise<number>;
  /** Milliseconds from the call that sends the first packet of a flow until it has been received. */
  firstPacketMs(count: number): Promise<number[]>;
}

/** As many source ports as a round takes at most. */
const flowsMax = 60_000;
const establishedFlows = 64;
const sliceMs = 50;

export async function openPacketLab(): Promise<PacketLab> {
  const host = await createNamespace();
  const client = await createNamespace();
  const workload = await createNamespace();
  await addWire(host, client, 'eth0');
  await addWire(host, workload, workloadLink);
  await host.exec('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.all.rp_filter=0');
  await host.exec('ip', 'address', 'add', '192.0.2.1/24', 'dev', 'eth0');
  await host.exec('ip', 'route', 'add', workloadAddress, 'dev', workloadLink);
  const clientEnd = await endOf(client);
  const workloadEnd = await endOf(workload);
  for (const [address, { mac }, link] of [
    [clientAddress, clientEnd, 'eth0'],
    [workloadAddress, workloadEnd, workloadLink],
  ] as const) {
    await host.exec('ip', 'neigh', 'replace', address, 'lladdr', mac, 'dev', link);
  }
  const sender = openPacketSocket(client.name, clientEnd.index);
  const answerer = openPacketSocket(workload.name, workloadEnd.index);
  const toHost = await macOf(host, 'eth0');
  const fromHost = await macOf(host, workloadLink);
  const frames = Array.from({ length: flowsMax }, (_, i) => frameOf(clientEnd.mac, toHost, 1024 + i));
  const answers = frames.slice(0, establishedFlows).map((_, i) => answerOf(workloadEnd.mac, fromHost, 1024 + i));
  const forget = () => host.exec('conntrack', '-F').catch(() => '');
  const received = () => receivedOn(workload);

  return {
    host,
    async newFlows(budgetMs) {
      await forget();
      return rate(sender, frames, budgetMs, frames.length, received);
    },
    async establishedPackets(budgetMs) {
      await forget();
      for (let i = 0; i < establishedFlows; i++) {
        sender.send(frames[i]!);
        answerer.send(answers[i]!);
      }
      return rate(sender, frames.slice(0, establishedFlows), budgetMs, Number.POSITIVE_INFINITY, received);
    },
    async firstPacketMs(count) {
      await forget();
      answerer.drain();
      return frames.slice(0, count).map((frame) => timeOne(sender, answerer, frame));
    },
    async [Symbol.asyncDispose]() {
      sender.close();
      answerer.close();
      for (const ns of [client, workload, host]) await ns[Symbol.asyncDispose]();
    },
  };
}

/** Packets whose time is taken together: few, so that most are over before somebody else gets the processor. */
const batch = 16;

/** Sends for a while; packets a second, by the median time of a batch: what other processes take of the machine does not count. */
async function rate(
  sender: RawSocket,
  frames: readonly Buffer[],
  budgetMs: number,
  countMax: number,
  received: () => Promise<number>,
): Promise<number> {
  const before = await received();
  const start = performance.now();
  const times: number[] = [];
  let sent = 0;
  for (let now = start; sent + batch <= countMax && now - start < budgetMs; ) {
    for (let i = 0; i < batch; i++) sender.send(frames[sent++ % frames.length]!);
    const after = performance.now();
    times.push(after - now);
    now = after;
  }
  await sleep(sliceMs);
  const arrived = (await received()) - before;
  if (arrived < sent * 0.99) throw new Error(`only ${arrived} of ${sent} packets came through`);
  const median = times.sort((a, b) => a - b)[times.length >> 1] ?? Number.POSITIVE_INFINITY;
  return (batch * 1000) / median;
}

function timeOne(sender: RawSocket, receiver: RawSocket, frame: Buffer): number {
  const start = performance.now();
  sender.send(frame);
  while (receiver.drain().length === 0) {
    if (performance.now() - start > 1000) throw new Error('a packet did not come through');
  }
  return performance.now() - start;
}

function frameOf(fromMac: string, toMac: string, sourcePort: number): Buffer {
  const ends = { source: clientAddress, destination: workloadAddress, sourcePort, destinationPort: servicePort };
  return buildFrame(bytesOf(fromMac), bytesOf(toMac), buildPacket({ family: 4, protocol: 'UDP', ...ends }, sourcePort));
}

function answerOf(fromMac: string, toMac: string, port: number): Buffer {
  const ends = { source: workloadAddress, destination: clientAddress, sourcePort: servicePort, destinationPort: port };
  return buildFrame(bytesOf(fromMac), bytesOf(toMac), buildPacket({ family: 4, protocol: 'UDP', ...ends }, port));
}

function bytesOf(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}

async function addWire(host: TestNamespace, far: TestNamespace, link: string): Promise<void> {
  await host.exec('ip', 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', far.name);
  await host.exec('sysctl', '-qw', `net.ipv6.conf.${link}.disable_ipv6=1`);
  await far.exec('sysctl', '-qw', 'net.ipv6.conf.eth0.disable_ipv6=1');
  await host.exec('ip', 'link', 'set', link, 'up');
  await far.exec('ip', 'link', 'set', 'eth0', 'up');
}

async function endOf(far: TestNamespace): Promise<{ index: number; mac: string }> {
  const [link] = JSON.parse(await far.exec('ip', '-j', 'link', 'show', 'eth0')) as {
    ifindex: number;
    address: string;
  }[];
  return { index: link!.ifindex, mac: link!.address };
}

async function macOf(host: TestNamespace, name: string): Promise<string> {
  const [link] = JSON.parse(await host.exec('ip', '-j', 'link', 'show', name)) as { address: string }[];
  return link!.address;
}

async function receivedOn(far: TestNamespace): Promise<number> {
  const [link] = JSON.parse(await far.exec('ip', '-j', '-s', 'link', 'show', 'eth0')) as {
    stats64: { rx: { packets: number } };
  }[];
  return link!.stats64.rx.packets;
}

/** Processors of this machine, for the head of the table. */
export function processorOf(): string {
  return /model name\s*: (.*)/.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown processor';
}
