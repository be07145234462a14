/**
 * Traffic control over rtnetlink: token buckets at a link's root, and what comes in led through an intermediate (IFB) link. Pure.
 * Source: rtnetlink(7), tc-tbf(8), linux/pkt_sched.h, linux/pkt_cls.h, linux/tc_act/tc_mirred.h.
 */
import type { Qdisc, TokenBucket, TrafficOperation } from '../kernel.ts';
import type { Request } from './dump.ts';
import { IFF_UP, IFLA, IFLA_INFO, LINK_HEADER_LENGTH } from './links.ts';
import { type MessageWriter, NLM, readAttributes, readString } from './message.ts';
import { RTM } from './route-numbers.ts';

/** struct tcmsg. */
const HEADER_LENGTH = 20;
const TCA = { kind: 1, options: 2 } as const;
const ROOT = 0xffffffff;
const INGRESS = 0xfffffff1;
const INGRESS_HANDLE = 0xffff0000;
/** Priority 1, any protocol. */
const FILTER_INFO = 0x00010300;
const TBF = { parms: 1, rate64: 4, peakRate64: 5, burst: 6, peakBurst: 7 } as const;
const U32 = { selector: 5, actions: 7 } as const;
const ACTION = { kind: 1, options: 2 } as const;
const MIRRED_PARMS = 2;
const LINK_LAYER_ETHERNET = 1;
const UINT32_MAX = 0xffffffff;

export const qdiscsRequest: Request = { type: RTM.getQdisc, header: Buffer.alloc(HEADER_LENGTH) };

export function readQdisc(body: Buffer): Qdisc | undefined {
  if (body.length < HEADER_LENGTH) return undefined;
  const parent = body.readUInt32LE(12);
  if (parent !== ROOT && parent !== INGRESS) return undefined;
  return {
    ifindex: body.readInt32LE(4),
    kind: readString(readAttributes(body, HEADER_LENGTH).get(TCA.kind)),
    handle: body.readUInt32LE(8),
    place: parent === ROOT ? 'root' : 'ingress',
  };
}

type Of<Type extends TrafficOperation['type']> = Extract<TrafficOperation, { type: Type }>;
type Writers = {
  [Type in TrafficOperation['type']]: (writer: MessageWriter, operation: Of<Type>, sequence: number) => void;
};

const writers: Writers = {
  'replace-token-bucket'(writer, { ifindex, handle, bucket }, sequence) {
    writer.begin(RTM.newQdisc, NLM.request | NLM.ack | NLM.create | NLM.replace, sequence);
    writer.raw(header(ifindex, handle, ROOT, 0));
    writer.string(TCA.kind, 'tbf');
    writeBucket(writer, bucket);
    writer.end();
  },
  'add-ingress'(writer, { ifindex }, sequence) {
    writer.begin(RTM.newQdisc, NLM.request | NLM.ack | NLM.create | NLM.exclusive, sequence);
    writer.raw(header(ifindex, INGRESS_HANDLE, INGRESS, 0));
    writer.string(TCA.kind, 'ingress');
    writer.end();
  },
  'add-redirect'(writer, { ifindex, to }, sequence) {
    writer.begin(RTM.newFilter, NLM.request | NLM.ack | NLM.create | NLM.exclusive, sequence);
    writer.raw(header(ifindex, 0, INGRESS_HANDLE, FILTER_INFO));
    writer.string(TCA.kind, 'u32');
    writeRedirect(writer, to);
    writer.end();
  },
  'delete-qdisc'(writer, { ifindex, place }, sequence) {
    writer.begin(RTM.deleteQdisc, NLM.request | NLM.ack, sequence);
    writer.raw(header(ifindex, 0, place === 'root' ? ROOT : INGRESS, 0));
    writer.end();
  },
  'add-ifb'(writer, { name, mtuBytes }, sequence) {
    writer.begin(RTM.newLink, NLM.request | NLM.ack | NLM.create | NLM.exclusive, sequence);
    const up = Buffer.alloc(LINK_HEADER_LENGTH);
    up.writeUInt32LE(IFF_UP, 8);
    up.writeUInt32LE(IFF_UP, 12);
    writer.raw(up);
    writer.string(IFLA.name, name);
    writer.u32(IFLA.mtu, mtuBytes);
    const info = writer.nest(IFLA.linkInfo);
    writer.string(IFLA_INFO.kind, 'ifb');
    writer.endNest(info);
    writer.end();
  },
  'delete-ifb'(writer, { ifindex }, sequence) {
    writer.begin(RTM.deleteLink, NLM.request | NLM.ack, sequence);
    const which = Buffer.alloc(LINK_HEADER_LENGTH);
    which.writeInt32LE(ifindex, 4);
    writer.raw(which);
    writer.end();
  },
};

