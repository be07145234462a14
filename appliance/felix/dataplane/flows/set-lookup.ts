/** Asks IP sets for an address as the kernel would: exact members, then the CIDRs of each length that the set has. Pure. */
import { addressBits, type Family, masked, printPrefix } from '../../../lib/ip/address.ts';
import type { FlowEnd } from './flow.ts';
import type { SetLookup } from './flow-match.ts';

/** Canonical CIDRs, or `address,protocol:port`. */
export interface Members extends Iterable<string> {
  has(member: string): boolean;
}

type Lengths = Readonly<Record<Family, readonly number[]>>;

export class SetLookups implements SetLookup {
  readonly #membersOf: (setId: string) => Members | undefined;
  /** The lengths of CIDRs, other than whole addresses, of sets that were asked since they changed. */
  readonly #lengths = new Map<string, Lengths>();

  constructor(membersOf: (setId: string) => Members | undefined) {
    this.#membersOf = membersOf;
  }

  /** The set is not what it was. */
  forget(setId: string): void {
    this.#lengths.delete(setId);
  }

  hasAddress(setId: string, { text, address }: FlowEnd): boolean {
    const members = this.#membersOf(setId);
    if (members === undefined) return false;
    if (members.has(`${text}/${addressBits(address.family)}`)) return true;
    const lengths = this.#lengthsOf(setId, members)[address.family];
    return lengths.some((length) => members.has(printPrefix(masked({ address, length }))));
  }

  hasHostPort(setId: string, { text, port }: FlowEnd, protocol: number): boolean {
    return port !== undefined && (this.#membersOf(setId)?.has(`${text},${protocol}:${port}`) ?? false);
  }

  #lengthsOf(setId: string, members: Members): Lengths {
    const known = this.#lengths.get(setId);
    if (known !== undefined) return known;
    const found = { 4: new Set<number>(), 6: new Set<number>() };
    for (const member of members) {
      const family = member.includes(':') ? 6 : 4;
      const length = Number(member.slice(member.indexOf('/') + 1));
      if (length < addressBits(family)) found[family].add(length);
    }
    const lengths = { 4: [...found[4]], 6: [...found[6]] };
    this.#lengths.set(setId, lengths);
    return lengths;
  }
}
