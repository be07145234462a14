/**
 * The server's side of joining and renewing: checks the request, signs it, and only gives the certificate away once the store has agreed. I/O.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Store } from '../datastore/store.ts';
import { AppError } from '../lib/errors.ts';
import type { KeyPair } from '../pki/authority.ts';
import { pinOf } from '../pki/bundle.ts';
import { nodeNameProblem, nodesGroup, nodeUserOf } from '../pki/node-name.ts';
import { readSigner } from '../pki/signer.ts';
import {
  createToken,
  grant,
  listTokens,
  type NewToken,
  revokeToken,
  type TokenRecord,
  tokenProblem,
} from './records.ts';

export interface EnrolmentOptions {
  readonly store: Store;
  readonly caFile: string;
  readonly caKeyFile: string;
  readonly lifetimeSeconds: number;
  /** Where hosts reach this server and its store; asked late, when ports are known. */
  readonly addresses: () => Promise<{ readonly api: readonly string[]; readonly etcd: readonly string[] }>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What a host gets. */
export interface Issued {
  readonly certificate: string;
  readonly authority: string;
  readonly etcdEndpoints: readonly string[];
}

export interface Enrolment {
  /** The authority's certificates, for everybody. */
  authority(): string;
  createToken(wish: NewToken): Promise<{
    readonly record: TokenRecord;
    readonly secret: string;
    readonly pin: string;
    readonly api: readonly string[];
  }>;
  listTokens(): Promise<readonly TokenRecord[]>;
  revokeToken(id: string): Promise<boolean>;
  /** Why a token is not to be taken; undefined when it is. */
  tokenProblem(id: string, secret: string): Promise<string | undefined>;
  /** `token`: its id, or undefined for a host that renews. PKI_BAD_REQUEST, PKI_NO_AUTHORITY, ENROLMENT_REFUSED. */
  issue(wish: { readonly node: string; readonly request: string; readonly token: string | undefined }): Promise<Issued>;
}

export function createEnrolment(options: EnrolmentOptions): Enrolment {
  const { store, caFile, caKeyFile, now } = options;
  return {
    authority: () => readAuthority(caFile),
    async createToken(wish) {
      const { certificate } = readSigner(caFile, caKeyFile);
      const { api } = await options.addresses();
      if (api.length === 0)
        throw new AppError(
          'ENROLMENT_REFUSED',
          'other hosts cannot reach this server: give CALICO_API_LISTEN an address with https, or CALICO_API_ADVERTISE',
        );
      return { ...(await createToken(store, wish, now())), pin: pinOf(certificate), api };
    },
    listTokens: () => listTokens(store),
    revokeToken: (id) => revokeToken(store, id),
    tokenProblem: (id, secret) => tokenProblem(store, id, secret, now()),
    issue: (wish) => issue(options, wish),
  };
}

async function issue(options: EnrolmentOptions, { node, request, token }: Parameters<Enrolment['issue']>[0]) {
  const problem = nodeNameProblem(node);
  if (problem !== undefined) throw new AppError('PKI_BAD_REQUEST', `node: ${problem}`);
  // few hosts join, and the library takes memory
  const { checkNodeRequest } = await import('../pki/signing-request.ts');
  const publicKey = await checkNodeRequest(request, node);
  const signer = readSigner(options.caFile, options.caKeyFile);
  const nowMs = options.now();
  const certificate = await sign(signer, publicKey, node, options.lifetimeSeconds, nowMs);
  const { etcd } = await options.addresses();
  await grant(options.store, { node, token, expiresMs: new X509Certificate(certificate).validToDate.getTime(), nowMs });
  return { certificate, authority: readAuthority(options.caFile), etcdEndpoints: etcd };
}

function readAuthority(caFile: string): string {
  try {
    return readFileSync(caFile, 'utf8');
  } catch (error) {
    throw new AppError('ENROLMENT_REFUSED', 'this server has no certificate authority: calicoctl ca init makes one', {
      cause: error,
    });
  }
}

async function sign(
  signer: KeyPair,
  publicKey: Parameters<typeof import('../pki/authority.ts').signCertificate>[1],
  node: string,
  seconds: number,
  nowMs: number,
): Promise<string> {
  const { signCertificate } = await import('../pki/authority.ts');
  const subject = { commonName: nodeUserOf(node), organizations: [nodesGroup], usage: 'client' } as const;
  return signCertificate(signer, publicKey, subject, { from: new Date(nowMs), days: 0, seconds });
}
