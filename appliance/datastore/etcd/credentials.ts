/**
 * TLS to etcd: what a channel is opened with. Asked for at each new connection, so that files replaced on disk count from then on;
 * an unusable set (half of it replaced) leaves the last one that worked. The gRPC library announces whatever it dials as server
 * name, and TLS forbids to announce an address (RFC 6066, 3): for those a name that is nobody's is announced, and the certificate
 * is checked for the address. I/O through what is handed in.
 */
import { isIP } from 'node:net';
import { checkServerIdentity, rootCertificates } from 'node:tls';
import * as grpc from '@grpc/grpc-js';
import type { Logger } from '../../lib/log.ts';

/** PEM texts; without `ca` the runtime's authorities are trusted. */
export interface EtcdTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** What one channel is made with. The same object as long as nothing changed. */
export interface ChannelIdentity {
  readonly credentials: grpc.ChannelCredentials;
  readonly options: grpc.ChannelOptions;
}

/** Reserved, so that no server has it (RFC 2606). */
const NOBODYS_NAME = 'address.invalid';

/** Gives a channel's identity, as of now. */
export function identitySource(endpoint: string, readTls: () => EtcdTls, log: Logger): () => ChannelIdentity {
  if (!endpoint.startsWith('https:')) {
    const insecure = { credentials: grpc.credentials.createInsecure(), options: {} };
    return () => insecure;
  }
  const host = hostOf(endpoint);
  let last: { readonly tls: EtcdTls; readonly identity: ChannelIdentity } | undefined;
  /** It is asked for each attempt to connect: what stays wrong is said once. */
  let told = '';
  return () => {
    try {
      const tls = readTls();
      if (last === undefined || !isSame(last.tls, tls)) last = { tls, identity: secureIdentity(host, tls) };
      told = '';
    } catch (error) {
      if (last === undefined) throw error;
      if (told !== String(error))
        log.warn({ endpoint, error: String(error) }, 'certificates cannot be used, keeping those in use');
      told = String(error);
    }
    return last.identity;
  };
}

function secureIdentity(host: string, tls: EtcdTls): ChannelIdentity {
  const ca = tls.ca ?? Buffer.from(rootCertificates.join('\n'));
  if (isIP(host) === 0)
    return { credentials: grpc.credentials.createSsl(ca, tls.key ?? null, tls.cert ?? null), options: {} };
  const credentials = grpc.credentials.createSsl(ca, tls.key ?? null, tls.cert ?? null, {
    checkServerIdentity: (_announced, certificate) => checkServerIdentity(host, certificate),
  });
  return { credentials, options: { 'grpc.ssl_target_name_override': NOBODYS_NAME } };
}

function isSame(a: EtcdTls, b: EtcdTls): boolean {
  return (['ca', 'cert', 'key'] as const).every((part) => {
    const [one, other] = [a[part], b[part]];
    return one === other || (one !== undefined && other !== undefined && one.equals(other));
  });
}

function hostOf(endpoint: string): string {
  return new URL(endpoint).hostname.replace(/^\[|\]$/g, '');
}
