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

export interface DataplaneSizes {
  readonly chains: number;
  readonly counters: number;
}

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
