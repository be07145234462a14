/**
 * Gives addresses back: read, plan, one transaction for each block with its handles, again when somebody was faster. A block that is left
 * empty goes when it belongs to nobody, or to a host its pool is not for. I/O.
 */
import { absent, unchanged } from '../datastore/effects/guard.ts';
import { type Compare, type Entry, type Op, prefixEnd, type Revision, type Store } from '../datastore/store.ts';
import { parseAddress, printAddress } from '../lib/ip/address.ts';
import { storeKey } from '../resources/key.ts';
import { kindOf } from '../resources/registry.ts';
import { decodeStored } from '../resources/stored.ts';
import { ipamErrors } from './errors.ts';
import { type Block, isEmptyBlock, ordinalOf, parseBlock, printBlock } from './model/block.ts';
import { decremented, parseHandle, printHandle } from './model/handle.ts';
import { affinityKey, blockKey, blockPrefixes, cidrOfKey, handleKey } from './model/keys.ts';
import { rangeOfCidr } from './model/range.ts';
import { type Claim, releaseFromBlock } from './model/release.ts';
import { poolOf, poolWith, selectsNode } from './pool.ts';
import { readConfig, readKind } from './snapshot.ts';

export interface HandleClaim {
  readonly id: string;
  /** Deleted only while it is at this revision. */
  readonly revision?: string;
}

export interface ReleaseRequest {
  readonly addresses: readonly Claim[];
  /** Handles to delete that hold no address. */
  readonly handles?: readonly HandleClaim[];
}

export interface ReleaseOptions {
  readonly isDryRun?: boolean;
  readonly now: () => number;
  readonly onCommit?: (commit: ChangedKey) => void;
}

/** What was committed, for whoever keeps a record. */
export interface ChangedKey {
  readonly ref: { readonly namespace: ''; readonly name: string };
  readonly before?: Revision;
  readonly after?: Revision;
}

export interface ReleaseResult {
  readonly released: readonly string[];
  readonly notAssigned: readonly string[];
  readonly conflicts: readonly { readonly ip: string; readonly reason: string }[];
  readonly deletedHandles: readonly string[];
  /** Changed meanwhile, in use, or gone. */
  readonly skippedHandles: readonly string[];
}

/** Tries of one block before it gives up. */
const attemptsMax = 20;
/** etcd takes 128 operations in a transaction. */
const handlesMax = 50;

/** IPAM_BAD_REQUEST for what is no address; IPAM_CONFLICT when others change the same blocks all the time. */
export async function releaseAddresses(
  store: Store,
  request: ReleaseRequest,
  options: ReleaseOptions,
): Promise<ReleaseResult> {
  const { groups, outside } = await byBlock(store, request.addresses.map(canonical));
  const result = { released: [] as string[], notAssigned: outside, conflicts: [] as { ip: string; reason: string }[] };
  for (const [cidr, claims] of groups) {
    for (let start = 0; start < claims.length; start += handlesMax) {
      const part = await releaseInBlock(store, cidr, claims.slice(start, start + handlesMax), options);
      result.released.push(...part.released);
      result.notAssigned.push(...part.notAssigned);
      result.conflicts.push(...part.conflicts);
    }
    await dropUnwanted(store, cidr, options);
  }
  const handles = await deleteHandles(store, request.handles ?? [], options);
  return { ...result, ...handles };
}

function canonical(claim: Claim): Claim {
  const address = parseAddress(claim.ip);
  if (address === undefined) throw ipamErrors.fail('IPAM_BAD_REQUEST', `'${claim.ip}' is not an IP address`);
  return { ...claim, ip: printAddress(address) };
}

/** The blocks that addresses lie in, by their keys alone. */
async function byBlock(store: Store, claims: readonly Claim[]) {
  const cidrs: string[] = [];
  for (const prefix of blockPrefixes) {
    const key = Buffer.from(prefix);
    const { entries } = await store.range({ key, rangeEnd: prefixEnd(key), keysOnly: true });
    for (const entry of entries) cidrs.push(cidrOfKey(entry.key.toString()));
  }
  const usable = cidrs.filter((cidr) => rangeOfCidr(cidr) !== undefined);
  const groups = new Map<string, Claim[]>();
  const outside: string[] = [];
  for (const claim of new Map(claims.map((one) => [one.ip, one])).values()) {
    const cidr = usable.find((one) => ordinalOf({ cidr: one }, claim.ip) !== undefined);
    if (cidr === undefined) outside.push(claim.ip);
    else groups.set(cidr, [...(groups.get(cidr) ?? []), claim]);
  }
  return { groups, outside };
}

