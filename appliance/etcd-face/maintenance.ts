/**
 * etcd's Maintenance service: how the store is, giving disk back, hashes, and the whole of it as a file. I/O through the store.
 */
import { once } from 'node:events';
import { type handleServerStreamingCall, status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { StoreAlarm, StoreStatus } from '../datastore/store.ts';
import { hasCode } from '../lib/errors.ts';
import { requireAdmin, requireKnown } from './access/permit.ts';
import { asServiceError, type FaceContext, refusalTo, unary } from './context.ts';
import type { OpenStreams } from './open-streams.ts';
import { planSnapshot, type SnapshotFile } from './snapshot/file.ts';
import { hashStore } from './snapshot/hash.ts';
import { type SnapshotPiece, snapshotPieces } from './snapshot/stream.ts';
import { RefusalError, refusals } from './status.ts';
import { bigintToLong, type Long, longToNumber } from './wire.ts';

const RAFT_TERM = 1;
const alarmNumbers: Readonly<Record<StoreAlarm, number>> = { NOSPACE: 1, CORRUPT: 2 };
const alarmAction = { get: 0, activate: 1 } as const;
/** etcd's word for "nothing was ever compacted". */
const NEVER_COMPACTED = -1;
const FIRST_REVISION = 1;
/** Compaction may overtake the planning of a snapshot or hash; then it begins again. */
const attemptsMax = 3;

/** Status, Alarm, Defragment, Hash, HashKV, Snapshot and MoveLeader. */
export function maintenanceService(face: FaceContext, streams: OpenStreams): UntypedServiceImplementation {
  return {
    Status: unary(face, async (_request: object, identity) => {
      requireKnown(identity);
      return statusAnswer(face, await face.store.status());
    }),
    Alarm: unary(face, async (request: { action: number }, identity) => {
      if (request.action === alarmAction.get) requireKnown(identity);
      else requireAdmin(identity);
      return alarms(face, request.action);
    }),
    Defragment: unary(face, async (_request: object, identity) => {
      requireAdmin(identity);
      await face.store.defragment();
      return {};
    }),
    Hash: unary(face, async (_request: object, identity) => {
      requireAdmin(identity);
      const { hash, current } = await repeated(() => hashStore(face.store, 0));
      return { header: face.header(current), hash };
    }),
    HashKV: unary(face, async (request: { revision: Long }, identity) => {
      requireAdmin(identity);
      return hashKv(face, longToNumber(request.revision));
    }),
    MoveLeader: unary(face, async (_request: object, identity) => {
      requireAdmin(identity);
      throw new RefusalError(refusals.badTransferee);
    }),
    Snapshot: snapshotStream(face, streams),
  };
}

function statusAnswer(face: FaceContext, { version, revision, sizeBytes, usedBytes, alarms }: StoreStatus) {
  return {
    header: face.header(revision),
    version,
    dbSize: sizeBytes,
    dbSizeInUse: usedBytes ?? 0,
    leader: bigintToLong(face.identity.memberId, true),
    raftIndex: revision,
    raftAppliedIndex: revision,
    raftTerm: RAFT_TERM,
    errors: alarms.map((alarm) => `memberID:${face.identity.memberId} alarm:${alarm} `),
  };
}

/** Alarms follow from the state of the store: they cannot be raised from outside, and end when their cause does. */
async function alarms(face: FaceContext, action: number) {
  if (action === alarmAction.activate) {
    throw new RefusalError({ code: status.UNIMPLEMENTED, details: 'alarms are raised by the store itself' });
  }
  const { revision, alarms } = await face.store.status();
  const memberID = bigintToLong(face.identity.memberId, true);
  const listed = action === alarmAction.get ? alarms : [];
  return {
    header: face.header(revision),
    alarms: listed.map((alarm) => ({ memberID, alarm: alarmNumbers[alarm] })),
  };
}

async function hashKv(face: FaceContext, revision: number) {
  const result = await repeated(() => hashStore(face.store, revision));
  return {
    header: face.header(result.current),
    hash: result.hash,
    compact_revision: result.compacted > FIRST_REVISION ? result.compacted : NEVER_COMPACTED,
    hash_revision: result.revision,
  };
}

type SnapshotCall = Parameters<handleServerStreamingCall<object, SnapshotPiece>>[0];

/** As fast as the client reads. */
function snapshotStream(face: FaceContext, streams: OpenStreams): handleServerStreamingCall<object, SnapshotPiece> {
  return (call) => {
    const forget = streams.add(call);
    call.on('error', forget);
    call.on('cancelled', forget);
    call.on('finish', forget);
    const identity = face.identityOf(call);
    sendSnapshot(face, call, () => requireAdmin(identity)).catch((error: unknown) => {
      if (!call.cancelled) call.emit('error', asServiceError(refusalTo(face, identity, call.getPath(), error)));
    });
  };
}

async function sendSnapshot(face: FaceContext, call: SnapshotCall, permit: () => void): Promise<void> {
  permit();
  const file: SnapshotFile = await repeated(() => planSnapshot(face.store));
  face.log.info({ revision: file.revision, bytes: file.bytes }, 'sending a snapshot');
  const gone = new AbortController();
  call.on('cancelled', () => gone.abort());
  for await (const piece of snapshotPieces(file)) {
    if (call.cancelled) return;
    if (!call.write(piece)) await once(call, 'drain', { signal: gone.signal });
  }
  call.end();
}

async function repeated<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!hasCode(error, 'STORE_COMPACTED') || attempt === attemptsMax) throw error;
    }
  }
}
