/** The parts of the agent whose health is asked for, under Felix's names where they mean the same. Pure but for what it asks. */
import type { SyncStatus } from '../../datastore/syncer.ts';
import type { FelixConfig } from '../model/config.ts';
import type { HealthReport, HealthReporter } from '../status/health.ts';

export interface AgentFacts {
  readonly config: FelixConfig;
  /** Configuration from the store has been seen. */
  readonly isConfigured: boolean;
  /** False while the store is locked for a migration: then nothing is to be done, which is no fault. */
  readonly isStoreReady: boolean;
  readonly store: SyncStatus;
  readonly isConnected: boolean;
  readonly connectionProblem: string | undefined;
  readonly graphBusyMs: number;
  readonly passBusyMs: number;
  readonly passProblem: string | undefined;
  /** Revision the kernel has; 0 before the first pass. */
  readonly appliedRevision: number;
  readonly mtuFileProblem: string | undefined;
}

const graphTimeoutMs = 30_000;
/** A shorter DataplaneWatchdogTimeout would take a large first pass for a stuck one. */
const watchdogMinMs = 20_000;
const locked = 'the store is locked; what is enforced stays';

export function createHealthReporters(facts: () => AgentFacts): readonly HealthReporter[] {
  return [
    { name: 'FelixStartup', timeoutMs: () => 0, report: () => reportStartup(facts()) },
    { name: 'CalculationGraph', timeoutMs: () => graphTimeoutMs, report: () => reportGraph(facts()) },
    {
      name: 'InternalDataplaneMainLoop',
      timeoutMs: () => Math.max(watchdogMinMs, facts().config.dataplaneWatchdogTimeoutMs),
      report: () => reportDataplane(facts()),
    },
  ];
}

function reportStartup({ isConfigured, store, isStoreReady, config, mtuFileProblem }: AgentFacts): HealthReport {
  const isLocked = store === 'in-sync' && !isStoreReady;
  const isReady = isConfigured || isLocked;
  if (isReady && config.isMtuFileRequired && mtuFileProblem !== undefined)
    return { isReady: false, busyMs: 0, detail: `the MTU of workloads cannot be written: ${mtuFileProblem}` };
  return { isReady, busyMs: 0, detail: isReady ? '' : 'waiting for the configuration in the store' };
}

function reportGraph({ store, isConnected, connectionProblem, isStoreReady, graphBusyMs }: AgentFacts): HealthReport {
  const isReady = store === 'in-sync' && isConnected;
  return { isReady, busyMs: graphBusyMs, detail: detail() };

  function detail(): string {
    if (!isConnected)
      return `the store does not answer${connectionProblem === undefined ? '' : `: ${connectionProblem}`}`;
    if (store !== 'in-sync') return 'reading the store';
    return isStoreReady ? '' : locked;
  }
}

function reportDataplane({ appliedRevision, passBusyMs, passProblem, isStoreReady, store }: AgentFacts): HealthReport {
  const isLocked = store === 'in-sync' && !isStoreReady;
  const isReady = passProblem === undefined && (appliedRevision > 0 || isLocked);
  const detail = passProblem ?? (isReady ? '' : 'the kernel does not have yet what the store holds');
  return { isReady, busyMs: passBusyMs, detail };
}
