/**
 * A table as bytes that make it again: what the kernel lists of it, turned into the messages that add it, whatever is in it. Saving is I/O through
 * `dump.ts`, all lists of one generation; making it again is one transaction of `nft.ts`, which takes only messages that add to that one table.
 * Source: linux/netfilter/nf_tables.h (what a listing has beyond what adding takes: handles, places, uses, counts).
 */
import { type NetlinkReader, type Request, refused } from './dump.ts';
import {
  findAttribute,
  HEADER_LENGTH,
  type Message,
  MessageWriter,
  NLM,
  readAttributes,
  readString,
} from './message.ts';
import { ELEMENTS, NFPROTO_INET, NFT_MSG, nfgenmsg, nftType, OBJECT, RULE, SET, TABLE } from './nft-numbers.ts';

/** Which list to read, and how what is in it is added: the attributes that are kept. */
interface Part {
  readonly get: number;
  readonly add: number;
  readonly flags: number;
  readonly keep: ReadonlySet<number>;
}

/** Beyond the names in `nft-numbers.ts`: user data, a set's policy, timeout, collection interval, object type and expressions. */
const tablePart = part(NFT_MSG.getTable, NFT_MSG.newTable, [TABLE.name, 6], NLM.exclusive);
/** In an order in which each finds what it names. */
const parts: readonly Part[] = [
  part(NFT_MSG.getChain, NFT_MSG.newChain, [1, 3, 4, 5, 7, 12]),
  part(NFT_MSG.getSet, NFT_MSG.newSet, [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15, 17, 18]),
  part(NFT_MSG.getObject, NFT_MSG.newObject, [OBJECT.table, OBJECT.name, OBJECT.type, 8]),
  part(NFT_MSG.getRule, NFT_MSG.newRule, [RULE.table, RULE.chain, RULE.expressions, RULE.userdata], NLM.append),
];
const elementsPart = part(NFT_MSG.getElements, NFT_MSG.newElements, [1, 2, 3]);
/** The name of the table is the first attribute in all of them. */
const TABLE_NAME = 1;
const GENERATIONS_MAX = 20;

function part(get: number, add: number, keep: readonly number[], flags = 0): Part {
  return { get: nftType(get), add: nftType(add), flags: NLM.create | flags, keep: new Set(keep) };
}

/** Undefined when there is no such table. Counters come out at zero: they count since the boot. */
export async function copyTable(reader: NetlinkReader, table: string): Promise<Buffer | undefined> {
  for (let attempt = 0; attempt < GENERATIONS_MAX; attempt++) {
    const copy = new Copy(reader, table);
    if (!(await copy.addTable())) return undefined;
    for (const each of parts) await copy.addList(each);
    for (const set of copy.sets) await copy.addElements(set);
    if (copy.generations.size === 1) return copy.bytes;
  }
  throw refused('EINTR', 'the ruleset kept changing while it was copied');
}

class Copy {
  readonly generations = new Set<number>();
  readonly sets: string[] = [];
  readonly #reader: NetlinkReader;
  readonly #table: string;
  readonly #writer = new MessageWriter(64 * 1024);

  constructor(reader: NetlinkReader, table: string) {
    this.#reader = reader;
    this.#table = table;
  }

  get bytes(): Buffer {
    return this.#writer.bytes;
  }

  /** False when it is not there. */
  async addTable(): Promise<boolean> {
    const request = { ...this.#request(tablePart, TABLE.name), isSingle: true };
    try {
      await this.#add(request, tablePart);
      return true;
    } catch (error) {
      if ((error as { details?: { code?: string } }).details?.code === 'ENOENT') return false;
      throw error;
    }
  }

  addList(part: Part): Promise<void> {
    return this.#add(this.#request(part, TABLE_NAME), part);
  }

  addElements(set: string): Promise<void> {
    const { header, type } = this.#request(elementsPart, TABLE_NAME);
    const attributes = (writer: MessageWriter) => {
      writer.string(ELEMENTS.table, this.#table);
      writer.string(ELEMENTS.set, set);
    };
    return this.#add({ type, header, attributes }, elementsPart);
  }

  #request(part: Part, tableAttribute: number): Request {
    const attributes = (writer: MessageWriter) => writer.string(tableAttribute, this.#table);
    return { type: part.get, header: genmsg, attributes };
  }

  async #add(request: Request, part: Part): Promise<void> {
    const start = this.#writer.length;
    const setCount = this.sets.length;
    await this.#reader.dumpInto(
      request,
      () => {
        this.#writer.truncate(start);
        this.sets.length = setCount;
      },
      (_sink, message) => this.#take(message, part),
    );
  }

  #take({ body }: Message, part: Part): void {
    this.generations.add(body.readUInt16BE(2));
    const attributes = readAttributes(body, genmsg.length);
    if (readString(attributes.get(TABLE_NAME)) !== this.#table) return;
    if (part === elementsPart && !attributes.has(ELEMENTS.elements)) return;
    const writer = this.#writer;
    writer.begin(part.add, NLM.request | part.flags, 0);
    writer.raw(genmsg);
    for (const [type, value] of attributes) if (part.keep.has(type)) writer.attribute(type, value);
    if (part.add === addSet) this.#addSetId(readString(attributes.get(SET.name)));
    if (part.add === addObject) writer.endNest(writer.nest(OBJECT.data));
    writer.end();
  }

  /** The kernel wants a number that is unique in the transaction. */
  #addSetId(name: string): void {
    this.sets.push(name);
    this.#writer.u32be(SET.id, this.sets.length);
  }
}

const genmsg = nfgenmsg(NFPROTO_INET);
const addSet = nftType(NFT_MSG.newSet);
const addObject = nftType(NFT_MSG.newObject);
const additions: ReadonlySet<number> = new Set([tablePart, ...parts, elementsPart].map(({ add }) => add));

/** Where each message of a copy begins; throws KERNEL_REFUSED (EINVAL) when it would do anything but make this one table anew. */
export function* messagesOf(copy: Buffer, table: string): Generator<number, void> {
  for (let at = 0; at < copy.length; ) {
    const length = copy.length - at < HEADER_LENGTH ? 0 : copy.readUInt32LE(at);
    if (length < HEADER_LENGTH + genmsg.length || length % 4 !== 0 || at + length > copy.length)
      throw refused('EINVAL', `the copy of the table breaks off at byte ${at}`);
    const body = copy.subarray(at + HEADER_LENGTH, at + length);
    const type = copy.readUInt16LE(at + 4);
    const isFirst = type === tablePart.add && (copy.readUInt16LE(at + 6) & NLM.exclusive) !== 0;
    const isOurs = body[0] === NFPROTO_INET && readString(findAttribute(body, TABLE_NAME, genmsg.length)) === table;
    if (!isOurs || !additions.has(type) || isFirst !== (at === 0))
      throw refused('EINVAL', `the copy of the table has a foreign message at byte ${at}`);
    yield at;
    at += length;
  }
}
