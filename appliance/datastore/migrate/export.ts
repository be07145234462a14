/**
 * Reads all of Calico in a store as the parts of upstream's migration file: resources by kind, ClusterInformation, and IPAM. What those
 * cannot carry exactly (workloads, profiles, other programs' keys, values that an older version wrote in another form) goes along as keys
 * and values in a member of the IPAM part that upstream does not read. All at one revision. I/O.
 */
import { isUtf8 } from 'node:buffer';
import { ipamConfigKey, ipamListOf } from '../../ipam/model/keys.ts';
import { parseExact, printExact } from '../../lib/exact-json.ts';
import type { KindDefinition } from '../../resources/define.ts';
import { storeKey, storePrefix } from '../../resources/key.ts';
import type { Resource } from '../../resources/resource.ts';
import { decodeStored, encodeStored } from '../../resources/stored.ts';
import { clusterInformationKey, readClusterInformation } from '../backup/cluster-information.ts';
import { backupErrors } from '../backup/errors.ts';
import { readPages } from '../backup/pages.ts';
import { readUnfinished } from '../backup/unfinished.ts';
import type { Entry, Revision, Store } from '../store.ts';
import { exportedKinds, kubernetesPolicyPrefix } from './kinds.ts';

/** As upstream prints it. `TTL` in nanoseconds, 0 for none. */
export interface KeyValue {
  readonly Key: string;
  readonly Value: unknown;
  readonly TTL: number;
}

/** The third part of the file. Absent lists are empty. */
export interface IpamPart {
  block_affinities?: KeyValue[];
  blocks?: KeyValue[];
  handles?: KeyValue[];
  config?: KeyValue;
  /** Ours: text, or `{"base64": ...}`. Stands above what the other parts say of the same key. */
  others?: KeyValue[];
}

export interface Export {
  readonly revision: Revision;
  /** Lists of resources, a few hundred at a time, in upstream's order of kinds; each kind at least once. */
  lists(): AsyncGenerator<{ readonly kind: KindDefinition; readonly items: readonly Resource[] }>;
  readonly clusterInformation: Resource;
  ipam(): Promise<IpamPart>;
}

/** Begins an export. STORE_NOT_LOCKED: what is written meanwhile would be lost. RESTORE_UNFINISHED when there is nothing whole to export. */
export async function exportStore(store: Store): Promise<Export> {
  const { current: revision } = await store.revisions();
  const information = await readClusterInformation(store, revision);
  if (information?.isLocked !== true) throw backupErrors.fail('STORE_NOT_LOCKED');
  if ((await readUnfinished(store)) !== undefined) throw backupErrors.fail('RESTORE_UNFINISHED', 'finish it first');
  return {
    revision,
    clusterInformation: information.resource,
    lists: () => readLists(store, revision),
    ipam: () => readIpam(store, revision),
  };
}

async function* readLists(store: Store, revision: Revision) {
  for (const kind of exportedKinds) {
    let isEmpty = true;
    for await (const page of readPages(store, storePrefix(kind), revision)) {
      const items = page.flatMap((entry) => listed(entry)?.resource ?? []);
      if (items.length > 0) yield { kind, items };
      isEmpty &&= items.length === 0;
    }
    if (isEmpty) yield { kind, items: [] };
  }
}

/** A resource that the first part lists, and whether that says everything of it. */
function listed(entry: Entry): { readonly resource: Resource; readonly isExact: boolean } | undefined {
  const key = entry.key.toString();
  const result = decodeStored(key, entry.value, entry.modRevision);
  if (!result.ok) return undefined;
  const { resourceVersion: _, ...metadata } = result.value.metadata;
  const resource = { ...result.value, metadata };
  const kind = exportedKinds.find((one) => one.kind === resource.kind);
  if (kind === undefined || metadata.name.startsWith(kubernetesPolicyPrefix)) return undefined;
  // A policy that an older version stored lies under another name, and would be read twice from there and from here.
  if (storeKey(kind, metadata.namespace, metadata.name) !== key) return undefined;
  return { resource, isExact: entry.lease === 0n && entry.value.equals(Buffer.from(encodeStored(resource))) };
}

async function readIpam(store: Store, revision: Revision): Promise<IpamPart> {
  const part: IpamPart = {};
  const ttls = new Map<bigint, number>();
  for await (const page of readPages(store, '/calico/', revision)) {
    for (const entry of page) {
      if (entry.key.equals(clusterInformationKey) || listed(entry)?.isExact) continue;
      const ttl = entry.lease === 0n ? 0 : (ttls.get(entry.lease) ?? (await ttlOf(store, entry.lease)));
      if (entry.lease !== 0n) ttls.set(entry.lease, ttl);
      if (!addToIpam(part, entry, ttl)) addTo(part, 'others', entry, textOf(entry.value), ttl);
    }
  }
  return part;
}

/** False when the lists do not carry the value exactly. */
function addToIpam(part: IpamPart, entry: Entry, ttl: number): boolean {
  const key = entry.key.toString();
  const list = ipamListOf(key);
  if (list === undefined && key !== ipamConfigKey) return false;
  const value = parseExact(entry.value.toString());
  if (typeof value !== 'object' || value === null) return false;
  if (list === undefined) part.config = { Key: key, Value: value, TTL: ttl };
  else addTo(part, list, entry, value, ttl);
  return entry.value.equals(Buffer.from(printExact(value)));
}

function addTo(
  part: IpamPart,
  list: 'block_affinities' | 'blocks' | 'handles' | 'others',
  { key }: Entry,
  Value: unknown,
  TTL: number,
): void {
  part[list] ??= [];
  part[list].push({ Key: key.toString(), Value, TTL });
}

function textOf(value: Buffer): unknown {
  return isUtf8(value) ? value.toString() : { base64: value.toString('base64') };
}

async function ttlOf(store: Store, lease: bigint): Promise<number> {
  const { ttlSeconds } = await store.leaseTimeToLive(lease);
  return Math.max(1, ttlSeconds) * nanosecondsPerSecond;
}

const nanosecondsPerSecond = 1_000_000_000;
