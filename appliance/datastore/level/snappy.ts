/** Undoes Snappy's block format, in which LevelDB keeps blocks that shrink by it. Pure. Source: Snappy's format description. */
import { ByteReader, MalformedBytes } from './byte-reader.ts';

/** No block of ours is near this: LevelDB cuts them at 4 KB, and a single value is at most 8 MiB. */
const bytesMax = 256 * 1024 * 1024;

/** The bytes that were compressed. Throws MalformedBytes when they cannot be had. */
export function uncompress(compressed: Buffer): Buffer {
  const reader = new ByteReader(compressed);
  const length = reader.varint();
  if (length > bytesMax) throw new MalformedBytes('too large');
  const output = Buffer.allocUnsafe(length);
  let at = 0;
  while (!reader.isAtEnd) {
    const tag = reader.byte();
    if ((tag & 3) === 0) {
      const literal = reader.take(literalLength(tag >>> 2, reader));
      if (literal.length > length - at) throw new MalformedBytes('too long');
      at += literal.copy(output, at);
    } else {
      const copy = copyOf(tag, reader);
      if (copy.offset === 0 || copy.offset > at || copy.length > length - at)
        throw new MalformedBytes('copies nothing');
      // Source and target may overlap: a short pattern is repeated byte by byte.
      for (let end = at + copy.length; at < end; at++) output[at] = output[at - copy.offset]!;
    }
  }
  if (at !== length) throw new MalformedBytes('too short');
  return output;
}

function literalLength(code: number, reader: ByteReader): number {
  return code < 60 ? code + 1 : littleEndian(reader, code - 59) + 1;
}

function copyOf(tag: number, reader: ByteReader): { readonly length: number; readonly offset: number } {
  const code = tag >>> 2;
  if ((tag & 3) === 1) return { length: (code & 7) + 4, offset: ((code >>> 3) << 8) | reader.byte() };
  return { length: code + 1, offset: littleEndian(reader, (tag & 3) === 2 ? 2 : 4) };
}

function littleEndian(reader: ByteReader, bytes: number): number {
  return reader.take(bytes).readUIntLE(0, bytes);
}
