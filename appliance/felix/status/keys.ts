/** The store keys of what Felix reports. Pure. Source: data model, keys written by Felix; policy status is the appliance's own and lies beside them. */
import type { HostEndpointId, WorkloadEndpointId } from '../model/endpoint.ts';
import { type PolicyId, printPolicyId } from '../model/policy.ts';

/** `no-region`, or `region-<name>`. */
export function regionOf(openstackRegion: string): string {
  return openstackRegion === '' ? 'no-region' : `region-${openstackRegion}`;
}

/** Everything below these prefixes that concerns `host` is written by its agent alone. */
export function statusPrefixes(host: string, region: string) {
  return {
    workloads: `/calico/felix/v2/${region}/host/${host}/workload/`,
    hostEndpoints: `/calico/felix/v1/host/${host}/endpoint/`,
    policies: `/calico/appliance/v1/host/${host}/policy/`,
    active: `/calico/felix/v2/${region}/host/${host}/status`,
    lastReported: `/calico/felix/v2/${region}/host/${host}/last_reported_status`,
  };
}

export type StatusPrefixes = ReturnType<typeof statusPrefixes>;

export function workloadStatusKey(prefixes: StatusPrefixes, id: WorkloadEndpointId): string {
  return `${prefixes.workloads}${escapePart(id.orchestrator)}/${escapePart(id.workload)}/endpoint/${escapePart(id.endpoint)}`;
}

export function hostEndpointStatusKey(prefixes: StatusPrefixes, id: HostEndpointId): string {
  return `${prefixes.hostEndpoints}${escapePart(id.name)}`;
}

export function policyStatusKey(prefixes: StatusPrefixes, id: PolicyId): string {
  return `${prefixes.policies}${printPolicyId(id)}`;
}

/** `%` and `/` inside one part of a v1 key. */
function escapePart(part: string): string {
  return part.replaceAll('%', '%25').replaceAll('/', '%2f');
}
