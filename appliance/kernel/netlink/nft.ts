/**
 * nf_tables over one netlink socket: transactions, one after the other, small ones at once, large ones from a thread. I/O.
 * The kernel works inside `send`; when it returns, all refusals or the acknowledgement and the echoed rules lie ready.
 */
import { kernelErrors } from '../errors.ts';
import type { Nft, NftElement, NftKeys, NftOperation, NftRefusal, NftResult } from '../kernel.ts';
import { errnoName, errnoText } from '../libc.ts';
import { countElements, isPacked } from '../nft-keys.ts';
import { readAnswer } from './answer.ts';
import { findAttribute, type Message, MessageWriter } from './message.ts';
import { BATCH_MESSAGES_MAX, type EncodedBatch, encodeBatch, encodeCopy, refuseNames } from './nft-batch.ts';
import { NFT_MSG, nftType, RULE } from './nft-numbers.ts';
import { inSlices, Serial } from './serial.ts';
import type { NetlinkSocket } from './socket.ts';

/** Above either, a batch is large. */
const SMALL_WEIGHT_MAX = 500;
const SMALL_BYTES_MAX = 64 * 1024;
/** The kernel's share after which something is slow to change: a big interval tree is copied at each commit, rules have the whole table checked. */
const SLOW_MS = 4;

/** Who is to step aside while a large transaction is under way. */
export interface Bystander {
  pause(): Promise<void>;
  resume(isCommitted: boolean): Promise<void>;
}

export class NftTransactions implements Pick<Nft, 'apply' | 'applyCopy'> {
  readonly bystanders = new Set<Bystander>();
  #commits = 0;
  #inFlight = 0;
  readonly #socket: NetlinkSocket;
  readonly #writer = new MessageWriter(SMALL_BYTES_MAX * 2);
  /** As `subjectOf()` names it. */
  readonly #slow = new Set<string>();
  readonly #serial = new Serial();

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** How many were taken so far; undefined while one is under way, which the kernel may have taken already. */
  get commits(): number | undefined {
    return this.#inFlight > 0 ? undefined : this.#commits;
  }

  /** In the order of the calls. A small batch that finds nobody before it is through before this returns. */
  apply(operations: readonly NftOperation[]): Promise<NftResult> {
    return this.#serial.run(() => this.#apply(operations));
  }

