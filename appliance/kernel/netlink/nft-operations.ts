/**
 * Each nf_tables operation as the message that asks for it. Pure.
 * Source: linux/netfilter/nf_tables.h; the layout of user data is nft's own (libnftnl udata: type, length, value).
 */
import type { NftElement, NftKeys, NftOperation, NftSet } from '../kernel.ts';
import { countKeys, isPacked } from '../nft-keys.ts';
import { writeExpressions, writeValue, writeVerdict } from './expressions.ts';
import { MessageWriter, NLM } from './message.ts';
import {
  CHAIN,
  COUNTER,
  DATA_TYPE_VERDICT,
  ELEMENT,
  ELEMENT_INTERVAL_END,
  ELEMENTS,
  HOOK,
  HOOK_NUMBERS,
  LIST_ELEM,
  NFPROTO_INET,
  NFT_MSG,
  nfgenmsg,
  nftType,
  OBJECT,
  OBJECT_COUNTER,
  RULE,
  SET,
  SET_DESCRIPTION,
  SET_FIELD_LENGTH,
  SET_FLAG,
  SET_UDATA,
  TABLE,
} from './nft-numbers.ts';

type Of<Type extends NftOperation['type']> = Extract<NftOperation, { type: Type }>;

/** Writes an operation's messages, pausing between them; `start` announces each and gives its sequence number. */
export function* writeOperation(
  writer: MessageWriter,
  operation: NftOperation,
  index: number,
  start: () => number,
): Generator<void, void> {
  if (operation.type === 'add-elements' || operation.type === 'delete-elements') {
    yield* writeElements(writer, operation, start);
    return;
  }
  const [message, flags] = MESSAGES[operation.type];
  begin(writer, message, flags, start());
  const write = WRITERS[operation.type] as (writer: MessageWriter, operation: NftOperation, index: number) => void;
  write(writer, operation, index);
  writer.end();
}

function begin(writer: MessageWriter, message: number, flags: number, sequence: number): void {
  writer.begin(nftType(message), NLM.request | flags, sequence);
  writer.raw(GENMSG_INET);
}

const GENMSG_INET = nfgenmsg(NFPROTO_INET);

type Single = Exclude<NftOperation['type'], 'add-elements' | 'delete-elements'>;

/** Message and flags. Adding goes without NLM_F_EXCL: what exists already is success. Rules are echoed for their handles. */
const MESSAGES = {
  'add-table': [NFT_MSG.newTable, NLM.create],
  'delete-table': [NFT_MSG.deleteTable, 0],
  'add-chain': [NFT_MSG.newChain, NLM.create],
  'delete-chain': [NFT_MSG.deleteChain, 0],
  'flush-chain': [NFT_MSG.deleteRule, 0],
  'add-rule': [NFT_MSG.newRule, NLM.echo],
  'delete-rule': [NFT_MSG.deleteRule, 0],
  'add-set': [NFT_MSG.newSet, NLM.create],
  'delete-set': [NFT_MSG.deleteSet, 0],
  'add-counter': [NFT_MSG.newObject, NLM.create],
  'delete-counter': [NFT_MSG.deleteObject, 0],
} as const satisfies Record<Single, readonly [number, number]>;

type Writers = { [Type in Single]: (writer: MessageWriter, operation: Of<Type>, index: number) => void };

const WRITERS: Writers = {
  'add-table': (writer, { table }) => writer.string(TABLE.name, table),
  'delete-table': (writer, { table }) => writer.string(TABLE.name, table),
  'add-chain': writeChain,
  'delete-chain': writeChainName,
  'flush-chain': writeChainRef,
  'add-rule': writeRule,
  'delete-rule'(writer, operation) {
    writeChainRef(writer, operation);
    writer.u64be(RULE.handle, operation.handle);
  },
  'add-set': (writer, { table, set }, index) => writeSet(writer, table, set, index),
  'delete-set'(writer, { table, set }) {
    writer.string(SET.table, table);
    writer.string(SET.name, set);
  },
  'add-counter': writeCounter,
  'delete-counter': writeCounterName,
};

