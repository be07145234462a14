/**
 * One etcd server: the connection to it, shared by all its services, and made anew when it is in doubt. A dropped packet shows
 * nothing, and TCP tries again ever more seldom: so a connection that takes long to come about is given up for a fresh one. I/O.
 */
import * as grpc from '@grpc/grpc-js';
import type { Services } from 'etcd3';
import { Host } from 'etcd3/lib/connection-pool.js';
import type { ChannelIdentity } from './credentials.ts';

/** From the first packet to an answer of the server's HTTP/2; a round trip in all but the worst of networks. */
const CONNECT_MS = 2_000;
/** A server on this machine is back soon, and asking for it costs nobody else anything. */
const RECONNECT_MAX_MS = { local: 200, remote: 1_000 } as const;

interface Connection {
  readonly identity: ChannelIdentity;
  readonly channel: grpc.Channel;
  readonly host: Host;
  /** Shared by all who wait for it. */
  settling: Promise<void> | undefined;
}

export class Member {
  readonly endpoint: string;
  readonly #identity: () => ChannelIdentity;
  #connection: Connection | undefined;
  #heardAtMs = 0;
  #isClosed = false;

  /** `identity` is asked whenever a connection is to be made. */
  constructor(endpoint: string, identity: () => ChannelIdentity) {
    this.endpoint = endpoint;
    this.#identity = identity;
  }

  /** When it last said anything, on the clock of `performance.now()`. */
  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  heard(): void {
    this.#heardAtMs = performance.now();
  }

  /** A service's client once there is a connection, or once it is known that there is none; then the call fails, with the reason. */
  async service(name: keyof typeof Services, deadline: number): Promise<grpc.Client> {
    const connection = this.#current();
    if (!isReady(connection)) {
      connection.settling ??= this.#settle(connection).finally(() => {
        connection.settling = undefined;
      });
      await until(deadline, connection.settling, () => notConnected(this.endpoint, 'not yet'));
    }
    return connection.host.getServiceClient(name);
  }

  /** The next call makes a new connection; calls that run stay on the old one. */
  reset(): void {
    this.#connection?.channel.close();
    this.#connection = undefined;
  }

  close(): void {
    this.#isClosed = true;
    this.reset();
  }

  #current(): Connection {
    if (this.#isClosed) throw new Error('the client is closed');
    if (this.#connection !== undefined && !isReady(this.#connection)) {
      const { identity } = this.#connection;
      if (this.#identity() !== identity) this.reset();
    }
    this.#connection ??= connect(this.endpoint, this.#identity());
    return this.#connection;
  }

  async #settle({ channel }: Connection): Promise<void> {
    const deadline = Date.now() + CONNECT_MS;
    for (;;) {
      const state = channel.getConnectivityState(true);
      if (state === grpc.connectivityState.SHUTDOWN) throw notConnected(this.endpoint, 'the connection was given up');
      if (state !== grpc.connectivityState.IDLE && state !== grpc.connectivityState.CONNECTING) return;
      if (await hasChanged(channel, state, deadline)) continue;
      if (this.#connection?.channel === channel) this.reset();
      throw notConnected(this.endpoint, 'nobody answers');
    }
  }
}

function connect(endpoint: string, identity: ChannelIdentity): Connection {
  const { target, isLocal } = parseEndpoint(endpoint);
  const options: grpc.ChannelOptions = {
    ...identity.options,
    // A new connection must not turn out to be the old one.
    'grpc.use_local_subchannel_pool': 1,
    // etcd refuses pings that come more often than every 5 s.
    'grpc.keepalive_time_ms': 7_000,
    'grpc.keepalive_timeout_ms': 3_000,
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    // A page of a list is on its way while the one before is worked on, not waiting for room.
    'grpc-node.flow_control_window': 4 * 1024 * 1024,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': RECONNECT_MAX_MS[isLocal ? 'local' : 'remote'],
    // A name may lead elsewhere when the server behind it is gone; nothing else is asked of DNS.
    'grpc.dns_min_time_between_resolutions_ms': 2_000,
    'grpc.service_config_disable_resolution': 1,
    // etcd's own clients do not go by a proxy either.
    'grpc.enable_http_proxy': 0,
    'grpc.enable_retries': 0,
    'grpc.enable_channelz': 0,
  };
  const channel = new grpc.Channel(target, identity.credentials, options);
  const shared = { channelOverride: channel } as unknown as grpc.ChannelOptions;
  return { identity, channel, host: new Host(target, identity.credentials, shared), settling: undefined };
}

/** `unix:/path`, `http://host:port` or `https://host:port`, as gRPC wants it. */
function parseEndpoint(endpoint: string): { target: string; isLocal: boolean } {
  if (endpoint.startsWith('unix:')) return { target: endpoint, isLocal: true };
  return { target: endpoint.replace(/^https?:\/\//, '').replace(/\/$/, ''), isLocal: false };
}

function isReady({ channel }: Connection): boolean {
  return channel.getConnectivityState(false) === grpc.connectivityState.READY;
}

function hasChanged(channel: grpc.Channel, state: grpc.connectivityState, deadline: number): Promise<boolean> {
  return new Promise((resolve) => {
    channel.watchConnectivityState(state, deadline, (late) => resolve(late === undefined || late === null));
  });
}

async function until(deadline: number, settling: Promise<void>, late: () => Error): Promise<void> {
  const timeout = Promise.withResolvers<void>();
  const timer = setTimeout(() => timeout.reject(late()), Math.max(0, deadline - Date.now()));
  try {
    await Promise.race([settling, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Worded as the gRPC library does, whose texts say what was certainly never sent. */
function notConnected(endpoint: string, why: string): Error {
  return new Error(`14 UNAVAILABLE: No connection established to ${endpoint}: ${why}`);
}
