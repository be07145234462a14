/**
 * How etcd's servers are, and giving their disk back. Both are a server's own affair, so each is asked by a client of its own. I/O.
 */
import type { IAlarmResponse, IStatusResponse } from 'etcd3';
import { storeErrors } from '../errors.ts';
import type { StoreAlarm, StoreMember, StoreStatus } from '../store.ts';
import type { EtcdClient } from './client.ts';
import { readRevisions } from './revisions.ts';

/** A client that asks one server only. */
export interface MemberClient {
  readonly endpoint: string;
  readonly client: EtcdClient;
}

/** A server rewrites its whole database, and answers nobody meanwhile: 100 MB take a second on a fast disk. */
const DEFRAGMENT_TIMEOUT_MS = 10 * 60_000;

/** Asks all servers at once. */
export async function readStatus(client: EtcdClient, members: readonly MemberClient[]): Promise<StoreStatus> {
  const [revisions, alarms, ...found] = await Promise.all([
    readRevisions(client),
    readAlarms(client),
    ...members.map(readMember),
  ]);
  const alive = found.filter((member) => 'version' in member);
  const largest = alive.toSorted((a, b) => b.sizeBytes - a.sizeBytes)[0];
  if (largest === undefined) throw storeErrors.fail('STORE_UNAVAILABLE', 'no server told its status');
  return {
    version: alive.map(({ version }) => version).toSorted(byVersion)[0]!,
    revision: revisions.current,
    compacted: revisions.compacted,
    sizeBytes: largest.sizeBytes,
    ...(largest.usedBytes === undefined ? {} : { usedBytes: largest.usedBytes }),
    alarms,
    members: found,
  };
}

/** One server after another, so that the others answer meanwhile; tries all before it fails. */
export async function defragment(members: readonly MemberClient[]): Promise<void> {
  const failures: unknown[] = [];
  for (const { client } of members) {
    const limits = { deadline: Date.now() + DEFRAGMENT_TIMEOUT_MS, attemptMs: DEFRAGMENT_TIMEOUT_MS };
    await client.write(() => client.maintenance.defragment(limits)).catch((error) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}

async function readMember({ endpoint, client }: MemberClient): Promise<StoreMember> {
  try {
    return { endpoint, ...memberOf(await client.read((options) => client.maintenance.status(options))) };
  } catch (error) {
    return { endpoint, problem: (error as Error).message };
  }
}

function memberOf(status: IStatusResponse) {
  const usedBytes = Number(status.dbSizeInUse);
  return {
    version: status.version,
    sizeBytes: Number(status.dbSize),
    ...(usedBytes === 0 ? {} : { usedBytes }),
    isLeader: status.leader !== '0' && status.leader === status.header.member_id,
  };
}

async function readAlarms(client: EtcdClient): Promise<readonly StoreAlarm[]> {
  return alarmsOf(await client.read((options) => client.maintenance.alarm({}, options)));
}

function alarmsOf({ alarms }: IAlarmResponse): readonly StoreAlarm[] {
  const names = new Set(alarms.map(({ alarm }) => alarm.toUpperCase()));
  return (['NOSPACE', 'CORRUPT'] as const).filter((name) => names.has(name));
}

function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
