/** A system under test: servers that can be killed, frozen and starved, ways in for clients, and what lies between. */
import type { Store } from '#appliance/datastore/store.ts';

/** What the traffic uses of a store. */
export type TestedStore = Pick<
  Store,
  | 'range'
  | 'txn'
  | 'put'
  | 'delete'
  | 'watch'
  | 'compact'
  | 'leaseGrant'
  | 'leaseRevoke'
  | 'leaseKeepAlive'
  | 'leases'
  | 'close'
>;

/** One process that keeps data. It is started again whenever it ends by itself. */
export interface Server {
  /** SIGKILL; resolves when it is gone. It stays away until `start()`. */
  kill(): Promise<void>;
  start(): void;
  /** Resolves when it answers. */
  ready(): Promise<void>;
  freeze(): void;
  thaw(): void;
  fillDisk(): Promise<void>;
  freeDisk(): Promise<void>;
  /** Moves its wall clock by so much against the real one, where that can be done. */
  moveClock?(seconds: number): Promise<void>;
}

/** What a connection goes through. Each state lasts until the next. */
export interface Link {
  /** Ends all connections and lets no new one through. */
  cut(): void;
  /** Keeps connections, moves nothing; what is held goes on when it heals. */
  stall(): void;
  slow(delayMs: number): void;
  heal(): void;
}

/** The network between the servers of a cluster. */
export interface PeerNetwork {
  /** No packet to or from this server. */
  isolate(server: number): Promise<void>;
  /** So many of a hundred packets to this server are lost. */
  lose(server: number, percent: number): Promise<void>;
  /** At most so many kilobits a second from this server, the rest waits. */
  throttle(server: number, kilobits: number): Promise<void>;
  heal(): Promise<void>;
}

export interface Target extends AsyncDisposable {
  readonly name: string;
  readonly servers: readonly Server[];
  /** Between clients and servers. */
  readonly links: readonly Link[];
  readonly peers?: PeerNetwork;
  /** A way in that shares nothing with others. */
  connect(): TestedStore;
}
