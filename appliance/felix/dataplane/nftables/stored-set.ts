/** One IP set as the member store keeps it, and where each of its elements lies in the kernel's sets. Pure. */
import type { SmallSet } from '../../../lib/collections/small-set.ts';
import { addressBits, type Prefix, parsePrefix } from '../../../lib/ip/address.ts';
import type { IpSetType } from '../../model/messages.ts';
import type { Family } from '../../render/match.ts';
import type { ListSet } from '../../render/rendered.ts';
import type { ElementKey } from './element-key.ts';
import type { NetIndex } from './net-index.ts';
import { eachItem, type Work } from './work.ts';

/** `nets` and `ports` are lists of a rule: all nets lie in the interval set, whatever their length. */
export type StoredType = IpSetType | ListSet['type'];

/** There are many of these, so nothing is in them that most do not need. */
export interface StoredSet {
  readonly id: string;
  readonly type: StoredType;
  /** Of the id, as text; absent while no rule looks the set up. */
  number: string | undefined;
  members: SmallSet<string>;
  /** The kernel has its elements, but for changes that wait. */
  isWritten: boolean;
  nets?: Partial<Record<Family, StoredNets>>;
}

export interface StoredNets {
  readonly index: NetIndex;
  place: NetPlace;
}

/** What rules must know of where CIDRs lie. */
export interface NetPlace {
  /** The interval set, if there are any intervals. */
  readonly set: string | undefined;
  /** Lengths of CIDRs in the hash set, and the numbers these lie under. */
  readonly numbers: ReadonlyMap<number, string>;
}

/** Where CIDRs lie that are not there. */
export const nowhere: NetPlace = { set: undefined, numbers: new Map() };

/** The member as a CIDR that lies with others in an index; undefined for one that lies by itself. */
export function netOf({ type }: StoredSet, member: string): Prefix | undefined {
  if (type === 'ports' || type === 'ip-port') return undefined;
  const prefix = parsePrefix(member);
  const isSingle = type === 'net' && prefix?.length === addressBits(prefix?.address.family ?? 4);
  return isSingle ? undefined : prefix;
}

/** Sets `key` to a member that lies by itself; false when it is nothing that can be matched. */
export function placeSingle({ type, number }: StoredSet, member: string, key: ElementKey): boolean {
  if (number === undefined) return false;
  if (type === 'ip-port') return key.setHostPort(number, member);
  if (type === 'ports') {
    key.setPortRange(number, member);
    return true;
  }
  const prefix = parsePrefix(member);
  if (prefix !== undefined) key.setAddress(number, prefix);
  return prefix !== undefined;
}

/** Every element of the set, in `key`. */
export function* eachElement(stored: StoredSet, key: ElementKey, visit: () => void): Work {
  yield* eachItem(stored.members, (member) => {
    const net = netOf(stored, member);
    if (net === undefined) {
      if (placeSingle(stored, member, key)) visit();
      return;
    }
    const number = stored.nets?.[net.address.family]?.place.numbers.get(net.length);
    if (number === undefined) return;
    key.setAddress(number, net);
    visit();
  });
  for (const { index, place } of Object.values(stored.nets ?? {})) {
    yield* eachItem(index.intervals.intervals, (interval) => {
      key.setInterval(place.set as string, stored.number as string, interval);
      visit();
    });
  }
}

/** The set's CIDRs of a family with one of these lengths. */
export function* netsOfLength(stored: StoredSet, family: Family, lengths: ReadonlySet<number>): Work<Prefix[]> {
  const found: Prefix[] = [];
  yield* eachItem(stored.members, (member) => {
    const net = netOf(stored, member);
    if (net?.address.family === family && lengths.has(net.length)) found.push(net);
  });
  return found;
}
