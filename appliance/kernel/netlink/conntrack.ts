/**
 * Connection tracking entries: finds those of an address and deletes them. I/O through `dump.ts` and `pipeline.ts`.
 * Source: linux/netfilter/nfnetlink_conntrack.h.
 */
import { type Address, compareBytes, type Family } from '../../lib/ip/address.ts';
import type { NetlinkReader } from './dump.ts';
import { refused } from './dump.ts';
import { findAttribute, type Message, type MessageWriter, NLM, readAttributes } from './message.ts';
import { nfgenmsg } from './nft-numbers.ts';
import type { NetlinkPipeline } from './pipeline.ts';
import { FAMILY_NUMBERS, familyOf } from './route-numbers.ts';

const SUBSYSTEM = 1 << 8;
const CT = { get: SUBSYSTEM | 1, delete: SUBSYSTEM | 2 } as const;
const CTA = { original: 1, reply: 2, id: 12, zone: 18, filter: 25 } as const;
const TUPLE_IP = 1;
/** Attributes of an address in a tuple. */
const ADDRESSES = { source: { 4: 1, 6: 3 }, destination: { 4: 2, 6: 4 } } as const;
/** Which direction's tuple a dump is filtered by, and the attribute that says so. */
const FILTER_FLAGS = { original: 1, reply: 2 } as const;
const FILTERED = { source: 1, destination: 2 } as const;

/** Where in an entry an address is looked for. The original destination is the reply source but for translated ones. */
interface Place {
  readonly direction: 'original' | 'reply';
  readonly end: 'source' | 'destination';
}

const places: readonly Place[] = [
  { direction: 'original', end: 'source' },
  { direction: 'original', end: 'destination' },
  { direction: 'reply', end: 'source' },
];

/** An entry's name: original tuple, id and zone as raw attributes. */
interface Entry {
  readonly family: Family;
  readonly tuple: Buffer;
  readonly id: Buffer | undefined;
  readonly zone: Buffer | undefined;
}

/**
 * Deletes the entries whose original source or destination, or reply source, is one of the addresses; how many were there.
 * One address of IPv4 is asked for in the kernel; of more, everything is read once, however many they are.
 */
export async function deleteConntrack(
  reader: NetlinkReader,
  pipeline: NetlinkPipeline,
  addresses: readonly Address[],
): Promise<number> {
  const [only] = addresses;
  if (only === undefined) return 0;
  const isFiltered = addresses.length === 1 && only.family === 4;
  const entries = isFiltered ? await findFiltered(reader, only) : await findAll(reader, addresses);
  const outcomes = await pipeline.send(entries, writeDelete);
  const failure = outcomes.find((outcome) => outcome !== undefined && outcome.code !== 'ENOENT');
  if (failure !== undefined) throw refused(failure.code, failure.message);
  return outcomes.filter((outcome) => outcome === undefined).length;
}

async function findFiltered(reader: NetlinkReader, address: Address): Promise<Entry[]> {
  const entries = new Map<string, Entry>();
  for (const place of places) {
    for (const entry of await findEntries(reader, place, address)) entries.set(keyOf(entry), entry);
  }
  return [...entries.values()];
}

const UNSPECIFIED = 0;

function findAll(reader: NetlinkReader, addresses: readonly Address[]): Promise<Entry[]> {
  const wanted = new Set(addresses.map(({ bytes }) => Buffer.from(bytes).toString('latin1')));
  return reader.dump({ type: CT.get, header: nfgenmsg(UNSPECIFIED) }, ({ body }) => {
    const family = familyOf(body[0]);
    const original = findAttribute(body, CTA.original, 4);
    if (family === undefined || original === undefined) return [];
    const isWanted = places.some(({ direction, end }) => {
      const tuple = findAttribute(body, CTA[direction], 4);
      const ip = tuple && findAttribute(tuple, TUPLE_IP);
      return wanted.has((ip && findAttribute(ip, ADDRESSES[end][family])?.toString('latin1')) ?? '');
    });
    return isWanted ? [entryOf(family, body, original)] : [];
  });
}

function entryOf(family: Family, body: Buffer, original: Buffer): Entry {
  const [id, zone] = [findAttribute(body, CTA.id, 4), findAttribute(body, CTA.zone, 4)];
  return { family, tuple: Buffer.from(original), id: copy(id), zone: copy(zone) };
}

function keyOf({ tuple, id, zone }: Entry): string {
  return [tuple, id, zone].map((bytes) => bytes?.toString('hex')).join();
}

/**
 * Kernels since 5.8 filter IPv4 for us; older ones send all, so each entry is looked at here too. Their filter for IPv6
 * leaves out the very entries that match (seen on 6.18), so it is not asked.
 */
function findEntries(reader: NetlinkReader, place: Place, address: Address): Promise<Entry[]> {
  const request = {
    type: CT.get,
    header: nfgenmsg(FAMILY_NUMBERS[address.family]),
    attributes: (writer: MessageWriter) => writeFilter(writer, place, address),
  };
  return reader.dump(request, (message) => readEntry(message, place, address));
}

function writeFilter(writer: MessageWriter, { direction, end }: Place, address: Address): void {
  const tuple = writer.nest(CTA[direction]);
  const ip = writer.nest(TUPLE_IP);
  writer.attribute(ADDRESSES[end][address.family], address.bytes);
  writer.endNest(ip);
  writer.endNest(tuple);
  const filter = writer.nest(CTA.filter);
  writer.u32(FILTER_FLAGS[direction], FILTERED[end]);
  writer.endNest(filter);
}

function readEntry(message: Message, { direction, end }: Place, address: Address): Entry[] {
  const attributes = readAttributes(message.body, 4);
  const original = attributes.get(CTA.original);
  const tuple = attributes.get(CTA[direction]);
  const ip = tuple && readAttributes(tuple).get(TUPLE_IP);
  const found = ip && readAttributes(ip).get(ADDRESSES[end][address.family]);
  if (original === undefined || found === undefined || compareBytes(found, address.bytes) !== 0) return [];
  return [entryOf(address.family, message.body, original)];
}

function copy(bytes: Buffer | undefined): Buffer | undefined {
  return bytes && Buffer.from(bytes);
}

/** Names the entry by its id too: a new connection with the same tuple is not the one that was meant. */
function writeDelete(writer: MessageWriter, entry: Entry, sequence: number): void {
  writer.begin(CT.delete, NLM.request | NLM.ack, sequence);
  writer.raw(nfgenmsg(FAMILY_NUMBERS[entry.family]));
  const tuple = writer.nest(CTA.original);
  writer.raw(entry.tuple);
  writer.endNest(tuple);
  if (entry.id !== undefined) writer.attribute(CTA.id, entry.id);
  if (entry.zone !== undefined) writer.attribute(CTA.zone, entry.zone);
  writer.end();
}
