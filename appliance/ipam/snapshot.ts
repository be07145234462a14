/** Everything IPAM's answers are made of, read at one revision. I/O. */
import { clusterInformationKey, decodeClusterInformation } from '../datastore/backup/cluster-information.ts';
import { readPages } from '../datastore/backup/pages.ts';
import type { Revision, Store } from '../datastore/store.ts';
import { storePrefix } from '../resources/key.ts';
import { kindOf } from '../resources/registry.ts';
import type { Resource } from '../resources/resource.ts';
import { decodeStored } from '../resources/stored.ts';
import { parseAffinityState } from './model/affinity.ts';
import { type Block, parseBlock } from './model/block.ts';
import { defaultIpamConfig, type IpamConfig, parseIpamConfig } from './model/config.ts';
import { type Handle, parseHandle } from './model/handle.ts';
import {
  affinityPrefixes,
  blockPrefixes,
  cidrOfKey,
  handlePrefix,
  ipamConfigKey,
  ipamListOf,
  ownerOfKey,
} from './model/keys.ts';
import { type Pool, poolOf } from './pool.ts';

export interface StoredAffinity {
  readonly owner: string;
  readonly cidr: string;
  readonly state: string;
}

/** An entry that nobody can read, and why. */
export interface Unreadable {
  readonly key: string;
  readonly problem: string;
}

export interface Snapshot {
  readonly revision: Revision;
  readonly blocks: readonly Block[];
  readonly unreadable: readonly Unreadable[];
  readonly pools: readonly Pool[];
  /** CIDRs whose addresses are not given by themselves. */
  readonly reservations: readonly string[];
  readonly config: IpamConfig;
}

/** What a check needs besides. */
export interface WholeSnapshot extends Snapshot {
  readonly handles: readonly (Handle & { readonly revision: Revision })[];
  readonly affinities: readonly StoredAffinity[];
  readonly nodes: readonly Resource[];
  readonly workloads: readonly Resource[];
  readonly cluster: {
    readonly guid: string;
    readonly isLocked: boolean;
    readonly revision: Revision;
    readonly type: string;
    readonly version: string;
  };
}

/** Blocks, pools, reservations and settings as of now. */
export async function readSnapshot(store: Store, at?: Revision): Promise<Snapshot> {
  const revision = at ?? (await store.revisions()).current;
  const blocks: Block[] = [];
  const unreadable: Unreadable[] = [];
  for (const prefix of blockPrefixes) {
    await readEach(store, prefix, revision, (key, value) => {
      const parsed = parseBlock(value);
      if (parsed.ok && parsed.value.cidr === cidrOfKey(key)) blocks.push(parsed.value);
      else
        unreadable.push({ key, problem: parsed.ok ? `says it is ${parsed.value.cidr}` : problemOf(parsed.problems) });
    });
  }
  const pools = (await readKind(store, 'IPPool', revision)).flatMap((resource) => poolOf(resource) ?? []);
  const reservations = await readKind(store, 'IPReservation', revision);
  return {
    revision,
    blocks,
    unreadable,
    pools,
    reservations: reservations.flatMap(({ spec }) => (spec.reservedCIDRs as string[] | undefined) ?? []),
    config: await readConfig(store, revision),
  };
}

/** The same with handles, affinities, and everything that may use an address. */
export async function readWholeSnapshot(store: Store): Promise<WholeSnapshot> {
  const snapshot = await readSnapshot(store);
  const { revision } = snapshot;
  const unreadable: Unreadable[] = [...snapshot.unreadable];
  const handles: (Handle & { revision: Revision })[] = [];
  await readEach(store, handlePrefix, revision, (key, value, modRevision) => {
    const handle = parseHandle(key.slice(handlePrefix.length), value);
    if (handle === undefined) unreadable.push({ key, problem: 'lists no blocks' });
    else handles.push({ ...handle, revision: modRevision });
  });
  const affinities: StoredAffinity[] = [];
  for (const prefix of affinityPrefixes) {
    await readEach(store, prefix, revision, (key, value) => {
      if (ipamListOf(key) !== 'block_affinities') return;
      affinities.push({
        owner: ownerOfKey(key),
        cidr: cidrOfKey(key),
        state: parseAffinityState(value) ?? 'unreadable',
      });
    });
  }
  return {
    ...snapshot,
    unreadable,
    handles,
    affinities,
    nodes: await readKind(store, 'Node', revision),
    workloads: await readKind(store, 'WorkloadEndpoint', revision),
    cluster: await readCluster(store, revision),
  };
}

/** The settings, or what holds without any. */
export async function readConfig(store: Store, revision: Revision = 0): Promise<IpamConfig> {
  const { entries } = await store.range({ key: Buffer.from(ipamConfigKey), revision });
  return entries[0] === undefined ? defaultIpamConfig : parseIpamConfig(entries[0].value);
}

/** Every readable resource of a kind. */
export async function readKind(store: Store, word: string, revision: Revision): Promise<Resource[]> {
  const resources: Resource[] = [];
  await readEach(store, storePrefix(kindOf(word)!), revision, (key, value, modRevision) => {
    const decoded = decodeStored(key, value, modRevision);
    if (decoded.ok) resources.push(decoded.value);
  });
  return resources;
}

async function readCluster(store: Store, revision: Revision): Promise<WholeSnapshot['cluster']> {
  const { entries } = await store.range({ key: clusterInformationKey, revision });
  const found = entries[0] && decodeClusterInformation(entries[0]);
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return {
    guid: found?.clusterGuid ?? '',
    isLocked: found?.isLocked ?? false,
    revision: entries[0]?.modRevision ?? 0,
    type: text(found?.resource.spec.clusterType),
    version: text(found?.resource.spec.calicoVersion),
  };
}

async function readEach(
  store: Store,
  prefix: string,
  revision: Revision,
  take: (key: string, value: Buffer, modRevision: Revision) => void,
): Promise<void> {
  for await (const page of readPages(store, prefix, revision))
    for (const { key, value, modRevision } of page) take(key.toString(), value, modRevision);
}

function problemOf(problems: readonly { readonly path: string; readonly message: string }[]): string {
  return problems.map(({ path, message }) => (path === '' ? message : `${path} ${message}`)).join('; ');
}