function writeChainName(writer: MessageWriter, { table, chain }: { table: string; chain: string }): void {
  writer.string(CHAIN.table, table);
  writer.string(CHAIN.name, chain);
}

function writeChain(writer: MessageWriter, operation: Of<'add-chain'>): void {
  writeChainName(writer, operation);
  if (operation.base === undefined) return;
  const hook = writer.nest(CHAIN.hook);
  writer.u32be(HOOK.number, HOOK_NUMBERS[operation.base.hook]);
  writer.u32be(HOOK.priority, operation.base.priority >>> 0);
  writer.endNest(hook);
  writer.string(CHAIN.type, operation.base.kind);
}

function writeChainRef(writer: MessageWriter, { table, chain }: { table: string; chain: string }): void {
  writer.string(RULE.table, table);
  writer.string(RULE.chain, chain);
}

const PLACE_FLAGS = {
  before: NLM.create,
  after: NLM.create | NLM.append,
  replace: NLM.replace,
} as const;

function writeRule(writer: MessageWriter, operation: Of<'add-rule'>): void {
  const { place, comment } = operation;
  writer.addFlags(place === undefined ? NLM.create | NLM.append : PLACE_FLAGS[place.how]);
  writeChainRef(writer, operation);
  if (place !== undefined) writer.u64be(place.how === 'replace' ? RULE.handle : RULE.position, place.handle);
  writeExpressions(writer, RULE.expressions, operation.expressions);
  if (comment !== undefined && comment !== '') writer.attribute(RULE.userdata, encodeComment(comment));
}

const COMMENT_BYTES_MAX = 128;
const UDATA_COMMENT = 0;

/** A comment as nft stores it: type, length, text and its closing zero. Cut at a character's border. */
export function encodeComment(comment: string): Buffer {
  const size = Math.min(Buffer.byteLength(comment), COMMENT_BYTES_MAX);
  const record = Buffer.alloc(size + 3);
  // Writes whole characters only.
  const written = record.write(comment, 2, size);
  record[0] = UDATA_COMMENT;
  record[1] = written + 1;
  return record.subarray(0, written + 3);
}

function writeSet(writer: MessageWriter, table: string, set: NftSet, index: number): void {
  const { data, fields } = set;
  let flags = 0;
  if (set.isInterval) flags |= SET_FLAG.interval;
  if (data !== undefined) flags |= SET_FLAG.map;
  if (fields !== undefined) flags |= SET_FLAG.concat;
  writer.string(SET.table, table);
  writer.string(SET.name, set.name);
  writer.u32be(SET.flags, flags);
  writer.u32be(SET.keyType, set.keyType);
  writer.u32be(SET.keyLength, set.keyLength);
  if (data !== undefined) {
    writer.u32be(SET.dataType, data === 'verdict' ? DATA_TYPE_VERDICT : data.type);
    if (data !== 'verdict') writer.u32be(SET.dataLength, data.length);
  }
  // The kernel wants a number that is unique in the transaction.
  writer.u32be(SET.id, index + 1);
  if (set.size !== undefined || fields !== undefined) writeDescription(writer, set);
  writer.attribute(SET.userdata, encodeByteOrder(set));
}

/** nft's data types whose values lie in host order: mark, interface index and name, conntrack state and status. */
const HOST_ORDER_TYPES: ReadonlySet<number> = new Set([19, 20, 26, 28, 41]);

/** What nft needs to print keys and values the right way round; fields of a concatenation know their own order. */
function encodeByteOrder({ keyType, fields, data }: NftSet): Buffer {
  const records = [udataWord(SET_UDATA.keyByteOrder, fields === undefined ? byteOrder(keyType) : 0)];
  if (typeof data === 'object') records.push(udataWord(SET_UDATA.dataByteOrder, byteOrder(data.type)));
  return Buffer.concat(records);
}

function byteOrder(type: number): number {
  return HOST_ORDER_TYPES.has(type) ? 1 : 2;
}

function udataWord(type: number, value: number): Buffer {
  return Buffer.from([type, 4, value, 0, 0, 0]);
}

