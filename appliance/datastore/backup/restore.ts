/**
 * Makes a store hold what a verified backup holds: what differs is written, what is not in the backup is deleted. The store is locked
 * meanwhile, so that agents hold still, and a mark tells that it is not whole. A crash leaves mark and lock; a repeat finishes the work,
 * for it only ever looks at what differs. Keys get new revisions: a store's revisions never go back under those who follow it. I/O.
 */
import type { FileHandle } from 'node:fs/promises';
import { defaultRoles } from '../../access/default-roles.ts';
import { hasCode } from '../../lib/errors.ts';
import { createBuiltInTiers } from '../../resources/builtin.ts';
import { storeKey } from '../../resources/key.ts';
import { kindOf } from '../../resources/registry.ts';
import type { Compare, DeleteOp, Entry, Op, PutOp, Revision, Store } from '../store.ts';
import { type Counts, writeInBatches } from './batches.ts';
import {
  clusterInformationKey,
  decodeClusterInformation,
  readClusterInformation,
  type StoredClusterInformation,
  withLock,
} from './cluster-information.ts';
import { differences, type Wanted } from './differences.ts';
import { backupErrors } from './errors.ts';
import { rangeOfPrefix, readPages } from './pages.ts';
import { readRecords, type VerifiedBackup } from './read.ts';
import { markUnfinished, readUnfinished, type Unfinished, unfinishedKey } from './unfinished.ts';

export interface RestoreOptions {
  readonly store: Store;
  readonly file: FileHandle;
  readonly backup: VerifiedBackup;
  /** Also into a store that holds something else, which is then deleted. */
  readonly replace: boolean;
  /** Only count. */
  readonly isDryRun?: boolean;
}

export interface RestoreResult extends Counts {
  /** The store's revision before. */
  readonly revisionBefore: Revision;
  /** True when the backup was taken of a locked store, which it therefore is again. */
  readonly isLocked: boolean;
}

/** RESTORE_NOT_EMPTY, RESTORE_UNFINISHED (of another file), RESTORE_DISTURBED; BACKUP_DAMAGED when the file changes meanwhile. */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreResult> {
  const { store, isDryRun } = options;
  const revisionBefore = (await store.revisions()).current;
  const mark = await checkTarget(options);
  if (isDryRun) {
    const { puts, deletes } = await count(changes(options));
    return { puts, deletes, revisionBefore, isLocked: false };
  }
  const unfinished = await begin(options, mark);
  const counts = await converge(options);
  const isLocked = await finish(options, unfinished);
  return { ...counts, revisionBefore, isLocked };
}

/** The keys that every store has from its first start; a store with no others counts as empty. */
export const builtInKeys: ReadonlySet<string> = new Set([
  clusterInformationKey.toString(),
  ...createBuiltInTiers().map(({ metadata }) => storeKey(kindOf('Tier')!, undefined, metadata.name)),
  ...defaultRoles.flatMap(({ name }) =>
    ['ClusterRole', 'ClusterRoleBinding'].map((kind) => storeKey(kindOf(kind)!, undefined, name)),
  ),
]);

/** RESTORE_NOT_EMPTY when there is anything of a user's under `prefix`. */
export async function checkEmpty(store: Store, prefix: string): Promise<void> {
  const limit = builtInKeys.size + 1;
  const { entries, count: keys } = await store.range({ ...rangeOfPrefix(prefix), limit, keysOnly: true });
  const found = entries.find(({ key }) => !builtInKeys.has(key.toString()));
  if (found === undefined) return;
  throw backupErrors.fail(
    'RESTORE_NOT_EMPTY',
    `it has ${keys} keys, ${JSON.stringify(found.key.toString())} among them`,
  );
}

/** The mark of an earlier attempt with the same file, if there was one. */
async function checkTarget({ store, backup, replace }: RestoreOptions): Promise<Unfinished | undefined> {
  const mark = await readUnfinished(store);
  if (mark !== undefined && mark.sha256 !== backup.sha256 && !replace)
    throw backupErrors.fail('RESTORE_UNFINISHED', 'it was of another file; repeat that one, or replace everything');
  if (mark === undefined && !replace) await checkEmpty(store, backup.header.prefix);
  return mark;
}

/** Marks and locks the store in one transaction. */
async function begin({ store, backup }: RestoreOptions, earlier: Unfinished | undefined): Promise<Unfinished> {
  const information = await readClusterInformation(store);
  const wasLocked = earlier?.wasLocked ?? information?.isLocked ?? false;
  const mark = { sha256: backup.sha256, wasLocked };
  const compare: Compare[] = information === undefined ? [] : [isUnchanged(information)];
  const success: Op[] = [markUnfinished(mark)];
  if (information !== undefined && !information.isLocked) success.push(lockOp(information, true));
  const { succeeded } = await store.txn({ compare, success, failure: [] });
  if (!succeeded) throw backupErrors.fail('RESTORE_DISTURBED', 'ClusterInformation changed while the store was locked');
  return mark;
}

