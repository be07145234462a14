/**
 * LevelDB's table format: sorted blocks, each with a checksum, an index of them, and a footer. LevelDB itself checks blocks only when it
 * is told to, which our binding has no way to; so a table is checked here. Pure. Source: LevelDB's doc/table_format.md.
 */
import { ByteReader, MalformedBytes } from './byte-reader.ts';
import { maskedCrc32c } from './crc32c.ts';
import { uncompress } from './snappy.ts';

const footerBytes = 48;
const trailerBytes = 5;
const magic = 0xdb4775248b80fb57n;

interface Handle {
  readonly offset: number;
  readonly size: number;
}

/** The first and last key of a table, as LevelDB's own bytes. */
export interface KeySpan {
  readonly smallest: Buffer;
  readonly largest: Buffer;
}

/** Reads every byte of a table. Throws MalformedBytes, with the place, when one is not what was written. */
export function readTableSpan(bytes: Buffer): KeySpan {
  const { metaIndex, index } = readFooter(bytes);
  for (const { value } of entriesOf(readBlock(bytes, metaIndex))) checkBlock(bytes, handleOf(value));
  const handles = [...entriesOf(readBlock(bytes, index))].map(({ value }) => handleOf(value));
  for (const handle of handles) checkBlock(bytes, handle);
  const [first, last] = [handles[0], handles.at(-1)];
  if (first === undefined || last === undefined) throw new MalformedBytes('has no blocks');
  const smallest = entriesOf(readBlock(bytes, first)).next().value?.key;
  const largest = [...entriesOf(readBlock(bytes, last))].at(-1)?.key;
  if (smallest === undefined || largest === undefined) throw new MalformedBytes('has an empty block');
  return { smallest, largest };
}

function readFooter(bytes: Buffer): { readonly metaIndex: Handle; readonly index: Handle } {
  if (bytes.length < footerBytes) throw new MalformedBytes('is too short to be a table');
  const footer = bytes.subarray(bytes.length - footerBytes);
  if (footer.readBigUInt64LE(footerBytes - 8) !== magic) throw new MalformedBytes('does not end as a table does');
  const reader = new ByteReader(footer);
  return { metaIndex: readHandle(reader), index: readHandle(reader) };
}

function handleOf(bytes: Buffer): Handle {
  return readHandle(new ByteReader(bytes));
}

function readHandle(reader: ByteReader): Handle {
  return { offset: reader.varint(), size: reader.varint() };
}

/** The content of a block that fits its checksum. */
function readBlock(bytes: Buffer, handle: Handle): Buffer {
  checkBlock(bytes, handle);
  const { offset, size } = handle;
  const content = bytes.subarray(offset, offset + size);
  const compression = bytes[offset + size];
  if (compression === 0) return content;
  if (compression === 1) return uncompress(content);
  throw new MalformedBytes(`has a block of unknown compression at ${offset}`);
}

function checkBlock(bytes: Buffer, { offset, size }: Handle): void {
  const end = offset + size + 1;
  if (end + 4 > bytes.length - footerBytes) throw new MalformedBytes(`has no block at ${offset}`);
  if (bytes.readUInt32LE(end) === maskedCrc32c(bytes, offset, end)) return;
  throw new MalformedBytes(`has a block at ${offset} (${size + trailerBytes} bytes) that does not match its checksum`);
}

/** Keys share their beginning with the key before. */
function* entriesOf(block: Buffer): Generator<{ readonly key: Buffer; readonly value: Buffer }> {
  if (block.length < 4) throw new MalformedBytes('has a block without an end');
  const end = block.length - 4 - 4 * block.readUInt32LE(block.length - 4);
  if (end < 0) throw new MalformedBytes('has a block without an end');
  const reader = new ByteReader(block.subarray(0, end));
  let key = Buffer.alloc(0);
  while (!reader.isAtEnd) {
    const [shared, unshared, length] = [reader.varint(), reader.varint(), reader.varint()];
    if (shared > key.length) throw new MalformedBytes('has a key without a beginning');
    key = Buffer.concat([key.subarray(0, shared), reader.take(unshared)]);
    yield { key, value: reader.take(length) };
  }
}
