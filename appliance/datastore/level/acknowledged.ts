/**
 * The mark of what was acknowledged, in a file beside the database. LevelDB drops a damaged or missing end of its log without a word,
 * as it cannot know whether anybody was told of it; this mark knows. It is written after a batch is durable and before its callers hear
 * of it, and not synced: after a kill it is exact, after a power loss it may be behind, never ahead. Two places by turns, so that a write
 * torn in half leaves the other. I/O.
 */
import { closeSync, existsSync, fsyncSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { storeErrors } from '../errors.ts';

const fileName = 'acknowledged';
const magic = 'ack1';
const slotBytes = 16;
/** Far enough apart to lie in sectors of their own. */
const slotOffsets = [0, 4096] as const;

/** The mark of a database that is open. */
export class Acknowledged {
  readonly #descriptor: number;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Opens the mark, made when it is missing. `number` is what the database ends at. */
  static open(directory: string, number: number): Acknowledged {
    const path = join(directory, fileName);
    if (!existsSync(path)) create(directory, number);
    const mark = new Acknowledged(openSync(path, 'r+'));
    writeSlots(mark.#descriptor, number);
    return mark;
  }

  /** Everything up to the batch of this number is durable. */
  write(number: number): void {
    writeSync(this.#descriptor, encodeSlot(number), 0, slotBytes, slotOffsets[number % 2 === 0 ? 0 : 1]);
  }

  close(): void {
    fsyncSync(this.#descriptor);
    closeSync(this.#descriptor);
  }
}

/** The number of the last batch that was acknowledged; undefined when there is no mark. STORE_CORRUPT when it cannot be read. */
export function readAcknowledged(directory: string): number | undefined {
  const path = join(directory, fileName);
  if (!existsSync(path)) return undefined;
  const descriptor = openSync(path, 'r');
  try {
    const numbers = slotOffsets.flatMap((offset) => readSlot(descriptor, offset) ?? []);
    if (numbers.length > 0) return Math.max(...numbers);
  } finally {
    closeSync(descriptor);
  }
  const what = `the file ${fileName} is damaged; if it is removed, the database opens as far as it goes`;
  throw storeErrors.fail('STORE_CORRUPT', what);
}

/** Whole or not at all: an empty file would be taken for a damaged one. */
function create(directory: string, number: number): void {
  const temporary = join(directory, `${fileName}.new`);
  const descriptor = openSync(temporary, 'w', 0o600);
  try {
    writeSlots(descriptor, number);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, join(directory, fileName));
  syncFolder(directory);
}

function writeSlots(descriptor: number, number: number): void {
  for (const offset of slotOffsets) writeSync(descriptor, encodeSlot(number), 0, slotBytes, offset);
}

function encodeSlot(number: number): Buffer {
  const slot = Buffer.alloc(slotBytes);
  slot.write(magic, 'latin1');
  slot.writeBigUInt64LE(BigInt(number), 4);
  slot.writeUInt32LE(crc32(slot.subarray(0, 12)), 12);
  return slot;
}

function readSlot(descriptor: number, offset: number): number | undefined {
  const slot = Buffer.alloc(slotBytes);
  if (readSync(descriptor, slot, 0, slotBytes, offset) < slotBytes) return undefined;
  if (slot.toString('latin1', 0, 4) !== magic || slot.readUInt32LE(12) !== crc32(slot.subarray(0, 12)))
    return undefined;
  return Number(slot.readBigUInt64LE(4));
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
