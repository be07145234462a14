/**
 * How etcd's servers are, and giving their disk back. Both are a server's own affair, so each is asked by a client of its own. I/O.
 */
import type { IStatusResponse } from 'etcd3';
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

/** Asks all servers at once; what takes a majority of them is taken from each instead while there is none. */
export async function readStatus(client: EtcdClient, members: readonly MemberClient[]): Promise<StoreStatus> {
  const [revisions, alarms, ...answers] = await Promise.all([
    readRevisions(client).catch(() => undefined),
    readAlarms(client).catch(() => undefined),
    ...members.map(askMember),
  ]);
  const alive = answers.flatMap(({ status }) => status ?? []);
  const largest = alive.toSorted((a, b) => Number(b.dbSize) - Number(a.dbSize))[0];
  if (largest === undefined) throw answers[0]?.error;
  return {
    version: alive.map(({ version }) => version).toSorted(byVersion)[0]!,
    revision: revisions?.current ?? Math.max(...alive.map(({ header }) => Number(header.revision))),
    compacted: revisions?.compacted ?? 0,
    ...sizesOf(largest),
    alarms: alarms ?? alarmsIn(alive.flatMap(({ errors }) => errors).join()),
    members: answers.map(memberOf),
  };
}

/** One server after another, so that the others answer meanwhile; tries all before it fails. */
export async function defragment(members: readonly MemberClient[]): Promise<void> {
  const failures: unknown[] = [];
  for (const { client } of members) {
    const limits = { deadline: Date.now() + DEFRAGMENT_TIMEOUT_MS };
    await client.write(() => client.maintenance.defragment(limits)).catch((error) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}

interface Answer {
  readonly endpoint: string;
  readonly status?: IStatusResponse;
  readonly error?: unknown;
}

async function askMember({ endpoint, client }: MemberClient): Promise<Answer> {
  try {
    return { endpoint, status: await client.read((options) => client.maintenance.status(options)) };
  } catch (error) {
    return { endpoint, error };
  }
}

function memberOf({ endpoint, status, error }: Answer): StoreMember {
  if (status === undefined) return { endpoint, problem: (error as Error).message };
  const isLeader = status.leader !== '0' && status.leader === status.header.member_id;
  return { endpoint, version: status.version, ...sizesOf(status), isLeader };
}

function sizesOf({ dbSize, dbSizeInUse }: IStatusResponse) {
  const usedBytes = Number(dbSizeInUse);
  return { sizeBytes: Number(dbSize), ...(usedBytes === 0 ? {} : { usedBytes }) };
}

async function readAlarms(client: EtcdClient): Promise<readonly StoreAlarm[]> {
  const { alarms } = await client.read((options) => client.maintenance.alarm({}, options));
  return alarmsIn(alarms.map(({ alarm }) => alarm).join());
}

function alarmsIn(text: string): readonly StoreAlarm[] {
  return (['NOSPACE', 'CORRUPT'] as const).filter((name) => text.toUpperCase().includes(name));
}

function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
