/** Walks bytes in LevelDB's encoding: little-endian and variable-length numbers, strings with their length first. Pure. */

/** What is read lies outside of the bytes, or cannot be a number: they are not what was written. */
export class MalformedBytes extends Error {}

/** A place in some bytes; each call moves it on. Throws MalformedBytes. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw new MalformedBytes('ends early');
    return value;
  }

  /** Up to 2^53, more than any size or number LevelDB reaches. */
  varint(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 64; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new MalformedBytes('a number does not end');
  }

  /** The next bytes, not copied. */
  take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw new MalformedBytes('ends early');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A length, then as many bytes. */
  text(): Buffer {
    return this.take(this.varint());
  }
}
