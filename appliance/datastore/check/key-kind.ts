/** What a key in a store is for, by its name alone. Pure. Source: Calico's etcd v3 layout. */
import { ipamConfigKey, ipamListOf } from '../../ipam/model/keys.ts';
import { parseStoreKey } from '../../resources/key.ts';
import { unfinishedKey } from '../backup/unfinished.ts';

export type KeyKind =
  | { readonly type: 'resource'; readonly word: string }
  | { readonly type: 'ipam'; readonly word: 'IPAMBlock' | 'IPAMHandle' | 'IPAMAffinity' | 'IPAMConfig' | 'IPAMHost' }
  /** Written by agents and other programs of Calico's; never read back by us. */
  | { readonly type: 'status'; readonly word: 'Status' }
  /** Of this program's own. */
  | { readonly type: 'own'; readonly word: 'Mark' }
  /** Below Calico's root and of no known form. */
  | { readonly type: 'unknown'; readonly word: 'unknown' }
  /** Of another program that shares the store. */
  | { readonly type: 'foreign'; readonly word: 'foreign' };

const lists = { blocks: 'IPAMBlock', handles: 'IPAMHandle', block_affinities: 'IPAMAffinity' } as const;

/** Where others of Calico's programs keep what is theirs. */
const statusRoots = /^\/calico\/(?:felix\/v[12]|bird|bgp|dhcp|openstack|compaction|typha)\//;

/** Never fails: what has no known form is `unknown` or `foreign`. */
export function keyKindOf(key: string): KeyKind {
  const identity = parseStoreKey(key);
  if (identity !== undefined) return { type: 'resource', word: identity.kind.kind };
  const list = ipamListOf(key);
  if (list !== undefined) return { type: 'ipam', word: lists[list] };
  if (key === ipamConfigKey) return { type: 'ipam', word: 'IPAMConfig' };
  if (/^\/calico\/ipam\/v2\/host\/[^/]+$/.test(key)) return { type: 'ipam', word: 'IPAMHost' };
  if (statusRoots.test(key)) return { type: 'status', word: 'Status' };
  if (key === unfinishedKey.toString()) return { type: 'own', word: 'Mark' };
  return key.startsWith('/calico/') ? { type: 'unknown', word: 'unknown' } : { type: 'foreign', word: 'foreign' };
}
