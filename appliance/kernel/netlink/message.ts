/**
 * Netlink messages as bytes: a writer over one growing buffer, and readers for messages and attributes. Pure.
 * Headers and rtnetlink attributes are in host order (little endian on all machines we run on), nfnetlink's in network order.
 * Source: linux/netlink.h, netlink(7).
 */
import { assert } from '../../lib/assert.ts';

/** Header flags. */
export const NLM = {
  request: 0x1,
  multi: 0x2,
  ack: 0x4,
  echo: 0x8,
  dumpInterrupted: 0x10,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  append: 0x800,
  dump: 0x300,
  capped: 0x100,
  ackHasAttributes: 0x200,
} as const;

export const HEADER_LENGTH = 16;
/** Attribute lengths are 16 bits wide. */
export const ATTRIBUTE_LENGTH_MAX = 0xffff;
const NESTED = 0x8000;
const TYPE_MASK = 0x3fff;

/** Appends messages and attributes; `begin` and `end`, `nest` and `endNest` go in pairs. */
export class MessageWriter {
  #buffer: Buffer<ArrayBuffer>;
  #length = 0;
  #start = 0;

  constructor(capacity = 4096) {
    this.#buffer = Buffer.allocUnsafeSlow(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** The bytes so far; valid until the next write. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  /** Forgets what was written behind the first `length` bytes. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** Gives the memory back now rather than when it is collected; the writer is of no more use. */
  release(): void {
    this.#buffer.buffer.transfer(0);
  }

  begin(type: number, flags: number, sequence: number): void {
    const at = this.#reserve(HEADER_LENGTH);
    this.#start = at;
    this.#buffer.writeUInt16LE(type, at + 4);
    this.#buffer.writeUInt16LE(flags, at + 6);
    this.#buffer.writeUInt32LE(sequence, at + 8);
    this.#buffer.writeUInt32LE(0, at + 12);
  }

  end(): void {
    this.#buffer.writeUInt32LE(this.#length - this.#start, this.#start);
  }

  /** Where the message being written, or the last one, begins. */
  get messageStart(): number {
    return this.#start;
  }

  /** Adds header flags to the message being written, or the last one. */
  addFlags(flags: number): void {
    const at = this.#start + 6;
    this.#buffer.writeUInt16LE(this.#buffer.readUInt16LE(at) | flags, at);
  }

  /** Bytes that are no attribute, such as a family's own header. */
  raw(data: Uint8Array): void {
    const at = this.#reserve(data.length);
    this.#buffer.set(data, at);
  }

  nest(type: number): number {
    const at = this.#reserve(4);
    this.#buffer.writeUInt16LE(type | NESTED, at + 2);
    return at;
  }

  endNest(at: number): void {
    const length = this.#length - at;
    assert(length <= ATTRIBUTE_LENGTH_MAX, 'a netlink attribute holds less than 64 KiB');
    this.#buffer.writeUInt16LE(length, at);
  }

  attribute(type: number, data: Uint8Array): void {
    const at = this.#header(type, data.length);
    this.#buffer.set(data, at);
  }

  u8(type: number, value: number): void {
    const at = this.#header(type, 1);
    this.#buffer[at] = value;
  }

  u16(type: number, value: number): void {
    const at = this.#header(type, 2);
    this.#buffer.writeUInt16LE(value, at);
  }

  u16be(type: number, value: number): void {
    const at = this.#header(type, 2);
    this.#buffer.writeUInt16BE(value, at);
  }

  u32(type: number, value: number): void {
    const at = this.#header(type, 4);
    this.#buffer.writeUInt32LE(value, at);
  }

  u32be(type: number, value: number): void {
    const at = this.#header(type, 4);
    this.#buffer.writeUInt32BE(value, at);
  }

  u64be(type: number, value: bigint): void {
    const at = this.#header(type, 8);
    this.#buffer.writeBigUInt64BE(value, at);
  }

  /** Text with the closing zero that the kernel wants. */
  string(type: number, text: string): void {
    const start = this.#length;
    const at = this.#header(type, text.length + 1);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.#length = start;
        this.#wideString(type, text);
        return;
      }
      this.#buffer[at + i] = code;
    }
    this.#buffer[at + text.length] = 0;
  }

  #wideString(type: number, text: string): void {
    const size = Buffer.byteLength(text);
    const at = this.#header(type, size + 1);
    this.#buffer.write(text, at);
    this.#buffer[at + size] = 0;
  }

  /** Room for an attribute of this payload; where the payload goes. To be called before `#buffer` is looked at: it may move. */
  #header(type: number, size: number): number {
    const at = this.#reserve(4 + size);
    this.#buffer.writeUInt16LE(4 + size, at);
    this.#buffer.writeUInt16LE(type, at + 2);
    return at + 4;
  }

  /** Room for `size` bytes and their padding to four, the padding zeroed. */
  #reserve(size: number): number {
    const at = this.#length;
    const padded = (size + 3) & ~3;
    if (at + padded > this.#buffer.length) this.#grow(at + padded);
    if (padded > size) this.#buffer.writeUInt32LE(0, at + padded - 4);
    this.#length = at + padded;
    return at;
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

/** One received message; `body` is a view into the receive buffer, valid until the next receive. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly body: Buffer;
}

/** The messages of one datagram. */
export function readMessages(datagram: Buffer): Message[] {
  const messages: Message[] = [];
  for (let at = 0; at + HEADER_LENGTH <= datagram.length; ) {
    const length = datagram.readUInt32LE(at);
    if (length < HEADER_LENGTH || at + length > datagram.length) break;
    messages.push({
      type: datagram.readUInt16LE(at + 4),
      flags: datagram.readUInt16LE(at + 6),
      sequence: datagram.readUInt32LE(at + 8),
      body: datagram.subarray(at + HEADER_LENGTH, at + length),
    });
    at += (length + 3) & ~3;
  }
  return messages;
}

/** Attributes by type (flag bits removed); of a repeated type the last. */
export type Attributes = ReadonlyMap<number, Buffer>;

export function readAttributes(body: Buffer, from = 0): Attributes {
  const attributes = new Map<number, Buffer>();
  forEachAttribute(body, from, (type, value) => attributes.set(type, value));
  return attributes;
}

/** The first attribute of a type; cheaper than reading them all where one is wanted of very many. */
export function findAttribute(body: Buffer, wanted: number, from = 0): Buffer | undefined {
  for (let at = from; at + 4 <= body.length; ) {
    const length = body.readUInt16LE(at);
    if (length < 4 || at + length > body.length) return undefined;
    if ((body.readUInt16LE(at + 2) & TYPE_MASK) === wanted) return body.subarray(at + 4, at + length);
    at += (length + 3) & ~3;
  }
  return undefined;
}

/** The values of a list of nested attributes, in order. */
export function readList(body: Buffer): Buffer[] {
  const values: Buffer[] = [];
  forEachAttribute(body, 0, (_type, value) => values.push(value));
  return values;
}

function forEachAttribute(body: Buffer, from: number, visit: (type: number, value: Buffer) => void): void {
  for (let at = from; at + 4 <= body.length; ) {
    const length = body.readUInt16LE(at);
    if (length < 4 || at + length > body.length) return;
    visit(body.readUInt16LE(at + 2) & TYPE_MASK, body.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
}

/** Text up to its closing zero. */
export function readString(value: Buffer | undefined): string {
  if (value === undefined) return '';
  const end = value.indexOf(0);
  return value.toString('utf8', 0, end < 0 ? value.length : end);
}
