/** What the host side must know of local endpoints: every backend's desired state answers it. Pure types. */
import type { FelixConfig } from '../../model/config.ts';
import type { HostEndpoint, WorkloadEndpoint, WorkloadEndpointId } from '../../model/endpoint.ts';
import type { TunnelState } from './overlay/tunnel-state.ts';

export interface LocalWorkload {
  readonly id: WorkloadEndpointId;
  readonly endpoint: WorkloadEndpoint;
}

export interface LocalEndpoints {
  /** By printed id. */
  readonly workloads: ReadonlyMap<string, LocalWorkload>;
  readonly hostEndpoints: ReadonlyMap<string, HostEndpoint>;
  /** Interface name or `*` -> host endpoint, as of the last time it was settled. */
  readonly resolution: ReadonlyMap<string, string>;
  readonly config: FelixConfig | undefined;
  readonly tunnels: TunnelState;
  workloadsOn(interfaceName: string): Iterable<LocalWorkload>;
  /** Of several workloads on one interface the first by name speaks for it. */
  workloadOf(interfaceName: string): LocalWorkload | undefined;
}
