/**
 * Writes what a migration file holds into an empty store, which is locked and stays so until somebody unlocks it. Identities and times of
 * creation are those of the file. A mark tells that the import is not finished; a repeat with the same file finishes it. I/O.
 */

import { ipamConfigKey, ipamListOf } from '../../ipam/model/keys.ts';
import { printExact } from '../../lib/exact-json.ts';
import { type Problem, printProblems } from '../../lib/problem.ts';
import { unknownFields } from '../../resources/decode.ts';
import { storeKey } from '../../resources/key.ts';
import { kindOf } from '../../resources/registry.ts';
import { apiVersion, type Resource } from '../../resources/resource.ts';
import { decodeStored, encodeStored } from '../../resources/stored.ts';
import { writeInBatches } from '../backup/batches.ts';
import { clusterInformationKey, readClusterInformation, withLock } from '../backup/cluster-information.ts';
import { backupErrors } from '../backup/errors.ts';
import { checkEmpty } from '../backup/restore.ts';
import { markUnfinished, readUnfinished, unfinishedKey } from '../backup/unfinished.ts';
import type { Stamps } from '../resources/write.ts';
import type { Op, Store } from '../store.ts';
import type { IpamPart, KeyValue } from './export.ts';

/** A migration file, parsed but not believed. */
export interface MigrationFile {
  /** Of its bytes. */
  readonly sha256: string;
  readonly resources: readonly unknown[];
  readonly clusterInformation: unknown;
  readonly ipam: unknown;
}

/** A key as it is to be stored. */
interface Write {
  readonly key: string;
  readonly value: Buffer;
  readonly ttlSeconds: number;
}

/** Everything in a file, ready to be written. */
export interface ImportPlan {
  readonly sha256: string;
  readonly clusterInformation: Buffer;
  readonly resources: readonly Write[];
  readonly ipam: readonly Write[];
  readonly others: readonly Write[];
}

/** Reads all of the file before anything is written. BACKUP_DAMAGED lists everything that cannot be imported without loss. */
export function planImport(file: MigrationFile, stamps: Stamps): ImportPlan {
  const problems: Problem[] = [];
  const part = isRecord(file.ipam) ? (file.ipam as IpamPart) : {};
  if (!isRecord(file.ipam)) problems.push({ path: 'ipam', message: 'must be an object' });
  const others = pairs(part.others, 'others', problems, () => true, bytesOfOther);
  const ipam = [
    ...pairs(part.block_affinities, 'block_affinities', problems, isIn('block_affinities'), bytesOfValue),
    ...pairs(part.blocks, 'blocks', problems, isIn('blocks'), bytesOfValue),
    ...pairs(part.handles, 'handles', problems, isIn('handles'), bytesOfValue),
    ...pairs(part.config && [part.config], 'config', problems, (key) => key === ipamConfigKey, bytesOfValue),
  ];
  const resources = file.resources.flatMap((item, i) => resourceWrite(item, `resources[${i}]`, problems, stamps) ?? []);
  const information = decode(file.clusterInformation, 'clusterInformation', problems);
  const isCluster = information?.kind === 'ClusterInformation' && information.metadata.name === 'default';
  if (information !== undefined && !isCluster)
    problems.push({ path: 'clusterInformation', message: 'must be ClusterInformation default' });
  if (problems.length > 0 || information === undefined)
    throw backupErrors.fail('BACKUP_DAMAGED', printProblems(problems));
  const above = new Set(others.map(({ key }) => key));
  const below = ({ key }: Write) => !above.has(key);
  const locked = { ...information, spec: { ...information.spec, datastoreReady: false } };
  return {
    sha256: file.sha256,
    clusterInformation: Buffer.from(encodeStored(locked)),
    resources: resources.filter(below),
    ipam: ipam.filter(below),
    others,
  };
}

