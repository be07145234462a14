/**
 * Reads an nf_tables table back: chains, rules, sets, counters, elements. I/O through `dump.ts`; what is read from different
 * lists is of one generation of the ruleset, or is read again.
 * Source: linux/netfilter/nf_tables.h.
 */

import { hasCode } from '../../lib/errors.ts';
import type { NftElement, NftHook, NftKeys, NftTableDump } from '../kernel.ts';
import { KeyPacker } from '../nft-keys.ts';
import { type NetlinkReader, type Request, refused } from './dump.ts';
import {
  type Attributes,
  findAttribute,
  type Message,
  type MessageWriter,
  readAttributes,
  readList,
  readString,
} from './message.ts';
import {
  CHAIN,
  COUNTER,
  DATA,
  ELEMENT,
  ELEMENT_INTERVAL_END,
  ELEMENTS,
  HOOK,
  HOOK_NUMBERS,
  NFPROTO_INET,
  NFT_MSG,
  nfgenmsg,
  nftType,
  OBJECT,
  OBJECT_COUNTER,
  RULE,
  SET,
  TABLE,
  TABLE_DORMANT,
  VERDICT,
} from './nft-numbers.ts';

type Counter = NftTableDump['counters'][number];

const GENERATIONS_MAX = 20;

/** Undefined when there is no such table. */
export async function dumpTable(reader: NetlinkReader, table: string): Promise<NftTableDump | undefined> {
  for (let attempt = 0; attempt < GENERATIONS_MAX; attempt++) {
    const generations = new Set<number>();
    const found = await readTable(reader, table, generations);
    if (found === undefined) return undefined;
    const chains = await list(reader, NFT_MSG.getChain, table, CHAIN.table, readChain, generations);
    const rules = await list(reader, NFT_MSG.getRule, table, RULE.table, readRule, generations);
    const sets = await list(reader, NFT_MSG.getSet, table, SET.table, readSet, generations);
    const counters = await list(reader, NFT_MSG.getObject, table, OBJECT.table, readCounter, generations);
    if (generations.size === 1) return { ...found, chains, rules, sets, counters };
  }
  throw refused('EINTR', 'the ruleset kept changing while it was read');
}

/** The named counters of a table. */
export function dumpCounters(reader: NetlinkReader, table: string): Promise<readonly Counter[]> {
  return list(reader, NFT_MSG.getObject, table, OBJECT.table, readCounter, new Set());
}

/** The elements of a set or map, in the kernel's order. */
export function dumpElements(reader: NetlinkReader, table: string, set: string): Promise<readonly NftElement[]> {
  return reader.dump(elementsRequest(table, set), readElements);
}

/** The keys of a set's elements, in the kernel's order. */
export function dumpKeys(reader: NetlinkReader, table: string, set: string): Promise<NftKeys> {
  return reader.dumpInto(elementsRequest(table, set), () => new KeyPacker(), takeKeys);
}

function elementsRequest(table: string, set: string): Request {
  return request(NFT_MSG.getElements, (writer) => {
    writer.string(ELEMENTS.table, table);
    writer.string(ELEMENTS.set, set);
  });
}

function request(message: number, attributes: (writer: MessageWriter) => void): Request {
  return { type: nftType(message), header: nfgenmsg(NFPROTO_INET), attributes };
}

type TableState = Pick<NftTableDump, 'isDormant'>;

async function readTable(
  reader: NetlinkReader,
  table: string,
  generations: Set<number>,
): Promise<TableState | undefined> {
  const attributes = (writer: MessageWriter) => writer.string(TABLE.name, table);
  try {
    const [found] = await reader.dump({ ...request(NFT_MSG.getTable, attributes), isSingle: true }, (message) => {
      generations.add(generationOf(message));
      const flags = findAttribute(message.body, TABLE.flags, 4)?.readUInt32BE(0) ?? 0;
      return [{ isDormant: (flags & TABLE_DORMANT) !== 0 }];
    });
    return found;
  } catch (error) {
    if (hasCode(error, 'KERNEL_REFUSED') && (error as { details?: { code?: string } }).details?.code === 'ENOENT')
      return undefined;
    throw error;
  }
}

/** The lower half of the ruleset's generation number. */
function generationOf(message: Message): number {
  return message.body.readUInt16BE(2);
}

/** One list of the table's objects. Kernels that do not filter by table send all: those of other tables are passed over. */
function list<Value>(
  reader: NetlinkReader,
  message: number,
  table: string,
  tableAttribute: number,
  read: (attributes: Attributes) => Value | undefined,
  generations: Set<number>,
): Promise<Value[]> {
  return reader.dump(
    request(message, (writer) => writer.string(tableAttribute, table)),
    (received) => {
      generations.add(generationOf(received));
      const attributes = readAttributes(received.body, 4);
      if (readString(attributes.get(tableAttribute)) !== table) return [];
      const value = read(attributes);
      return value === undefined ? [] : [value];
    },
  );
}

