/** Numbers of nf_tables' netlink interface that several files share. Pure. Source: linux/netfilter/nf_tables.h, nfnetlink.h. */
import type { NftHook } from '../kernel.ts';

export const NFNL_SUBSYS_NFTABLES = 10;
export const NFPROTO_INET = 1;

/** Message types, within the subsystem. */
export const NFT_MSG = {
  newTable: 0,
  getTable: 1,
  deleteTable: 2,
  newChain: 3,
  getChain: 4,
  deleteChain: 5,
  newRule: 6,
  getRule: 7,
  deleteRule: 8,
  newSet: 9,
  getSet: 10,
  deleteSet: 11,
  newElements: 12,
  getElements: 13,
  deleteElements: 14,
  newGeneration: 15,
  getGeneration: 16,
  newObject: 18,
  getObject: 19,
  deleteObject: 20,
} as const;

export const TABLE = { name: 1, flags: 2 } as const;
export const TABLE_DORMANT = 0x1;
export const GENERATION = { id: 1, pid: 2, program: 3 } as const;
export const CHAIN = { table: 1, name: 3, hook: 4, policy: 5, type: 7 } as const;
export const HOOK = { number: 1, priority: 2 } as const;
export const RULE = { table: 1, chain: 2, handle: 3, expressions: 4, position: 6, userdata: 7 } as const;
export const SET = {
  table: 1,
  name: 2,
  flags: 3,
  keyType: 4,
  keyLength: 5,
  dataType: 6,
  dataLength: 7,
  description: 9,
  id: 10,
  userdata: 13,
} as const;
/** Records of a set's user data, as nft writes them: host-order words. */
export const SET_UDATA = { keyByteOrder: 0, dataByteOrder: 1 } as const;
export const SET_DESCRIPTION = { size: 1, concat: 2 } as const;
export const SET_FIELD_LENGTH = 1;
export const SET_FLAG = { interval: 0x4, map: 0x8, concat: 0x80 } as const;
export const ELEMENTS = { table: 1, set: 2, elements: 3 } as const;
export const ELEMENT = { key: 1, data: 2, flags: 3 } as const;
export const ELEMENT_INTERVAL_END = 1;
export const OBJECT = { table: 1, name: 2, type: 3, data: 4 } as const;
export const OBJECT_COUNTER = 1;
export const COUNTER = { bytes: 1, packets: 2 } as const;
export const LIST_ELEM = 1;
export const DATA = { value: 1, verdict: 2 } as const;
export const VERDICT = { code: 1, chain: 2 } as const;
export const DATA_TYPE_VERDICT = 0xffff_ff00;

export const HOOK_NUMBERS: Record<NftHook, number> = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 };

/** struct nfgenmsg: family, version 0, resource id in network order. */
export function nfgenmsg(family: number, resource = 0): Buffer {
  return Buffer.from([family, 0, resource >> 8, resource & 0xff]);
}

/** A message type of the nf_tables subsystem. */
export function nftType(message: number): number {
  return (NFNL_SUBSYS_NFTABLES << 8) | message;
}
