/** A store over an etcd v3 server or cluster, or over another appliance's etcd face. I/O. */
import { type AppError, hasCode } from '../../lib/errors.ts';
import { storeErrors } from '../errors.ts';
import type { Op, Store, Watch } from '../store.ts';
import { createEtcdClient, type EtcdClient, type EtcdClientOptions } from './client.ts';
import { deleteRequest, entryOf, prevOf, putRequest, txnRequest, txnResult } from './convert.ts';
import { grantLease, keepLeaseAlive, listLeases, readLease, revokeLease } from './lease.ts';
import { defragment, type MemberClient, readStatus } from './maintenance.ts';
import { readRange } from './range.ts';
import { readRevisions } from './revisions.ts';
import { explainTooLarge } from './too-large.ts';
import { openWatch } from './watch.ts';

export interface EtcdStoreOptions extends Omit<EtcdClientOptions, 'requestTimeoutMs'> {
  /** From a call to its answer, repetitions included. */
  readonly requestTimeoutMs?: number;
  /** How long a broken watch is tried to be resumed before it ends with STORE_UNAVAILABLE. */
  readonly watchResumeTimeoutMs?: number;
}

const REQUEST_TIMEOUT_MS = 10_000;
const WATCH_RESUME_TIMEOUT_MS = 10_000;
/** A server that is gone must not hold up what the others say. */
const MEMBER_TIMEOUT_MS = 3_000;

/** Opens a store; connects with the first call, so it succeeds while the server is away. */
export function openEtcdStore(options: EtcdStoreOptions): Store {
  const clientOptions = { ...options, requestTimeoutMs: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS };
  const client = createEtcdClient(clientOptions);
  const watches = new Set<Watch>();
  const context = {
    client,
    log: options.log,
    resumeTimeoutMs: options.watchResumeTimeoutMs ?? WATCH_RESUME_TIMEOUT_MS,
    onEnd: (watch: Watch) => void watches.delete(watch),
  };
  return {
    ...keyValueCalls(client),
    ...leaseCalls(client),
    supports: { durable: true },
    async status() {
      assertOpen(client);
      return withMembers(clientOptions, (members) => readStatus(client, members));
    },
    async defragment() {
      assertOpen(client);
      await withMembers(clientOptions, defragment);
    },
    async watch(request, signal) {
      assertOpen(client);
      const watch = await openWatch(context, request, signal);
      watches.add(watch);
      return watch;
    },
    async close() {
      for (const watch of [...watches]) watch.close();
      client.close();
    },
  };
}

function assertOpen(client: EtcdClient): void {
  if (client.closed) throw storeErrors.fail('STORE_CLOSED');
}

/** Clients of one server each, for as long as `use` takes. */
async function withMembers<T>(
  options: EtcdClientOptions,
  use: (members: readonly MemberClient[]) => Promise<T>,
): Promise<T> {
  const members = options.endpoints.map((endpoint) => ({
    endpoint,
    client: createEtcdClient({
      ...options,
      endpoints: [endpoint],
      requestTimeoutMs: Math.min(MEMBER_TIMEOUT_MS, options.requestTimeoutMs),
    }),
  }));
  try {
    return await use(members);
  } finally {
    for (const { client } of members) client.close();
  }
}

function keyValueCalls(client: EtcdClient): Pick<Store, 'range' | 'txn' | 'put' | 'delete' | 'compact' | 'revisions'> {
  const { kv } = client;
  return {
    range: (request) => readRange(client, request),
    async txn(request) {
      const ops = [...request.success, ...request.failure];
      const answer = await sized(ops, () => client.write((options) => kv.txn(txnRequest(request), options)));
      return txnResult(answer, Number(answer.header.revision));
    },
    async put(key, value, extras) {
      const op = { type: 'put', key, value, ...extras } as const;
      const answer = await sized([op], () => client.write((options) => kv.put(putRequest(op), options)));
      return { revision: Number(answer.header.revision), ...prevOf(answer.prev_kv) };
    },
    async delete(range, extras) {
      const answer = await client.write((options) => kv.deleteRange(deleteRequest({ ...range, ...extras }), options));
      return {
        revision: Number(answer.header.revision),
        deleted: Number(answer.deleted),
        prev: answer.prev_kvs.map(entryOf),
      };
    },
    async compact(revision) {
      await client.write((options) => kv.compact({ revision }, options));
    },
    revisions: () => readRevisions(client),
  };
}

async function sized<T>(ops: readonly Op[], write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw hasCode(error, 'STORE_TOO_LARGE') ? explainTooLarge(error as AppError, ops) : error;
  }
}

function leaseCalls(
  client: EtcdClient,
): Pick<Store, 'leaseGrant' | 'leaseRevoke' | 'leaseKeepAlive' | 'leaseTimeToLive' | 'leases'> {
  return {
    leaseGrant: (ttlSeconds, id) => grantLease(client, ttlSeconds, id ?? 0n),
    leaseRevoke: (id) => revokeLease(client, id),
    leaseKeepAlive: (id) => keepLeaseAlive(client, id),
    leaseTimeToLive: (id, keys) => readLease(client, id, keys === true),
    leases: () => listLeases(client),
  };
}
