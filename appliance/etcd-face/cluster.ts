/** etcd's Cluster and Maintenance services: a cluster of one member that leads itself. I/O: asks the store for its revision. */
import { status as grpcStatus, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { type FaceContext, unary } from './context.ts';
import { RefusalError } from './status.ts';
import { bigintToLong } from './wire.ts';

/** The level of etcd's protocol that is spoken here. */
const PROTOCOL_VERSION = '3.5.0';
const RAFT_TERM = 1;

export interface MemberInfo {
  readonly name: string;
  readonly clientUrls: () => readonly string[];
  /** Size of the database; 0 when the store does not know. */
  readonly databaseBytes: () => number;
}

/** MemberList. */
export function clusterService(face: FaceContext, member: MemberInfo): UntypedServiceImplementation {
  const ID = bigintToLong(face.identity.memberId, true);
  return {
    MemberList: unary(face.log, async () => {
      const { current } = await face.store.revisions();
      const urls = member.clientUrls();
      return { header: face.header(current), members: [{ ID, name: member.name, peerURLs: urls, clientURLs: urls }] };
    }),
  };
}

/** Status, and Alarm as far as "there is none". */
export function maintenanceService(face: FaceContext, member: MemberInfo): UntypedServiceImplementation {
  return {
    Status: unary(face.log, async () => {
      const { current } = await face.store.revisions();
      const bytes = member.databaseBytes();
      return {
        header: face.header(current),
        version: PROTOCOL_VERSION,
        dbSize: bytes,
        dbSizeInUse: bytes,
        leader: bigintToLong(face.identity.memberId, true),
        raftIndex: current,
        raftAppliedIndex: current,
        raftTerm: RAFT_TERM,
      };
    }),
    Alarm: unary(face.log, async (request: { action: number }) => {
      if (request.action !== 0) {
        throw new RefusalError({ code: grpcStatus.UNIMPLEMENTED, details: 'alarms cannot be set here' });
      }
      const { current } = await face.store.revisions();
      return { header: face.header(current), alarms: [] };
    }),
  };
}