async function releaseInBlock(store: Store, cidr: string, claims: readonly Claim[], options: ReleaseOptions) {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const stored = await readBlock(store, cidr);
    if (stored === undefined) return { released: [], notAssigned: claims.map(({ ip }) => ip), conflicts: [] };
    const { ipCooldownSeconds } = await readConfig(store);
    const plan = releaseFromBlock(stored.block, claims, options.now(), ipCooldownSeconds);
    if (plan.next === undefined || options.isDryRun === true) return plan;
    const handles = await planHandles(store, cidr, plan.handles);
    const isGone = plan.next.affinity === null && isEmptyBlock(plan.next);
    const write: Op = isGone
      ? { type: 'delete', key: stored.entry.key }
      : { type: 'put', key: stored.entry.key, value: Buffer.from(printBlock(plan.next)) };
    const compare = [unchanged(stored.entry), ...handles.compare];
    const txn = await store.txn({ compare, success: [write, ...handles.writes], failure: [] });
    if (!txn.succeeded) continue;
    const after = isGone ? {} : { after: txn.revision };
    options.onCommit?.({ ref: { namespace: '', name: cidr }, before: stored.entry.modRevision, ...after });
    return plan;
  }
  throw ipamErrors.fail('IPAM_CONFLICT', `block ${cidr}`);
}

/** Handles with fewer addresses, or gone; those that are missing are left missing. */
async function planHandles(store: Store, cidr: string, counts: ReadonlyMap<string, number>) {
  const compare: Compare[] = [];
  const writes: Op[] = [];
  for (const [id, count] of counts) {
    const key = Buffer.from(handleKey(id));
    const entry = await readEntry(store, key);
    compare.push(entry === undefined ? absent(key) : unchanged(entry));
    const handle = entry && parseHandle(id, entry.value);
    if (handle === undefined) continue;
    const next = decremented(handle, cidr, count);
    writes.push(
      next === undefined ? { type: 'delete', key } : { type: 'put', key, value: Buffer.from(printHandle(next)) },
    );
  }
  return { compare, writes };
}

/** An empty block of a host that its pool is not for is nobody's: block and affinity go together. */
async function dropUnwanted(store: Store, cidr: string, options: ReleaseOptions): Promise<void> {
  if (options.isDryRun === true) return;
  const stored = await readBlock(store, cidr);
  if (stored === undefined || !isEmptyBlock(stored.block) || !(await isUnwanted(store, stored.block))) return;
  const key = Buffer.from(affinityKey(stored.block.affinity!, cidr));
  const affinity = await readEntry(store, key);
  const compare = [unchanged(stored.entry), affinity === undefined ? absent(key) : unchanged(affinity)];
  const txn = await store.txn({
    compare,
    success: [{ type: 'delete', key: stored.entry.key }, ...(affinity ? [{ type: 'delete', key } as const] : [])],
    failure: [],
  });
  // Somebody uses the block again, or has dropped it: both are well.
  if (txn.succeeded) options.onCommit?.({ ref: { namespace: '', name: cidr }, before: stored.entry.modRevision });
}

async function isUnwanted(store: Store, block: Block): Promise<boolean> {
  if (block.affinity?.startsWith('host:') !== true) return false;
  const key = storeKey(kindOf('Node')!, undefined, block.affinity.slice('host:'.length));
  const entry = await readEntry(store, Buffer.from(key));
  const node = entry && decodeStored(key, entry.value, entry.modRevision);
  if (node?.ok !== true) return false;
  const pools = (await readKind(store, 'IPPool', 0)).flatMap((resource) => poolOf(resource) ?? []);
  const pool = poolWith(pools, rangeOfCidr(block.cidr)!, false);
  return pool !== undefined && !selectsNode(pool, node.value);
}

/** Only handles that hold no address of any block, and only as they were seen. */
async function deleteHandles(store: Store, claims: readonly HandleClaim[], options: ReleaseOptions) {
  const deletedHandles: string[] = [];
  const skippedHandles: string[] = [];
  for (const { id, revision } of claims) {
    const key = Buffer.from(handleKey(id));
    const entry = await readEntry(store, key);
    const isSeen = entry !== undefined && (revision === undefined || String(entry.modRevision) === revision);
    const isDeleted =
      isSeen &&
      (options.isDryRun === true ||
        (await store.txn({ compare: [unchanged(entry)], success: [{ type: 'delete', key }], failure: [] })).succeeded);
    (isDeleted ? deletedHandles : skippedHandles).push(id);
    if (isDeleted && options.isDryRun !== true)
      options.onCommit?.({ ref: { namespace: '', name: id }, before: entry.modRevision });
  }
  return { deletedHandles, skippedHandles };
}

async function readBlock(store: Store, cidr: string): Promise<{ entry: Entry; block: Block } | undefined> {
  const entry = await readEntry(store, Buffer.from(blockKey(cidr)));
  const parsed = entry && parseBlock(entry.value);
  return parsed?.ok === true ? { entry: entry!, block: parsed.value } : undefined;
}

async function readEntry(store: Store, key: Buffer): Promise<Entry | undefined> {
  return (await store.range({ key })).entries[0];
}
