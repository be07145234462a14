/**
 * Members of IP sets as the kernel's elements: which shared set each lies in, and its key. Pure.
 * There are very many, so a key is written into one scratch buffer that the next one overwrites.
 */
import { assert } from '../../../lib/assert.ts';
import type { Prefix } from '../../../lib/ip/address.ts';
import { parseAddress } from '../../../lib/ip/address.ts';
import { hostPortSet, hostSet, isIntervalSet, portRangeSet } from '../../render/set-layout.ts';
import type { Interval } from './interval-index.ts';

/** Both ends of an interval of IPv6 addresses, ids included, are the longest. */
const keyBytesMax = 64;

export class ElementKey {
  set = '';
  isInterval = false;
  /** The key; of an interval its first key, then the one behind its last. */
  readonly bytes = Buffer.alloc(keyBytesMax);
  length = 0;

  /** The key as a text of one character a byte. */
  get text(): string {
    return this.bytes.toString('latin1', 0, this.length);
  }

  setText(set: string, text: string): void {
    this.#begin(set);
    this.#putText(text);
  }

  /** An address, or a masked CIDR whose id tells its length. */
  setAddress(id: string, { address }: Prefix): void {
    this.#begin(hostSet(address.family));
    this.#putText(id);
    this.#putBytes(address.bytes);
  }

  setInterval(set: string, id: string, { first, last }: Interval): void {
    this.#begin(set);
    this.#putText(id);
    this.#putText(first);
    this.#putText(id);
    this.#putText(last);
    this.#increment();
  }

  /** `first-last`; ranges of one list do not overlap. */
  setPortRange(id: string, member: string): void {
    const [first = 0, last = 0] = member.split('-').map(Number);
    this.#begin(portRangeSet);
    this.#putText(id);
    this.#putPort(first, 0);
    this.#putText(id);
    this.#putPort(last, 0xff);
    this.#increment();
  }

  /** `address,protocol:port`; false when it is not one. */
  setHostPort(id: string, member: string): boolean {
    const comma = member.indexOf(',');
    const address = parseAddress(member.slice(0, comma));
    if (address === undefined) return false;
    const [protocol = 0, port = 0] = member
      .slice(comma + 1)
      .split(':')
      .map(Number);
    this.#begin(hostPortSet(address.family));
    this.#putText(id);
    this.#putBytes(address.bytes);
    this.#putWord(protocol, 0, 0, 0);
    this.#putPort(port, 0);
    return true;
  }

  #begin(set: string): void {
    if (set !== this.set) this.isInterval = isIntervalSet(set);
    this.set = set;
    this.length = 0;
  }

  #putText(text: string): void {
    for (let i = 0; i < text.length; i++) this.bytes[this.length++] = text.charCodeAt(i);
  }

  #putBytes(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) this.bytes[this.length++] = bytes[i]!;
  }

  /** Two bytes, and two that fill the word. */
  #putPort(port: number, filler: number): void {
    this.#putWord(port >> 8, port & 0xff, filler, filler);
  }

  #putWord(a: number, b: number, c: number, d: number): void {
    this.bytes[this.length++] = a;
    this.bytes[this.length++] = b;
    this.bytes[this.length++] = c;
    this.bytes[this.length++] = d;
  }

  /** From the last key of an interval to the one behind it. */
  #increment(): void {
    let at = this.length - 1;
    while (this.bytes[at] === 0xff) this.bytes[at--] = 0;
    assert(at >= this.length / 2, 'ids leave room for the carry');
    this.bytes[at]!++;
  }
}
