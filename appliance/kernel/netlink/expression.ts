/**
 * nf_tables rule expressions as data. `expressions.ts` encodes them for netlink, `expression-text.ts` prints them for people. Pure types.
 * Source: linux/netfilter/nf_tables.h. Registers are numbered in 32-bit words 0..15 (NFT_REG32_00 + n); wider values fill
 * the following words. Data is bytes as they lie in the register: network order for payload, host order for meta and ct.
 */

/** 0..15 */
export type Register = number;

export type Verdict =
  | { readonly code: 'accept' | 'drop' | 'continue' | 'return' }
  | { readonly code: 'jump' | 'goto'; readonly chain: string };

export type MetaKey = 'mark' | 'iif' | 'oif' | 'iifname' | 'oifname' | 'nfproto' | 'l4proto' | 'iiftype' | 'protocol';

export type Expression =
  /** iifname and oifname load 16 bytes, zero padded; mark, iif, oif 4 in host order; nfproto, l4proto 1. */
  | { readonly type: 'meta'; readonly key: MetaKey; readonly register: Register }
  | { readonly type: 'meta-set'; readonly key: 'mark'; readonly register: Register }
  | {
      readonly type: 'payload';
      readonly base: 'link' | 'network' | 'transport';
      readonly offset: number;
      readonly length: number;
      readonly register: Register;
    }
  | {
      readonly type: 'cmp';
      readonly op: 'eq' | 'neq' | 'lt' | 'lte' | 'gt' | 'gte';
      readonly register: Register;
      readonly data: Uint8Array;
    }
  /** destination = (source & mask) ^ xor; mask and xor as long as the value. */
  | {
      readonly type: 'bitwise';
      readonly source: Register;
      readonly destination: Register;
      readonly mask: Uint8Array;
      readonly xor: Uint8Array;
    }
  | {
      readonly type: 'range';
      readonly op: 'eq' | 'neq';
      readonly register: Register;
      readonly from: Uint8Array;
      readonly to: Uint8Array;
    }
  /** `into` present: the set is a map; `verdict` for a verdict map. */
  | {
      readonly type: 'lookup';
      readonly set: string;
      readonly register: Register;
      readonly into?: Register | 'verdict';
      readonly isInverted?: boolean;
    }
  | { readonly type: 'load'; readonly register: Register; readonly data: Uint8Array }
  | { readonly type: 'verdict'; readonly verdict: Verdict }
  /** state and status load 4 bytes in host order; mark 4; direction 1. */
  | { readonly type: 'ct'; readonly key: 'state' | 'status' | 'mark' | 'direction'; readonly register: Register }
  | { readonly type: 'ct-set'; readonly key: 'mark'; readonly register: Register }
  | {
      readonly type: 'fib';
      readonly result: 'oif' | 'oifname' | 'type';
      readonly flags: readonly ('saddr' | 'daddr' | 'mark' | 'iif' | 'oif')[];
      readonly register: Register;
    }
  | { readonly type: 'counter' }
  /** A named counter object. */
  | { readonly type: 'counter-ref'; readonly name: string }
  /** `level` as in syslog: 5 notice, 6 info. */
  | { readonly type: 'log'; readonly prefix: string; readonly level: number }
  | {
      readonly type: 'limit';
      readonly rate: bigint;
      readonly unitSeconds: number;
      readonly burst: number;
      readonly isInverted?: boolean;
    }
  /** Holds when this address pair, protocol and rule has no more than `count` connections; inverted, when it has more. */
  | { readonly type: 'connlimit'; readonly count: number; readonly isInverted: boolean }
  /** Writes the register into the packet; `checksumOffset` names the header's own checksum, which is brought up to date. */
  | {
      readonly type: 'payload-set';
      readonly base: 'network';
      readonly offset: number;
      readonly length: number;
      readonly register: Register;
      readonly checksumOffset?: number;
    }
  /** Port registers hold 2 bytes in network order. */
  | {
      readonly type: 'masquerade';
      readonly isFullyRandom: boolean;
      readonly portMin?: Register;
      readonly portMax?: Register;
    }
  | {
      readonly type: 'nat';
      readonly kind: 'snat' | 'dnat';
      readonly family: 4 | 6;
      readonly addressMin: Register;
      readonly addressMax?: Register;
      readonly portMin?: Register;
      readonly portMax?: Register;
    }
  | { readonly type: 'notrack' }
  /** icmpx admin-prohibited. */
  | { readonly type: 'reject' }
  /** A TCP reset; the rule must match TCP. */
  | { readonly type: 'reject-reset' };
