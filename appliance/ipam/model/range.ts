/** Addresses of a CIDR by their place in it, and CIDRs by how many addresses they have. Pure. */
import { type Address, addressBits, type Family, masked, parsePrefix, printAddress } from '../../lib/ip/address.ts';

/** A CIDR as numbers. */
export interface AddressRange {
  readonly family: Family;
  readonly first: bigint;
  readonly size: bigint;
  readonly length: number;
}

/** Undefined for what is no CIDR. */
export function rangeOfCidr(cidr: string): AddressRange | undefined {
  const prefix = parsePrefix(cidr);
  if (prefix === undefined) return undefined;
  const { family } = prefix.address;
  const first = numberOf(masked(prefix).address);
  return { family, first, size: 1n << BigInt(addressBits(family) - prefix.length), length: prefix.length };
}

export function numberOf({ bytes }: Address): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

/** The canonical text of the address with this number. */
export function printNumber(family: Family, value: bigint): string {
  const digits = addressBits(family) / 4;
  const bytes = Uint8Array.from(Buffer.from(value.toString(16).padStart(digits, '0'), 'hex'));
  return printAddress({ family, bytes });
}

/** True when all of `inner` lies in `outer`. */
export function isInside(outer: AddressRange, inner: AddressRange): boolean {
  return (
    outer.family === inner.family && inner.first >= outer.first && inner.first + inner.size <= outer.first + outer.size
  );
}

/** How many addresses two ranges share: CIDRs lie in each other, or apart. */
export function sharedSize(a: AddressRange, b: AddressRange): bigint {
  if (isInside(a, b)) return b.size;
  return isInside(b, a) ? a.size : 0n;
}