/** Writes until a pass finds nothing to do: the last one is the proof that the store has what the backup has. */
async function converge(options: RestoreOptions): Promise<Counts> {
  let total: Counts = { puts: 0, deletes: 0 };
  for (let pass = 0; pass < passesMax; pass++) {
    const operations = pass === 0 ? changes(options) : withoutLeases(changes(options));
    const counts = await writeInBatches(options.store, operations).catch(unlessOvertaken);
    if (counts === undefined) continue;
    total = { puts: total.puts + counts.puts, deletes: total.deletes + counts.deletes };
    if (counts.puts + counts.deletes === 0) return total;
  }
  throw backupErrors.fail(
    'RESTORE_DISTURBED',
    'keys that were written are different again; stop the others and repeat',
  );
}

/** The last change: ClusterInformation as in the backup, with its lock, and the mark goes. */
async function finish({ store, file, backup }: RestoreOptions, mark: Unfinished): Promise<boolean> {
  const success: Op[] = [{ type: 'delete', key: unfinishedKey }];
  let isLocked = mark.wasLocked;
  if (clusterInformationKey.toString().startsWith(backup.header.prefix)) {
    const wanted = await findClusterInformation(file, backup);
    success.push(wanted === undefined ? { type: 'delete', key: clusterInformationKey } : putOp(wanted));
    isLocked = wanted !== undefined && decodeClusterInformation(wanted)?.isLocked === true;
  } else {
    const information = await readClusterInformation(store);
    if (information !== undefined && !isLocked) success.push(lockOp(information, false));
  }
  await store.txn({ compare: [], success, failure: [] });
  return isLocked;
}

async function findClusterInformation(file: FileHandle, backup: VerifiedBackup): Promise<Entry | undefined> {
  let found: Entry | undefined;
  for await (const record of readRecords(file, backup)) {
    if (record.type === 'entry' && record.entry.key.equals(clusterInformationKey)) found = record.entry;
  }
  return found;
}

const passesMax = 5;

/** What is to be done, ClusterInformation aside: it goes last. */
async function* changes({ store, file, backup, isDryRun }: RestoreOptions): AsyncGenerator<PutOp | DeleteOp> {
  const { current } = await store.revisions();
  const wanted = wantedKeys(store, file, backup, isDryRun === true);
  yield* differences(wanted, presentKeys(store, backup.header.prefix, current));
}

async function* wantedKeys(
  store: Store,
  file: FileHandle,
  backup: VerifiedBackup,
  isDryRun: boolean,
): AsyncGenerator<Wanted> {
  for await (const record of readRecords(file, backup)) {
    if (record.type === 'lease') {
      if (!isDryRun) await ensureLease(store, record.id, record.ttlSeconds);
    } else if (!isOurs(record.entry.key)) yield record.entry;
  }
}

async function* presentKeys(store: Store, prefix: string, revision: Revision): AsyncGenerator<Entry> {
  for await (const page of readPages(store, prefix, revision)) {
    for (const entry of page) if (!isOurs(entry.key)) yield entry;
  }
}

/** What restoring itself reads and writes. */
function isOurs(key: Buffer): boolean {
  return key.equals(clusterInformationKey) || key.equals(unfinishedKey);
}

/** A lease of this number; one that had ended when the backup was taken ends at once. */
async function ensureLease(store: Store, id: bigint, ttlSeconds: number): Promise<void> {
  try {
    await store.leaseGrant(Math.max(1, ttlSeconds), id);
  } catch (error) {
    if (!hasCode(error, 'STORE_LEASE_EXISTS')) throw error;
  }
}

/** Leased keys come and go by themselves: they are no sign that somebody disturbs. */
async function* withoutLeases(operations: AsyncIterable<PutOp | DeleteOp>): AsyncGenerator<PutOp | DeleteOp> {
  for await (const operation of operations) {
    if (operation.type === 'delete' || operation.lease === undefined) yield operation;
  }
}

async function count(operations: AsyncIterable<PutOp | DeleteOp>): Promise<Counts> {
  const counts = { puts: 0, deletes: 0 };
  for await (const { type } of operations) counts[type === 'put' ? 'puts' : 'deletes']++;
  return counts;
}

function unlessOvertaken(error: unknown): undefined {
  if (!hasCode(error, 'BACKUP_OVERTAKEN')) throw error;
  return undefined;
}

function isUnchanged({ entry }: StoredClusterInformation): Compare {
  return { key: entry.key, target: 'mod', operand: entry.modRevision, result: 'equal' };
}

function lockOp(information: StoredClusterInformation, isLocked: boolean): PutOp {
  return { type: 'put', key: clusterInformationKey, value: withLock(information, isLocked) };
}

function putOp({ key, value }: Entry): PutOp {
  return { type: 'put', key, value };
}
