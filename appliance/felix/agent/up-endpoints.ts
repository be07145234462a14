/** Which workload endpoints are up, with what is told of them: messages say what they are, reports how. Pure but for what it calls. */
import type { EndpointStatus } from '../dataplane/dataplane.ts';
import { printWorkloadEndpointId, type WorkloadEndpoint, type WorkloadEndpointId } from '../model/endpoint.ts';
import type { Message } from '../model/messages.ts';

/** `set` is told when an endpoint comes up, changes while it is, or is up no more. */
export function createUpEndpoints(set: (id: WorkloadEndpointId, endpoint: WorkloadEndpoint | undefined) => void) {
  const endpoints = new Map<string, WorkloadEndpoint>();
  const up = new Set<string>();
  return {
    take(messages: readonly Message[]): void {
      for (const message of messages) {
        if (message.type === 'workload-endpoint-update') {
          const key = printWorkloadEndpointId(message.id);
          endpoints.set(key, message.endpoint);
          if (up.has(key)) set(message.id, message.endpoint);
        } else if (message.type === 'workload-endpoint-remove') {
          const key = printWorkloadEndpointId(message.id);
          endpoints.delete(key);
          if (up.delete(key)) set(message.id, undefined);
        }
      }
    },
    onStatus(id: WorkloadEndpointId, status: EndpointStatus | 'removed'): void {
      const key = printWorkloadEndpointId(id);
      const endpoint = status === 'up' ? endpoints.get(key) : undefined;
      if (endpoint !== undefined) up.add(key);
      else if (!up.delete(key)) return;
      set(id, endpoint);
    },
  };
}
