/** etcd's Cluster and Auth services: a cluster of one member, and no users. I/O: asks the store for its revision. */
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { requireKnown } from './access/permit.ts';
import { type FaceContext, unary } from './context.ts';
import { RefusalError, refusals } from './status.ts';
import { bigintToLong } from './wire.ts';

export interface MemberInfo {
  readonly name: string;
  readonly clientUrls: () => readonly string[];
}

/** MemberList. */
export function clusterService(face: FaceContext, member: MemberInfo): UntypedServiceImplementation {
  const ID = bigintToLong(face.identity.memberId, true);
  return {
    MemberList: unary(face, async (_request: object, identity) => {
      requireKnown(identity);
      const { current } = await face.store.revisions();
      const urls = member.clientUrls();
      return { header: face.header(current), members: [{ ID, name: member.name, peerURLs: urls, clientURLs: urls }] };
    }),
  };
}

/** AuthStatus, and Authenticate as far as clients go on without a token when told so: identities come with certificates. */
export function authService(face: FaceContext): UntypedServiceImplementation {
  return {
    AuthStatus: unary(face, async () => {
      const { current } = await face.store.revisions();
      return { header: face.header(current), enabled: false, authRevision: 1 };
    }),
    Authenticate: unary(face, async () => {
      throw new RefusalError(refusals.authNotEnabled);
    }),
  };
}
