/**
 * What the dataplane did and what the kernel holds of it, as metrics: under Felix's names where they mean the same. Pure.
 * Source: the list of Felix's metrics.
 */
import { type MetricFamily, metric } from '../../../lib/prometheus-text.ts';
import type { DataplaneSizes } from '../../dataplane/dataplane.ts';
import type { FelixFacts } from './felix-metrics.ts';
import type { Summary } from './summary.ts';

interface CallNumbers {
  readonly calls: number;
  readonly errors: number;
}

/** Of the programs of iptables and ipset. */
export interface ProgramNumbers {
  readonly restores: CallNumbers;
  readonly saves: CallNumbers;
  readonly ipset: CallNumbers;
  readonly ipsetLines: number;
  /** `4 filter` -> changes that were written. */
  readonly lines: ReadonlyMap<string, number>;
  readonly startMicros: Summary;
}

export function renderDataplaneMetrics(facts: FelixFacts): MetricFamily[] {
  const { nftables, iptables, routes } = facts.sizes;
  return [
    ...passMetrics(facts),
    ...routeMetrics(facts, routes),
    ...(nftables === undefined ? [] : nftMetrics(nftables)),
    ...(iptables === undefined ? [] : iptablesMetrics(iptables)),
    ...programMetrics(facts),
  ];
}

function passMetrics({ counts, passes, measures, refusedPolicies, nowMs }: FelixFacts): MetricFamily[] {
  const summary = (name: string, help: string, values: Summary) =>
    values.family(`felix_int_dataplane_${name}`, help, nowMs);
  return [
    metric('counter', 'felix_int_dataplane_failures', 'Passes that failed.', passes.failures),
    metric('gauge', 'calico_node_refused_policies', 'Policies the kernel refuses in part.', refusedPolicies),
    labelled(
      'counter',
      'felix_int_dataplane_messages',
      'Messages to the dataplane by type.',
      [...measures.messages].map(([type, count]) => [{ type }, count]),
    ),
    metric(
      'gauge',
      'felix_int_dataplane_initial_resync_time_seconds',
      'How long the first pass took.',
      measures.firstPassSeconds,
    ),
    summary('apply_time_seconds', 'Time for a pass.', measures.passSeconds),
    summary('msg_batch_size', 'Messages in a batch.', measures.flushMessages),
    metric('gauge', 'felix_ipsets_total', 'IP sets, each for both families.', counts.ipSets),
  ];
}

function routeMetrics({ measures, nowMs }: FelixFacts, routes: DataplaneSizes['routes']): MetricFamily[] {
  const perTable = (name: string, help: string, value: (size: DataplaneSizes['routes'][number]) => number) =>
    labelled(
      'gauge',
      `felix_route_table_${name}`,
      help,
      routes.map((size) => [{ table: `IPv${size.family}:${size.table}` }, value(size)]),
    );
  return [
    perTable('num_routes', 'Routes of ours in the table.', (size) => size.routes),
    perTable('num_ifaces', 'Interfaces that are watched for the table.', ({ links }) => links),
    measures.routeResyncSeconds.family(
      'felix_route_table_resync_seconds',
      'Time to read all routes for a comparison.',
      nowMs,
    ),
    measures.conntrackWaitSeconds.family(
      'felix_route_table_conntrack_wait_seconds',
      'Time that routes waited until connections of their addresses were deleted.',
      nowMs,
    ),
  ];
}

function nftMetrics(sizes: NonNullable<DataplaneSizes['nftables']>): MetricFamily[] {
  const { chains, rules, sets, maps, counters, transactions, readings } = sizes;
  return [
    metric('counter', 'felix_nft_calls', 'Transactions given to the kernel.', transactions.calls),
    metric('counter', 'felix_nft_errors', 'Transactions the kernel refused.', transactions.errors),
    metric('counter', 'felix_nft_list_calls', 'How often our table was read back.', readings.calls),
    metric('counter', 'felix_nft_list_errors', 'How often it could not be read.', readings.errors),
    metric('gauge', 'felix_nft_chains', 'Chains in our table.', chains),
    metric('gauge', 'felix_nft_rules', 'Rules in our table.', rules),
    metric('gauge', 'felix_nft_sets', 'Sets in our table.', sets),
    metric('gauge', 'felix_nft_maps', 'Maps in our table.', maps),
    metric('gauge', 'calico_node_nft_counters', 'Counters in our table.', counters),
  ];
}

function iptablesMetrics({ tables, ipSets }: NonNullable<DataplaneSizes['iptables']>): MetricFamily[] {
  type Size = (typeof tables)[number];
  const perTable = (name: string, help: string, value: (size: Size) => number) =>
    labelled(
      'gauge',
      `felix_iptables_${name}`,
      help,
      tables.map((size) => [{ ip_version: String(size.family), table: size.table }, value(size)]),
    );
  return [
    perTable('chains', 'Chains of ours in the table.', ({ chains }) => chains),
    perTable('rules', 'Rules of ours in the table.', ({ rules }) => rules),
    labelled('gauge', 'felix_ipsets_calico', 'Sets of ours in the kernel.', [
      [{ ip_version: 'inet' }, ipSets[4]],
      [{ ip_version: 'inet6' }, ipSets[6]],
    ]),
  ];
}

/** There with either backend: what the other one left is looked for by its programs. */
function programMetrics({ measures: { programs }, nowMs }: FelixFacts): MetricFamily[] {
  const pair = (prefix: string, program: string, { calls, errors }: CallNumbers) => [
    metric('counter', `felix_${prefix}calls`, `How often ${program} was started.`, calls),
    metric('counter', `felix_${prefix}errors`, `How often ${program} failed.`, errors),
  ];
  const lines = [...programs.lines].map(([key, count]) => {
    const [ip_version = '', table = ''] = key.split(' ');
    return [{ ip_version, table }, count] as const;
  });
  return [
    ...pair('iptables_restore_', 'iptables-restore', programs.restores),
    ...pair('iptables_save_', 'iptables-save', programs.saves),
    labelled('counter', 'felix_iptables_lines_executed', 'Changes of rules and chains that were written.', lines),
    ...pair('ipset_', 'ipset', programs.ipset),
    metric('counter', 'felix_ipset_lines_executed', 'Changes of IP sets that were written.', programs.ipsetLines),
    programs.startMicros.family('felix_exec_time_micros', 'Time to start a program, in microseconds.', nowMs),
  ];
}

export function labelled(
  type: MetricFamily['type'],
  name: string,
  help: string,
  rows: readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[],
): MetricFamily {
  return { name, type, help, samples: rows.map(([labels, value]) => ({ labels, value })) };
}