/** Writes the plan. RESTORE_NOT_EMPTY, RESTORE_UNFINISHED (of another file). The store is locked from the first change on. */
export async function importPlan(store: Store, plan: ImportPlan): Promise<void> {
  const mark = await readUnfinished(store);
  if (mark === undefined) await checkEmpty(store, '/calico/');
  else if (mark.sha256 !== plan.sha256)
    throw backupErrors.fail('RESTORE_UNFINISHED', 'it was of another file; repeat that one');
  const information = await readClusterInformation(store);
  const lock: Op[] =
    information === undefined ? [] : [{ type: 'put', key: clusterInformationKey, value: withLock(information, true) }];
  const begin = [markUnfinished({ sha256: plan.sha256, wasLocked: true }), ...lock];
  await store.txn({ compare: [], success: begin, failure: [] });
  await writeInBatches(store, operations(store, [...plan.resources, ...plan.ipam, ...plan.others]));
  const end: Op[] = [
    { type: 'put', key: clusterInformationKey, value: plan.clusterInformation },
    { type: 'delete', key: unfinishedKey },
  ];
  await store.txn({ compare: [], success: end, failure: [] });
}

async function* operations(store: Store, writes: readonly Write[]): AsyncGenerator<Op> {
  const leases = new Map<number, bigint>();
  for (const { key, value, ttlSeconds } of writes) {
    const put = { type: 'put', key: Buffer.from(key), value } as const;
    if (ttlSeconds === 0) {
      yield put;
      continue;
    }
    const lease = leases.get(ttlSeconds) ?? (await store.leaseGrant(ttlSeconds)).id;
    leases.set(ttlSeconds, lease);
    yield { ...put, lease };
  }
}

function resourceWrite(item: unknown, path: string, problems: Problem[], stamps: Stamps): Write | undefined {
  const resource = decode(item, path, problems);
  if (resource === undefined) return undefined;
  // A file of upstream's has neither.
  resource.metadata.uid ??= stamps.uuid();
  resource.metadata.creationTimestamp ??= `${stamps.now().toISOString().slice(0, 19)}Z`;
  const { name, namespace } = resource.metadata;
  const key = storeKey(kindOf(resource.kind)!, namespace, name);
  return { key, value: Buffer.from(encodeStored(resource)), ttlSeconds: 0 };
}

/** Lenient as a reader of the store, except for fields it does not know: those would be lost. */
function decode(item: unknown, path: string, problems: Problem[]): Resource | undefined {
  const { kind: word, metadata } = isRecord(item) ? item : {};
  const kind = typeof word === 'string' ? kindOf(word) : undefined;
  const { name, namespace = 'default' } = isRecord(metadata) ? metadata : {};
  if (!isRecord(item) || item.apiVersion !== apiVersion || kind === undefined) {
    problems.push({ path, message: `must be an object of ${apiVersion} and of a kind that is known`, value: word });
    return undefined;
  }
  if (typeof name !== 'string' || name === '' || typeof namespace !== 'string') {
    problems.push({ path: `${path}.metadata`, message: 'must have a name' });
    return undefined;
  }
  const key = storeKey(kind, kind.isNamespaced ? namespace : undefined, name);
  const result = decodeStored(key, JSON.stringify(item), 0);
  const found = [...unknownFields(item), ...(result.ok ? [] : result.problems)];
  problems.push(...found.map((problem) => ({ ...problem, path: `${path} ${word}(${name}): ${problem.path}` })));
  return result.ok ? result.value : undefined;
}

function pairs(
  list: unknown,
  path: string,
  problems: Problem[],
  mayHave: (key: string) => boolean,
  bytesOf: (value: unknown) => Buffer | undefined,
): Write[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) problems.push({ path, message: 'must be a list' });
  return (Array.isArray(list) ? list : []).flatMap((item: unknown, i) => {
    const { Key, Value, TTL = 0 } = (isRecord(item) ? item : {}) as Partial<KeyValue>;
    const value = bytesOf(Value);
    const isKey = typeof Key === 'string' && Key.startsWith('/calico/') && mayHave(Key);
    if (isKey && value !== undefined && typeof TTL === 'number' && TTL >= 0)
      return [{ key: Key, value, ttlSeconds: Math.ceil(TTL / 1_000_000_000) }];
    problems.push({ path: `${path}[${i}]`, message: 'must have a Key of its kind, a Value and a TTL', value: Key });
    return [];
  });
}

function isIn(list: 'block_affinities' | 'blocks' | 'handles'): (key: string) => boolean {
  return (key) => ipamListOf(key) === list;
}

function bytesOfValue(value: unknown): Buffer | undefined {
  return isRecord(value) ? Buffer.from(printExact(value)) : undefined;
}

function bytesOfOther(value: unknown): Buffer | undefined {
  if (typeof value === 'string') return Buffer.from(value);
  return isRecord(value) && typeof value.base64 === 'string' ? Buffer.from(value.base64, 'base64') : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