function readChain(attributes: Attributes): NftTableDump['chains'][number] {
  const name = readString(attributes.get(CHAIN.name));
  const nested = attributes.get(CHAIN.hook);
  if (nested === undefined) return { name };
  const hook = readAttributes(nested);
  const number = hook.get(HOOK.number)?.readUInt32BE(0) ?? 0;
  const priority = hook.get(HOOK.priority)?.readInt32BE(0) ?? 0;
  const doesDrop = attributes.get(CHAIN.policy)?.readUInt32BE(0) === POLICY_DROP;
  const kind = readString(attributes.get(CHAIN.type));
  return { name, base: { kind, hook: HOOKS[number] ?? 'input', priority, doesDrop } };
}

const POLICY_DROP = 0;
const HOOKS = Object.keys(HOOK_NUMBERS) as NftHook[];

function readRule(attributes: Attributes): NftTableDump['rules'][number] {
  const comment = readComment(attributes.get(RULE.userdata));
  return {
    chain: readString(attributes.get(RULE.chain)),
    handle: attributes.get(RULE.handle)?.readBigUInt64BE(0) ?? 0n,
    ...(comment === undefined ? {} : { comment }),
    expressions: Buffer.from(attributes.get(RULE.expressions) ?? []),
  };
}

/** The first record of type 0 in nft's user data. */
function readComment(userdata: Buffer | undefined): string | undefined {
  if (userdata === undefined) return undefined;
  for (let at = 0; at + 2 <= userdata.length; at += 2 + userdata[at + 1]!) {
    if (userdata[at] === 0) return readString(userdata.subarray(at + 2, at + 2 + userdata[at + 1]!));
  }
  return undefined;
}

function readSet(attributes: Attributes): NftTableDump['sets'][number] {
  return {
    name: readString(attributes.get(SET.name)),
    keyLength: attributes.get(SET.keyLength)?.readUInt32BE(0) ?? 0,
    flags: attributes.get(SET.flags)?.readUInt32BE(0) ?? 0,
  };
}

function readCounter(attributes: Attributes): Counter | undefined {
  if (attributes.get(OBJECT.type)?.readUInt32BE(0) !== OBJECT_COUNTER) return undefined;
  const data = readAttributes(attributes.get(OBJECT.data) ?? Buffer.alloc(0));
  return {
    name: readString(attributes.get(OBJECT.name)),
    packets: data.get(COUNTER.packets)?.readBigUInt64BE(0) ?? 0n,
    bytes: data.get(COUNTER.bytes)?.readBigUInt64BE(0) ?? 0n,
  };
}

function readElements(message: Message): NftElement[] {
  const elements = findAttribute(message.body, ELEMENTS.elements, 4);
  return elements === undefined ? [] : readList(elements).map(readElement);
}

function takeKeys(packer: KeyPacker, message: Message): void {
  const elements = findAttribute(message.body, ELEMENTS.elements, 4);
  for (const element of elements === undefined ? [] : readList(elements)) {
    const key = readKey(element);
    packer.add(key, 0, key.length, isIntervalEnd(element));
  }
}

function readKey(element: Buffer): Buffer {
  return findAttribute(findAttribute(element, ELEMENT.key) ?? EMPTY, DATA.value) ?? EMPTY;
}

function isIntervalEnd(element: Buffer): boolean {
  return ((findAttribute(element, ELEMENT.flags)?.readUInt32BE(0) ?? 0) & ELEMENT_INTERVAL_END) !== 0;
}

function readElement(body: Buffer): NftElement {
  const key = Buffer.from(readKey(body));
  const isEnd = isIntervalEnd(body);
  const data = findAttribute(body, ELEMENT.data);
  if (data !== undefined) return { key, ...(isEnd ? { isEnd } : {}), ...readData(data) };
  return isEnd ? { key, isEnd } : { key };
}

function readData(data: Buffer): Pick<NftElement, 'verdict' | 'data'> {
  const value = findAttribute(data, DATA.value);
  if (value !== undefined) return { data: Buffer.from(value) };
  const verdict = findAttribute(data, DATA.verdict) ?? EMPTY;
  const code = VERDICT_CODES.get(findAttribute(verdict, VERDICT.code)?.readInt32BE(0) ?? 0) ?? 'drop';
  const chain = findAttribute(verdict, VERDICT.chain);
  return { verdict: { code, ...(chain === undefined ? {} : { chain: readString(chain) }) } };
}

type VerdictCode = NonNullable<NftElement['verdict']>['code'];

const EMPTY = Buffer.alloc(0);
const VERDICT_CODES: ReadonlyMap<number, VerdictCode> = new Map([
  [0, 'drop'],
  [1, 'accept'],
  [-3, 'jump'],
  [-4, 'goto'],
]);
