/**
 * What the agent says of itself as metrics: under Felix's names where they mean the same, `calico_node_*` for what is ours. Pure.
 * Source: the list of Felix's metrics.
 */
import { type MetricFamily, metric } from '../../../lib/prometheus-text.ts';
import type { DataplaneSizes } from '../../dataplane/dataplane.ts';
import type { HealthState } from '../health.ts';
import { labelled, type ProgramNumbers, renderDataplaneMetrics } from './dataplane-metrics.ts';
import type { Summary } from './summary.ts';

export interface FelixFacts {
  readonly host: string;
  readonly version: string;
  readonly nowMs: number;
  readonly store: 'wait' | 'resync' | 'in-sync';
  readonly isConnected: boolean;
  readonly isStoreReady: boolean;
  readonly losses: number;
  readonly sentRevision: number;
  readonly appliedRevision: number;
  readonly refusedPolicies: number;
  readonly invalidObjects: number;
  readonly configProblems: number;
  readonly health: readonly HealthState[];
  readonly counts: {
    readonly policies: number;
    readonly profiles: number;
    readonly workloadEndpoints: number;
    readonly hostEndpoints: number;
    readonly ipSets: number;
  };
  readonly index: {
    readonly items: number;
    readonly selectors: number;
    readonly hits: number;
    readonly misses: number;
  };
  readonly sizes: DataplaneSizes;
  readonly passes: { readonly passes: number; readonly failures: number };
  readonly measures: {
    readonly updates: ReadonlyMap<string, number>;
    readonly messages: ReadonlyMap<string, number>;
    readonly updateSeconds: Summary;
    readonly passSeconds: Summary;
    readonly flushMessages: Summary;
    readonly resyncs: number;
    readonly outputs: number;
    readonly routeResyncSeconds: Summary;
    readonly conntrackWaitSeconds: Summary;
    readonly programs: ProgramNumbers;
    readonly firstPassSeconds: number;
  };
}

export function renderFelixMetrics(facts: FelixFacts): MetricFamily[] {
  return [...whoMetrics(facts), ...storeMetrics(facts), ...graphMetrics(facts), ...renderDataplaneMetrics(facts)];
}

function whoMetrics({ host, version, health }: FelixFacts): MetricFamily[] {
  return [
    labelled('gauge', 'felix_host', 'The host, always 1.', [[{ host }, 1]]),
    labelled('gauge', 'calico_node_info', 'The program, always 1.', [[{ version }, 1]]),
    labelled(
      'gauge',
      'calico_node_live',
      '1 while the part is live.',
      health.map(({ name, isTimedOut }) => [{ component: name }, isTimedOut ? 0 : 1]),
    ),
    labelled(
      'gauge',
      'calico_node_ready',
      '1 while the part is ready.',
      health.map(({ name, isReady, isTimedOut }) => [{ component: name }, isReady && !isTimedOut ? 1 : 0]),
    ),
  ];
}

const resyncStates = { wait: 1, resync: 2, 'in-sync': 3 } as const;

function storeMetrics(facts: FelixFacts): MetricFamily[] {
  const { measures } = facts;
  const flag = (isSet: boolean) => (isSet ? 1 : 0);
  return [
    metric('gauge', 'felix_resync_state', '1 waiting, 2 reading the store, 3 in sync.', resyncStates[facts.store]),
    metric('counter', 'felix_resyncs_started', 'How often the store was read from the beginning.', measures.resyncs),
    metric('gauge', 'calico_node_store_connected', '1 while the store answers.', flag(facts.isConnected)),
    metric('counter', 'calico_node_store_losses_total', 'How often the way to the store was lost.', facts.losses),
    metric('gauge', 'calico_node_store_ready', '0 while the store is locked.', flag(facts.isStoreReady)),
    metric('gauge', 'calico_node_sent_revision', 'Revision the dataplane has been told.', facts.sentRevision),
    metric('gauge', 'calico_node_applied_revision', 'Revision the kernel has.', facts.appliedRevision),
    metric('gauge', 'calico_node_invalid_objects', 'Objects that count as absent.', facts.invalidObjects),
    metric('gauge', 'calico_node_config_problems', 'Settings that cannot be used.', facts.configProblems),
  ];
}

/** Metric to the plurals it counts. */
const clusterCounts: Readonly<Record<string, readonly string[]>> = {
  felix_cluster_num_hosts: ['nodes'],
  felix_cluster_num_host_endpoints: ['hostendpoints'],
  felix_cluster_num_workload_endpoints: ['workloadendpoints'],
  felix_cluster_num_tiers: ['tiers'],
  felix_cluster_num_policies: [
    'networkpolicies',
    'globalnetworkpolicies',
    'stagednetworkpolicies',
    'stagedglobalnetworkpolicies',
    'stagedkubernetesnetworkpolicies',
  ],
  felix_cluster_num_profiles: ['profiles'],
};

/** `objects`: how many there are in the store by the plural of their kind. */
export function renderClusterMetrics(objects: ReadonlyMap<string, number>): MetricFamily[] {
  const total = (plurals: readonly string[]) => plurals.reduce((sum, plural) => sum + (objects.get(plural) ?? 0), 0);
  return Object.entries(clusterCounts).map(([name, plurals]) =>
    metric('gauge', name, 'Objects of the kind in the store.', total(plurals)),
  );
}

function graphMetrics({ counts, index, measures, nowMs }: FelixFacts): MetricFamily[] {
  const endpoints = counts.workloadEndpoints + counts.hostEndpoints;
  return [
    metric('gauge', 'felix_active_local_endpoints', 'Endpoints of this host.', endpoints),
    metric('gauge', 'felix_active_local_policies', 'Policies that apply to endpoints of this host.', counts.policies),
    metric('gauge', 'felix_active_local_selectors', 'Selectors and lists this host needs as sets.', counts.ipSets),
    metric('gauge', 'felix_label_index_num_endpoints', 'Endpoints and network sets in the index.', index.items),
    labelled('gauge', 'felix_label_index_num_active_selectors', 'Selectors in the index.', [
      [{ optimized: 'true' }, index.selectors],
    ]),
    labelled('counter', 'felix_label_index_selector_evals', 'How often a selector was asked for a match.', [
      [{ result: 'true' }, index.hits],
      [{ result: 'false' }, index.misses],
    ]),
    labelled(
      'counter',
      'felix_calc_graph_updates_processed',
      'Updates of the store by kind.',
      [...measures.updates].map(([type, count]) => [{ type }, count]),
    ),
    metric('counter', 'felix_calc_graph_output_events', 'Messages to the dataplane.', measures.outputs),
    measures.updateSeconds.family('felix_calc_graph_update_time_seconds', 'Time for a batch of updates.', nowMs),
  ];
}
