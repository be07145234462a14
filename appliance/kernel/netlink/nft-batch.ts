/**
 * A list of operations to one nf_tables transaction: BATCH_BEGIN, a message for each operation (several for long element
 * lists), BATCH_END. Pure; a generator, so that a long encoding can be spread over turns of the event loop.
 * Source: linux/netfilter/nf_tables.h, nfnetlink.h.
 */
import type { NftOperation, NftRefusal } from '../kernel.ts';
import { MessageWriter, NLM } from './message.ts';
import { messagesOf } from './nft-copy.ts';
import { NFNL_SUBSYS_NFTABLES, nfgenmsg } from './nft-numbers.ts';
import { writeOperation } from './nft-operations.ts';

export interface EncodedBatch {
  /** A view into the writer's memory. */
  readonly bytes: Buffer;
  /** Of message n: its sequence number is `firstSequence + n`. Message 0 is BATCH_BEGIN, the last one BATCH_END. */
  readonly firstSequence: number;
  /** Message -> operation; -1 for begin and end. */
  readonly operationOf: readonly number[];
  /** Message -> offset in `bytes`. */
  readonly startOf: readonly number[];
}

/** Sequence numbers a batch may use. */
export const BATCH_MESSAGES_MAX = 1 << 20;
const NAME_BYTES_MAX = 255;
const BATCH_BEGIN = 0x10;
const BATCH_END = 0x11;

/** Encodes into `writer` (cleared first), pausing after each message. The last operation's message asks for an acknowledgement. */
export function* encodeBatch(
  writer: MessageWriter,
  operations: readonly NftOperation[],
  firstSequence: number,
): Generator<void, EncodedBatch> {
  const operationOf: number[] = [];
  const startOf: number[] = [];
  const start = (operation: number): number => {
    startOf.push(writer.length);
    return firstSequence + operationOf.push(operation) - 1;
  };
  writer.clear();
  writeBound(writer, BATCH_BEGIN, start(-1));
  for (let index = 0; index < operations.length; index++) {
    yield* writeOperation(writer, operations[index]!, index, () => start(index));
    yield;
  }
  // On the last message that does something: kernels before 6.10 do not acknowledge BATCH_END.
  writer.addFlags(NLM.ack);
  writeBound(writer, BATCH_END, start(-1));
  return { bytes: writer.bytes, firstSequence, operationOf, startOf };
}

/** A copied table as one transaction. */
export function encodeCopy(copy: Uint8Array, table: string, firstSequence: number): EncodedBatch {
  const source = Buffer.from(copy.buffer, copy.byteOffset, copy.length);
  const writer = new MessageWriter(copy.length + 64);
  const startOf: number[] = [0];
  writeBound(writer, BATCH_BEGIN, firstSequence);
  const shift = writer.length;
  writer.raw(source);
  for (const at of messagesOf(source, table)) {
    writer.bytes.writeUInt32LE(firstSequence + startOf.length, shift + at + 8);
    startOf.push(shift + at);
  }
  const last = startOf.at(-1)! + 6;
  writer.bytes.writeUInt16LE(writer.bytes.readUInt16LE(last) | NLM.ack, last);
  startOf.push(writer.length);
  writeBound(writer, BATCH_END, firstSequence + startOf.length - 1);
  const operationOf = startOf.map((_, index) => (index === 0 || index === startOf.length - 1 ? -1 : index - 1));
  return { bytes: writer.bytes, firstSequence, operationOf, startOf };
}

function writeBound(writer: MessageWriter, type: number, sequence: number): void {
  writer.begin(type, NLM.request, sequence);
  writer.raw(nfgenmsg(0, NFNL_SUBSYS_NFTABLES));
  writer.end();
}

/** What the kernel would refuse anyway, found before a byte is sent: names that do not fit. */
export function refuseNames(operations: readonly NftOperation[]): NftRefusal[] {
  const refusals: NftRefusal[] = [];
  operations.forEach((operation, index) => {
    const bad = badNameOf(operation);
    if (bad !== undefined)
      refusals.push({ index, code: 'ENAMETOOLONG', message: `a name has 1 to 255 bytes: '${bad}'` });
  });
  return refusals;
}

function badNameOf(operation: NftOperation): string | undefined {
  if (isBad(operation.table)) return operation.table;
  if ('chain' in operation && isBad(operation.chain)) return operation.chain;
  if ('counter' in operation && isBad(operation.counter)) return operation.counter;
  if (!('set' in operation)) return undefined;
  const name = typeof operation.set === 'string' ? operation.set : operation.set.name;
  return isBad(name) ? name : undefined;
}

/** A character has three bytes at most. */
function isBad(name: string): boolean {
  return name === '' || (name.length > NAME_BYTES_MAX / 3 && Buffer.byteLength(name) > NAME_BYTES_MAX);
}
