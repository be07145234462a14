/** Whether endpoints are up, told on change. Pure but for the reports. Source: felix, status of endpoints. */
import type { HostEndpointId, WorkloadEndpointId } from '../../model/endpoint.ts';
import { printWorkloadEndpointId } from '../../model/endpoint.ts';
import type { DataplaneReports, EndpointStatus } from '../dataplane.ts';

export class EndpointStatuses {
  readonly #reports: DataplaneReports;
  readonly #workloads = new Map<string, EndpointStatus>();
  readonly #hosts = new Map<string, EndpointStatus>();

  constructor(reports: DataplaneReports) {
    this.#reports = reports;
  }

  tellWorkload(id: WorkloadEndpointId, status: EndpointStatus | 'removed'): void {
    if (tell(this.#workloads, printWorkloadEndpointId(id), status)) this.#reports.onWorkloadEndpointStatus(id, status);
  }

  tellHost(id: HostEndpointId, status: EndpointStatus | 'removed'): void {
    if (tell(this.#hosts, id.name, status)) this.#reports.onHostEndpointStatus(id, status);
  }

  hostNames(): readonly string[] {
    return [...this.#hosts.keys()];
  }
}

/** True when it is news. */
function tell(known: Map<string, EndpointStatus>, key: string, status: EndpointStatus | 'removed'): boolean {
  if (status === 'removed') return known.delete(key);
  if (known.get(key) === status) return false;
  known.set(key, status);
  return true;
}

/** No interface is an error; `*` is up whatever the single interfaces are. */
export function hostEndpointStatus(isAny: boolean, areRunning: readonly boolean[]): EndpointStatus {
  if (isAny) return 'up';
  if (areRunning.length === 0) return 'error';
  return areRunning.every((isRunning) => isRunning) ? 'up' : 'down';
}
