/** Who asks: a name and groups, and how they were proven. Pure. Source: Kubernetes documentation, "Authenticating", X.509 client certificates. */

export interface Identity {
  readonly user: string;
  readonly groups: readonly string[];
  /** `socket`: the permissions of the unix socket; `loopback`: plain http on this host; `certificate`: a client certificate; `token`: a bearer token. */
  readonly proof: 'socket' | 'loopback' | 'certificate' | 'token' | 'join-token' | 'none';
}

/** Members may do everything. */
export const administrators = 'system:masters';
/** Everybody who has proven an identity. */
export const authenticated = 'system:authenticated';
/** Hosts, each under the name `system:node:NAME`. */
export const nodes = 'system:nodes';

const nodePrefix = 'system:node:';

/** Whoever reaches a socket that only administrators of this host can reach. */
export function localIdentity(proof: 'socket' | 'loopback'): Identity {
  return { user: 'system:local', groups: [administrators, authenticated], proof };
}

/** Whoever asks for what everybody may have. */
export const anonymous: Identity = { user: 'system:anonymous', groups: ['system:unauthenticated'], proof: 'none' };

/** A host that has a join token and no certificate yet: known by the token, member of no group that roles are given to. */
export function bootstrapIdentity(tokenId: string): Identity {
  return { user: `system:bootstrap:${tokenId}`, groups: ['system:bootstrappers'], proof: 'join-token' };
}

/** The subject of a verified certificate: the common name is the user, each organisation a group. Undefined without a common name. */
export function certificateIdentity(subject: {
  readonly CN?: string | readonly string[];
  readonly O?: string | readonly string[];
}): Identity | undefined {
  const [user] = listOf(subject.CN);
  if (user === undefined || user === '') return undefined;
  const groups = listOf(subject.O).filter((group) => group !== authenticated);
  return { user, groups: [...groups, authenticated], proof: 'certificate' };
}

/** The host an identity stands for; undefined for everybody else. A name alone is not enough: the group must agree. */
export function nodeOf({ user, groups }: Identity): string | undefined {
  return groups.includes(nodes) && user.startsWith(nodePrefix) && user.length > nodePrefix.length
    ? user.slice(nodePrefix.length)
    : undefined;
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}
