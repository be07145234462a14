/**
 * After a restart: does the kernel's table hold exactly what we want? Then nothing is written, and the handles are taken over. Pure, but for
 * the reads it is given. Rules are known by the key in their comment, which is a hash of all of their content.
 */
import type { NftElement, NftKeys, NftTableDump } from '../../../kernel/kernel.ts';
import { inSlices } from '../../../kernel/netlink/serial.ts';
import { KeyPacker } from '../../../kernel/nft-keys.ts';
import type { BaseChain } from '../../render/base-chains.ts';
import { baseChains } from '../../render/base-chains.ts';
import { isCompiledMap, isMemberMap } from '../../render/compiled/layout.ts';
import { dispatchMaps } from '../../render/dispatch.ts';
import { keyOfComment } from '../../render/rendered.ts';
import { standingSets } from '../../render/set-layout.ts';
import type { WrittenChain } from './chain-store.ts';
import type { DesiredState } from './desired-state.ts';
import { isSameKeys } from './same-keys.ts';
import { eachItem, type Work } from './work.ts';

/** Reads of our table's sets. */
export interface SetReads {
  readonly elements: (set: string) => Promise<readonly NftElement[]>;
  readonly keys: (set: string) => Promise<NftKeys>;
}

/** The chains with their handles when the table is as `desired` (of which nothing is written yet), else undefined. */
export async function matchTable(
  desired: DesiredState,
  dump: NftTableDump,
  read: SetReads,
): Promise<Map<string, WrittenChain> | undefined> {
  const written = await inSlices(matchChains(desired, dump));
  if (written === undefined || !hasSameNames(desired.counters.names(), dump.counters)) return undefined;
  const wantedSets = new Set([...standingSets().map(({ name }) => name), ...dispatchMaps, ...desired.netSets.names()]);
  if (!hasSameNames(wantedSets, dump.sets)) return undefined;
  const keys = await inSlices(desired.members.packChanges(true));
  for (const set of wantedSets) {
    const elements = desired.dispatch.elements(set);
    const isSame = isCompiledMap(set)
      ? desired.maps.isSame(set, await read.elements(set))
      : elements === undefined
        ? isSameKeys(keys.get(set) ?? new KeyPacker(), await read.keys(set))
        : isSameElements(elements, await read.elements(set));
    if (!(await inSlices(isSame))) return undefined;
  }
  return written;
}

/** Every chain has the rules that we left in it, under the handles we were given. */
export function* isAsWritten({ chains }: DesiredState, dump: NftTableDump): Work<boolean> {
  const handles = new Map<string, number[]>();
  yield* eachItem(dump.chains, ({ name }) => void handles.set(name, []));
  yield* eachItem(dump.rules, ({ chain, handle }) => void handles.get(chain)?.push(Number(handle)));
  if (handles.size !== chains.writtenCount) return false;
  let isSame = true;
  yield* eachItem(handles, ([name, found]) => {
    const left = chains.writtenOf(name)?.handles;
    isSame &&= left !== undefined && left.length === found.length && left.every((handle, i) => handle === found[i]);
  });
  return isSame;
}

/** The dispatch maps, and those of compiled lists, hold what we left in them. */
export async function isDispatchAsWritten(desired: DesiredState, read: SetReads): Promise<boolean> {
  for (const map of dispatchMaps) {
    const written = desired.dispatch.writtenElements(map);
    if (!(await inSlices(isSameElements(written, await read.elements(map))))) return false;
  }
  for (const map of desired.maps.filled()) {
    if (isMemberMap(map)) continue;
    if (!(await inSlices(desired.maps.isSame(map, await read.elements(map))))) return false;
  }
  return true;
}

function hasSameNames(wanted: Iterable<string>, found: readonly { readonly name: string }[]): boolean {
  const names = new Set(wanted);
  return names.size === found.length && found.every(({ name }) => names.has(name));
}

function* matchChains(desired: DesiredState, dump: NftTableDump): Work<Map<string, WrittenChain> | undefined> {
  const found = new Map<string, { keys: string[]; handles: number[] }>();
  let isSame = true;
  yield* eachItem(dump.chains, ({ name, base }) => {
    isSame &&= desired.chains.isWanted(name) && isSameBase(name, base);
    found.set(name, { keys: [], handles: [] });
  });
  yield* eachItem(dump.rules, ({ chain, handle, comment }) => {
    const rules = found.get(chain);
    rules?.keys.push(keyOfComment(comment));
    rules?.handles.push(Number(handle));
  });
  yield* eachItem(desired.chains.wantedNames(), (name) => {
    const keys = found.get(name)?.keys;
    const rules = desired.chains.unwrittenOf(name);
    isSame &&= keys?.length === rules.length && rules.every(({ key }, i) => key === keys[i]);
  });
  return isSame ? found : undefined;
}

function isSameBase(name: string, found: NftTableDump['chains'][number]['base']): boolean {
  const wanted: BaseChain | undefined = (baseChains as Readonly<Record<string, BaseChain>>)[name];
  if (wanted === undefined || found === undefined) return wanted === found;
  return wanted.kind === found.kind && wanted.hook === found.hook && wanted.priority === found.priority;
}

function* isSameElements(wanted: readonly NftElement[], found: readonly NftElement[]): Work<boolean> {
  if (wanted.length !== found.length) return false;
  const texts = new Set<string>();
  yield* eachItem(wanted, (element) => void texts.add(printElement(element)));
  let isSame = true;
  yield* eachItem(found, (element) => {
    isSame &&= texts.has(printElement(element));
  });
  return isSame;
}

function printElement({ key, isEnd, verdict, data }: NftElement): string {
  const value = verdict === undefined ? data && hex(data) : `${verdict.code} ${verdict.chain ?? ''}`;
  return `${hex(key)} ${isEnd === true} ${value ?? ''}`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
