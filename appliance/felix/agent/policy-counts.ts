/** How many policies, profiles and endpoints the dataplane was told to keep. Pure. */
import type { HostEndpointId, WorkloadEndpointId } from '../model/endpoint.ts';
import type { Message } from '../model/messages.ts';
import { printPolicyId } from '../model/policy.ts';

export interface PolicyCounts {
  readonly policies: number;
  readonly profiles: number;
  readonly workloadEndpoints: number;
  readonly hostEndpoints: number;
  readonly ipSets: number;
}

/** Counts by identity, so that updates count once. */
export function createPolicyCounts() {
  const policies = new Set<string>();
  const profiles = new Set<string>();
  const workloadEndpoints = new Set<string>();
  const hostEndpoints = new Set<string>();
  const ipSets = new Set<string>();
  return {
    take(messages: readonly Message[]): void {
      for (const message of messages) takeOne(message);
    },
    get counts(): PolicyCounts {
      return {
        policies: policies.size,
        profiles: profiles.size,
        workloadEndpoints: workloadEndpoints.size,
        hostEndpoints: hostEndpoints.size,
        ipSets: ipSets.size,
      };
    },
  };

  function takeOne(message: Message): void {
    switch (message.type) {
      case 'policy-update':
        policies.add(printPolicyId(message.id));
        break;
      case 'policy-remove':
        policies.delete(printPolicyId(message.id));
        break;
      case 'profile-update':
        profiles.add(message.name);
        break;
      case 'profile-remove':
        profiles.delete(message.name);
        break;
      case 'workload-endpoint-update':
        workloadEndpoints.add(printEndpoint(message.id));
        break;
      case 'workload-endpoint-remove':
        workloadEndpoints.delete(printEndpoint(message.id));
        break;
      case 'host-endpoint-update':
        hostEndpoints.add(printEndpoint(message.id));
        break;
      case 'host-endpoint-remove':
        hostEndpoints.delete(printEndpoint(message.id));
        break;
      case 'ip-set-update':
        ipSets.add(message.id);
        break;
      case 'ip-set-remove':
        ipSets.delete(message.id);
        break;
      default: // is no policy and no endpoint
    }
  }
}

function printEndpoint(id: WorkloadEndpointId | HostEndpointId): string {
  return JSON.stringify(id);
}
