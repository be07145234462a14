/** The port between the graph and whatever enforces it. `nftables/` is the first backend; `recorder/` only records. */
import type { Revision } from '../../datastore/store.ts';
import type { HostEndpointId, WorkloadEndpointId } from '../model/endpoint.ts';
import type { Flush } from '../model/messages.ts';
import type { PolicyId } from '../model/policy.ts';
import type { Hits } from './hits.ts';

export type EndpointStatus = 'up' | 'down' | 'error';

/** What the dataplane reports; calls are cheap and never throw. */
export interface DataplaneReports {
  onWorkloadEndpointStatus(id: WorkloadEndpointId, status: EndpointStatus | 'removed'): void;
  onHostEndpointStatus(id: HostEndpointId, status: EndpointStatus | 'removed'): void;
  /** The kernel's own words for what it refused of a policy; `undefined` once all of it is programmed again. */
  onPolicyStatus(id: PolicyId, problem: string | undefined): void;
  /** Everything up to `revision` is in the kernel (or reported as refused). */
  onApplied(revision: Revision): void;
  /** The largest packet a workload should send, as of now. */
  onWorkloadMtu?(mtuBytes: number): void;
  /** The public key of this host's WireGuard device (base64); empty when it has none any more. */
  onWireguardKey?(family: 4 | 6, publicKey: string): void;
}

/** How much of ours the kernel holds. */
export interface DataplaneSizes {
  readonly nftables?: {
    readonly chains: number;
    readonly rules: number;
    readonly sets: number;
    readonly maps: number;
    readonly counters: number;
    /** Transactions, and those the kernel refused; times the table was read back, and those it could not be. */
    readonly transactions: { readonly calls: number; readonly errors: number };
    readonly readings: { readonly calls: number; readonly errors: number };
  };
  readonly iptables?: {
    readonly tables: readonly {
      readonly family: 4 | 6;
      readonly table: string;
      readonly chains: number;
      readonly rules: number;
    }[];
    /** Sets of the kernel by family. */
    readonly ipSets: Readonly<Record<4 | 6, number>>;
  };
  readonly routes: readonly RouteTableSize[];
}

/** Of one table of routes, by its number: routes of ours in it, and the links they may lead through. */
export interface RouteTableSize {
  readonly family: 4 | 6;
  readonly table: number;
  readonly routes: number;
  readonly links: number;
}

/** Reading all routes to compare them; deleting the connections of addresses that go, for which their routes wait. */
export type TimedWork = 'route-resync' | 'conntrack-cleanup';

export interface Dataplane {
  /**
   * Takes one flush; returns at once. Work is coalesced and applied in passes, one kernel transaction each.
   * Nothing is written to the kernel before the first `in-sync` message.
   */
  accept(flush: Flush): void;
  /** Resolves when everything accepted before is in the kernel (or reported as refused). */
  settled(): Promise<void>;
  /** What the kernel counted so far. */
  readHits?(): Promise<Hits>;
  /** How much the kernel holds of ours. */
  sizes?(): DataplaneSizes;
  /** Stops working; leaves the kernel as it is. */
  close(): Promise<void>;
}