  /** Here and now, however large: who asks for it has nothing else to do meanwhile. */
  applyCopy(table: string, copy: Uint8Array): Promise<NftRefusal | undefined> {
    return this.#serial.run(async () => {
      const encoded = encodeCopy(copy, table, this.#socket.sequence(BATCH_MESSAGES_MAX));
      const outcome = new Outcome(encoded);
      this.#socket.send(encoded.bytes);
      while (outcome.take(this.#socket.receive()));
      const result = outcome.result(0);
      return result.ok ? undefined : result.refusals[0];
    });
  }

  async #apply(operations: readonly NftOperation[]): Promise<NftResult> {
    if (operations.length === 0) return { ok: true, handles: new Map(), bytes: 0, messages: 0, kernelMs: 0 };
    const refusals = refuseNames(operations);
    if (refusals.length > 0) return { ok: false, refusals };
    if (this.#isSmall(operations)) return this.#applyHere(operations);
    this.#inFlight++;
    const bystanders = [...this.bystanders];
    await Promise.all(bystanders.map((bystander) => bystander.pause()));
    let isCommitted = false;
    try {
      const result = await this.#applyFromThread(operations);
      isCommitted = result.ok;
      return result;
    } finally {
      this.#inFlight--;
      await Promise.all(bystanders.map((bystander) => bystander.resume(isCommitted)));
    }
  }

  #isSmall(operations: readonly NftOperation[]): boolean {
    let weight = 0;
    for (const operation of operations) {
      weight += 'elements' in operation ? countElements(operation.elements) : 1;
      if (weight > SMALL_WEIGHT_MAX) return false;
      if (this.#slow.has(subjectOf(operation))) return false;
    }
    return true;
  }

  #applyHere(operations: readonly NftOperation[]): NftResult {
    const encoding = encodeBatch(this.#writer, operations, this.#socket.sequence(BATCH_MESSAGES_MAX));
    let step = encoding.next();
    while (!step.done) step = encoding.next();
    const outcome = new Outcome(step.value);
    const begun = performance.now();
    this.#socket.send(step.value.bytes);
    while (outcome.take(this.#socket.receive()));
    return this.#finish(operations, outcome, performance.now() - begun);
  }

  async #applyFromThread(operations: readonly NftOperation[]): Promise<NftResult> {
    const writer = new MessageWriter(estimateBytes(operations));
    const encoding = encodeBatch(writer, operations, this.#socket.sequence(BATCH_MESSAGES_MAX));
    const encoded = await inSlices(encoding);
    const outcome = new Outcome(encoded);
    const begun = performance.now();
    await this.#socket.sendFromThread(encoded.bytes);
    const sentMs = performance.now() - begun;
    await inSlices(this.#receiveAll(outcome));
    const result = this.#finish(operations, outcome, sentMs);
    // Tens of megabytes, of the first batch of a large host.
    writer.release();
    return result;
  }

  *#receiveAll(outcome: Outcome): Generator<void, void> {
    while (outcome.take(this.#socket.receive())) yield;
  }

  #finish(operations: readonly NftOperation[], outcome: Outcome, kernelMs: number): NftResult {
    for (const subject of blamed(operations)) {
      if (kernelMs > SLOW_MS) this.#slow.add(subject);
      else this.#slow.delete(subject);
    }
    const result = outcome.result(kernelMs);
    if (result.ok) this.#commits++;
    return result;
  }
}

/** Enough as a rule: growing means copying megabytes in one go. Memory that is not written costs nothing. */
function estimateBytes(operations: readonly NftOperation[]): number {
  let bytes = 0;
  for (const operation of operations) {
    bytes += 'elements' in operation ? countElements(operation.elements) * elementBytes(operation.elements) : 256;
    if ('expressions' in operation) bytes += operation.expressions.length * 96;
  }
  return bytes;
}

/** The key with its headers and flags; of elements with values rather more. */
function elementBytes(elements: readonly NftElement[] | NftKeys): number {
  return isPacked(elements) ? elements.keyLength + 24 : 128;
}

/** What may be slow to change: a table's rules, or one of its sets; empty for what never is. */
function subjectOf(operation: NftOperation): string {
  if ('elements' in operation) return `set ${operation.table} ${operation.set}`;
  return operation.type === 'add-rule' ? `rules ${operation.table}` : '';
}

/** Where there are rules nothing else is to blame. */
function blamed(operations: readonly NftOperation[]): Set<string> {
  const rule = operations.find(({ type }) => type === 'add-rule');
  if (rule !== undefined) return new Set([subjectOf(rule)]);
  return new Set(operations.filter((operation) => 'elements' in operation).map(subjectOf));
}

/** Gathers the answers to one batch. */
class Outcome {
  readonly #batch: EncodedBatch;
  readonly #handles = new Map<number, bigint>();
  readonly #refusals: NftRefusal[] = [];
  #isAcknowledged = false;
  #isLost = false;

  constructor(batch: EncodedBatch) {
    this.#batch = batch;
  }

  /** Takes what one receive gave; false when that was the end. */
  take(received: ReturnType<NetlinkSocket['receive']>): boolean {
    if (received === undefined) return false;
    if (received === 'lost') this.#isLost = true;
    else for (const message of received) this.#takeMessage(message);
    return true;
  }

  result(kernelMs: number): NftResult {
    if (this.#refusals.length > 0) return { ok: false, refusals: this.#refusals };
    if (this.#isLost || !this.#isAcknowledged) {
      throw kernelErrors.fail('KERNEL_ANSWER_LOST', 'nf_tables transaction', { details: { code: 'ENOBUFS' } });
    }
    const { bytes, operationOf } = this.#batch;
    return { ok: true, handles: this.#handles, bytes: bytes.length, messages: operationOf.length, kernelMs };
  }

  #takeMessage(message: Message): void {
    const index = message.sequence - this.#batch.firstSequence;
    const operation = this.#batch.operationOf[index];
    if (operation === undefined) return;
    const answer = readAnswer(message);
    if (answer.type === 'data') {
      if (message.type === NEW_RULE) this.#takeRule(operation, message);
    } else if (answer.errno === 0) this.#isAcknowledged = true;
    else this.#refuse(index, operation, answer.errno, answer.text, 'offset' in answer ? answer.offset : undefined);
  }

  #takeRule(operation: number, message: Message): void {
    const handle = findAttribute(message.body, RULE.handle, 4);
    if (handle !== undefined) this.#handles.set(operation, handle.readBigUInt64BE(0));
  }

  #refuse(index: number, operation: number, errno: number, text: string, offset?: number): void {
    const at = offset === undefined ? '' : ` (${this.#attributeAt(index, offset)})`;
    this.#refusals.push({ index: operation, code: errnoName(errno), message: `${text || errnoText(errno)}${at}` });
  }

  /** The offending attribute, from our own bytes. */
  #attributeAt(index: number, offset: number): string {
    const at = this.#batch.startOf[index]! + offset;
    const { bytes } = this.#batch;
    if (at + 4 > bytes.length) return `at byte ${offset}`;
    const length = Math.max(4, bytes.readUInt16LE(at));
    const value = bytes.subarray(at + 4, Math.min(at + length, bytes.length));
    const text = value.toString('latin1').replace(/\0$/, '');
    const shown = /^[\x20-\x7e]+$/.test(text) ? `'${text}'` : value.subarray(0, 32).toString('hex');
    return `attribute ${bytes.readUInt16LE(at + 2) & 0x3fff}: ${shown}`;
  }
}

const NEW_RULE = nftType(NFT_MSG.newRule);
