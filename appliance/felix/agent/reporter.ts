/**
 * What the dataplane reports, turned into progress for those who wait and into keys of the store. Stands between a `Dataplane` and `felix/status`. I/O only
 * through those.
 */
import type { DataplaneReports } from '../dataplane/dataplane.ts';
import { hostEndpointStatusKey, policyStatusKey, type StatusPrefixes, workloadStatusKey } from '../status/keys.ts';
import type { Progress } from '../status/progress.ts';
import type { StatusWriter } from '../status/status-writer.ts';

export interface ReporterOptions {
  /** Known once there is a configuration, which is before anything is reported; the same from then on. */
  readonly prefixes: () => StatusPrefixes;
  readonly writer: StatusWriter;
  readonly progress: Progress;
}

export interface Reporter extends DataplaneReports {
  /** Statuses of endpoints are kept in the store only while this is on. */
  reportEndpoints(isEnabled: boolean): void;
  /** Compares what is stored with what was reported; what an earlier life or somebody else left goes. To be called once all is reported. */
  sweep(): void;
}

export function createReporter({ prefixes, writer, progress }: ReporterOptions): Reporter {
  const endpoints = new Map<string, string>();
  let isReportingEndpoints = false;
  let isComplete = false;

  return {
    onWorkloadEndpointStatus: (id, status) => setEndpoint(workloadStatusKey(prefixes(), id), status),
    onHostEndpointStatus: (id, status) => setEndpoint(hostEndpointStatusKey(prefixes(), id), status),
    onPolicyStatus(id, problem) {
      progress.onPolicyStatus(id, problem);
      const value = problem === undefined ? undefined : JSON.stringify({ error: problem });
      writer.set(policyStatusKey(prefixes(), id), value);
    },
    onApplied(revision) {
      progress.onApplied(revision);
      if (isComplete) return;
      isComplete = true;
      sweep();
    },
    reportEndpoints(isEnabled) {
      if (isEnabled === isReportingEndpoints) return;
      isReportingEndpoints = isEnabled;
      for (const [key, value] of endpoints) writer.set(key, isEnabled ? value : undefined);
    },
    sweep,
  };

  function setEndpoint(key: string, status: string): void {
    const value = status === 'removed' ? undefined : JSON.stringify({ status });
    if (value === undefined) endpoints.delete(key);
    else endpoints.set(key, value);
    if (isReportingEndpoints) writer.set(key, value);
  }

  function sweep(): void {
    const { workloads, hostEndpoints, policies } = prefixes();
    if (isComplete) writer.sweep([workloads, hostEndpoints, policies]);
  }
}