function writeDescription(writer: MessageWriter, set: NftSet): void {
  const description = writer.nest(SET.description);
  if (set.size !== undefined) writer.u32be(SET_DESCRIPTION.size, set.size);
  if (set.fields !== undefined) {
    const concat = writer.nest(SET_DESCRIPTION.concat);
    for (const length of set.fields) {
      const field = writer.nest(LIST_ELEM);
      writer.u32be(SET_FIELD_LENGTH, length);
      writer.endNest(field);
    }
    writer.endNest(concat);
  }
  writer.endNest(description);
}

function* writeElements(
  writer: MessageWriter,
  operation: Of<'add-elements' | 'delete-elements'>,
  start: () => number,
): Generator<void, void> {
  const { elements } = operation;
  const write = isPacked(elements) ? writeSomeKeys(elements) : writeSome(elements);
  for (let isMore = true; isMore; ) {
    const isAdd = operation.type === 'add-elements';
    begin(writer, isAdd ? NFT_MSG.newElements : NFT_MSG.deleteElements, isAdd ? NLM.create : 0, start());
    writer.string(ELEMENTS.table, operation.table);
    writer.string(ELEMENTS.set, operation.set);
    const list = writer.nest(ELEMENTS.elements);
    isMore = write(writer);
    writer.endNest(list);
    writer.end();
    yield;
  }
}

/** Writes as many elements as one message takes; true when more are left. */
type WriteSome = (writer: MessageWriter) => boolean;

/** List bytes after which a new message begins: below 64 KiB by more than the longest element (64-byte key and value, 255-byte chain). */
const LIST_BYTES_MAX = 0xffff - 1024;

function writeSome(elements: readonly NftElement[]): WriteSome {
  let at = 0;
  return (writer) => {
    const end = writer.length + LIST_BYTES_MAX;
    while (at < elements.length && writer.length < end) writeElement(writer, elements[at++]!);
    return at < elements.length;
  };
}

/** All elements of a kind have the same bytes but for the key, so they are copied from two models. */
function writeSomeKeys(packed: NftKeys): WriteSome {
  const { keys, keyLength, ends } = packed;
  const count = countKeys(packed);
  const key = new Uint8Array(keyLength);
  const models = [modelOf({ key }), modelOf({ key, isEnd: true })] as const;
  let at = 0;
  return (writer) => {
    const end = writer.length + LIST_BYTES_MAX;
    for (; at < count && writer.length < end; at++) {
      const { bytes, keyAt } = models[ends?.[at] === 1 ? 1 : 0];
      for (let i = 0, from = at * keyLength; i < keyLength; i++) bytes[keyAt + i] = keys[from + i]!;
      writer.raw(bytes);
    }
    return at < count;
  };
}

function modelOf(element: NftElement): { readonly bytes: Buffer; readonly keyAt: number } {
  const writer = new MessageWriter(64);
  writeElement(writer, element);
  const bytes = Buffer.from(writer.bytes);
  return { bytes, keyAt: bytes.length - ((element.key.length + 3) & ~3) };
}

function writeElement(writer: MessageWriter, element: NftElement): void {
  const at = writer.nest(LIST_ELEM);
  if (element.isEnd) writer.u32be(ELEMENT.flags, ELEMENT_INTERVAL_END);
  writeValue(writer, ELEMENT.key, element.key);
  if (element.verdict !== undefined) writeVerdict(writer, ELEMENT.data, element.verdict);
  else if (element.data !== undefined) writeValue(writer, ELEMENT.data, element.data);
  writer.endNest(at);
}

function writeCounterName(writer: MessageWriter, { table, counter }: { table: string; counter: string }): void {
  writer.string(OBJECT.table, table);
  writer.string(OBJECT.name, counter);
  writer.u32be(OBJECT.type, OBJECT_COUNTER);
}

function writeCounter(writer: MessageWriter, operation: Of<'add-counter'>): void {
  writeCounterName(writer, operation);
  const data = writer.nest(OBJECT.data);
  writer.u64be(COUNTER.bytes, operation.bytes ?? 0n);
  writer.u64be(COUNTER.packets, operation.packets ?? 0n);
  writer.endNest(data);
}