export function writeTrafficOperation(writer: MessageWriter, operation: TrafficOperation, sequence: number): void {
  const write = writers[operation.type] as (w: MessageWriter, operation: TrafficOperation, sequence: number) => void;
  write(writer, operation, sequence);
}

function header(ifindex: number, handle: number, parent: number, info: number): Buffer {
  const bytes = Buffer.alloc(HEADER_LENGTH);
  bytes.writeInt32LE(ifindex, 4);
  bytes.writeUInt32LE(handle >>> 0, 8);
  bytes.writeUInt32LE(parent >>> 0, 12);
  bytes.writeUInt32LE(info, 16);
  return bytes;
}

/** The kernel works in bytes and nanoseconds when it is given the burst in bytes; rates beyond 32 bits have attributes of their own. */
function writeBucket(writer: MessageWriter, bucket: TokenBucket): void {
  const { rateBytes, burstBytes, limitBytes, peak } = bucket;
  const parms = Buffer.alloc(36);
  writeRate(parms, 0, rateBytes);
  if (peak !== undefined) writeRate(parms, 12, peak.rateBytes);
  parms.writeUInt32LE(Math.min(limitBytes, UINT32_MAX), 24);
  const options = writer.nest(TCA.options);
  writer.attribute(TBF.parms, parms);
  writer.u32(TBF.burst, Math.min(burstBytes, UINT32_MAX));
  if (rateBytes > UINT32_MAX) writer.attribute(TBF.rate64, longWord(rateBytes));
  if (peak !== undefined) {
    writer.u32(TBF.peakBurst, Math.min(peak.burstBytes, UINT32_MAX));
    if (peak.rateBytes > UINT32_MAX) writer.attribute(TBF.peakRate64, longWord(peak.rateBytes));
  }
  writer.endNest(options);
}

/** struct tc_ratespec. */
function writeRate(into: Buffer, at: number, rateBytes: number): void {
  into[at + 1] = LINK_LAYER_ETHERNET;
  into.writeUInt32LE(Math.min(rateBytes, UINT32_MAX), at + 8);
}

function longWord(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(Math.floor(value)));
  return bytes;
}

const TERMINAL = 1;
const STOLEN = 4;
const EGRESS_REDIRECT = 1;

/** A u32 filter with one key that everything matches, and mirred as its action. */
function writeRedirect(writer: MessageWriter, to: number): void {
  const selector = Buffer.alloc(16 + 16);
  selector[0] = TERMINAL;
  selector[2] = 1;
  const mirred = Buffer.alloc(28);
  mirred.writeInt32LE(STOLEN, 8);
  mirred.writeInt32LE(EGRESS_REDIRECT, 20);
  mirred.writeUInt32LE(to, 24);
  const options = writer.nest(TCA.options);
  writer.attribute(U32.selector, selector);
  const actions = writer.nest(U32.actions);
  const action = writer.nest(1);
  writer.string(ACTION.kind, 'mirred');
  const parameters = writer.nest(ACTION.options);
  writer.attribute(MIRRED_PARMS, mirred);
  writer.endNest(parameters);
  writer.endNest(action);
  writer.endNest(actions);
  writer.endNest(options);
}
