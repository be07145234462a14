/**
 * TLS to servers named by address. The gRPC library announces whatever it dials as server name, and TLS forbids to announce
 * an address (RFC 6066, 3), so for those we announce a name that is nobody's and check the certificate for the address
 * ourselves. I/O when a channel is used.
 */
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import * as grpc from '@grpc/grpc-js';
import type { IOptions } from 'etcd3';

type Credentials = NonNullable<IOptions['credentials']>;
type ChannelFactory = NonNullable<grpc.ClientOptions['channelFactoryOverride']>;

/** Reserved, so that no server has it (RFC 2606). */
const NOBODYS_NAME = 'address.invalid';

/** Makes channels like the library, but for addresses with a check that holds. */
export function secureChannelFactory(credentials: Credentials): ChannelFactory {
  const { rootCertificate, privateKey = null, certChain = null } = credentials;
  const byHost = new Map<string, grpc.ChannelCredentials>();
  const checkedFor = (host: string) =>
    grpc.credentials.createSsl(rootCertificate, privateKey, certChain, {
      checkServerIdentity: (_announced, certificate) => checkServerIdentity(host, certificate),
    });
  return (target, ours, options) => {
    const host = hostOf(target);
    if (isIP(host) === 0) return new grpc.Channel(target, ours, options);
    // Channels share a connection only when they share their credentials.
    const checked = byHost.get(host) ?? checkedFor(host);
    byHost.set(host, checked);
    return new grpc.Channel(target, checked, { ...options, 'grpc.ssl_target_name_override': NOBODYS_NAME });
  };
}

/** Whether an endpoint names its server by address. */
export function isAddressed(endpoint: string): boolean {
  return isIP(hostOf(endpoint.replace(/^https:\/\//, ''))) !== 0;
}

function hostOf(target: string): string {
  return target.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}
