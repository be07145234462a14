/** Who has which address, over any store: the one door to IPAM for faces and programs. I/O. */

import { readPages } from '../datastore/backup/pages.ts';
import { absent, unchanged } from '../datastore/effects/guard.ts';
import type { Stamps } from '../datastore/resources/write.ts';
import { prefixEnd, type Revision, type Store } from '../datastore/store.ts';
import { parseAddress, printAddress } from '../lib/ip/address.ts';
import type { Resource } from '../resources/resource.ts';
import { checkIpam, type IpamCheck } from './check.ts';
import { ipamErrors } from './errors.ts';
import { type Assignment, assignmentOf, type Borrowing, borrowingOf } from './lookup.ts';
import { ordinalOf, parseBlock } from './model/block.ts';
import {
  defaultIpamConfig,
  type IpamConfig,
  ipamConfigProblems,
  parseIpamConfig,
  printIpamConfig,
} from './model/config.ts';
import { parseFields } from './model/fields.ts';
import { blockPrefixes, cidrOfKey, handlePrefix, ipamConfigKey } from './model/keys.ts';
import { type ChangedKey, type ReleaseRequest, type ReleaseResult, releaseAddresses } from './release.ts';
import { readConfig, readSnapshot, readWholeSnapshot } from './snapshot.ts';
import { type SplitRequest, splitPool } from './split.ts';
import { type PoolUsage, utilisationOf } from './utilisation.ts';

export interface ChangeOptions {
  readonly isDryRun?: boolean;
  readonly onCommit?: (commit: ChangedKey) => void;
}

export interface Ipam {
  utilisation(): Promise<PoolUsage[]>;
  /** Undefined when nobody has the address. IPAM_BAD_REQUEST for what is none. */
  assignment(ip: string): Promise<Assignment | undefined>;
  borrowing(): Promise<Borrowing>;
  /** Blocks or handles as they lie in the store; `id` is the CIDR, or the handle's own name. */
  stored(list: 'blocks' | 'handles'): Promise<StoredList>;
  check(): Promise<IpamCheck>;
  config(): Promise<IpamConfig>;
  /** Sets what is given. IPAM_CONFIG_INVALID, IPAM_CONFLICT. */
  configure(given: Readonly<Record<string, unknown>>, options?: ChangeOptions): Promise<IpamConfig>;
  release(request: ReleaseRequest, options?: ChangeOptions): Promise<ReleaseResult>;
  split(request: SplitRequest, options?: ChangeOptions): Promise<Resource[]>;
}

export interface StoredList {
  readonly revision: Revision;
  readonly entries: readonly { readonly id: string; readonly value: Buffer; readonly revision: Revision }[];
}

const attemptsMax = 5;

/** IPAM in `store`, stamped with the clock and identities given. */
export function createIpam(store: Store, stamps: Stamps): Ipam {
  const now = () => stamps.now().getTime();
  return {
    utilisation: async () => utilisationOf(await readSnapshot(store)),
    assignment: (ip) => readAssignment(store, ip),
    borrowing: async () => borrowingOf((await readSnapshot(store)).blocks),
    stored: (list) => readStored(store, list),
    check: async () => checkIpam(await readWholeSnapshot(store), now()),
    config: () => readConfig(store),
    configure: (given, options = {}) => configure(store, given, options),
    release: (request, options = {}) => releaseAddresses(store, request, { ...options, now }),
    split: (request, options = {}) => splitPool(store, stamps, request, options),
  };
}

async function readStored(store: Store, list: 'blocks' | 'handles'): Promise<StoredList> {
  const { current: revision } = await store.revisions();
  const entries: { id: string; value: Buffer; revision: Revision }[] = [];
  for (const prefix of list === 'blocks' ? blockPrefixes : [handlePrefix]) {
    for await (const page of readPages(store, prefix, revision))
      for (const { key, value, modRevision } of page) {
        const text = key.toString();
        const id = list === 'blocks' ? cidrOfKey(text) : text.slice(prefix.length);
        entries.push({ id, value, revision: modRevision });
      }
  }
  return { revision, entries };
}

async function readAssignment(store: Store, ip: string): Promise<Assignment | undefined> {
  const address = parseAddress(ip);
  if (address === undefined) throw ipamErrors.fail('IPAM_BAD_REQUEST', `'${ip}' is not an IP address`);
  const text = printAddress(address);
  // the key says which addresses a block has: only one block is read
  const prefix = Buffer.from(blockPrefixes[address.family === 4 ? 0 : 1]);
  const { entries } = await store.range({ key: prefix, rangeEnd: prefixEnd(prefix), keysOnly: true });
  const at = entries.find(({ key }) => ordinalOf({ cidr: cidrOfKey(key.toString()) }, text) !== undefined);
  const entry = at && (await store.range({ key: at.key })).entries[0];
  const block = entry && parseBlock(entry.value);
  return block?.ok === true ? assignmentOf(block.value, text) : undefined;
}

async function configure(
  store: Store,
  given: Readonly<Record<string, unknown>>,
  options: ChangeOptions,
): Promise<IpamConfig> {
  const key = Buffer.from(ipamConfigKey);
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const entry = (await store.range({ key })).entries[0];
    const present = entry === undefined ? defaultIpamConfig : parseIpamConfig(entry.value);
    const next = { ...present, ...given } as IpamConfig;
    const problems = ipamConfigProblems(next, given);
    if (problems.length > 0)
      throw ipamErrors.fail('IPAM_CONFIG_INVALID', printAll(problems), { details: { problems } });
    if (options.isDryRun === true) return next;
    const value = Buffer.from(printIpamConfig(next, entry && parseFields(entry.value)));
    const compare = [entry === undefined ? absent(key) : unchanged(entry)];
    const txn = await store.txn({ compare, success: [{ type: 'put', key, value }], failure: [] });
    if (!txn.succeeded) continue;
    const before = entry === undefined ? {} : { before: entry.modRevision };
    options.onCommit?.({ ref: { namespace: '', name: 'default' }, ...before, after: txn.revision });
    return next;
  }
  throw ipamErrors.fail('IPAM_CONFLICT', 'the IPAM settings');
}

function printAll(problems: readonly { readonly path: string; readonly message: string }[]): string {
  return problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
}
