/**
 * Hits of policies and rules as metrics, with a bound on how many series there are: a monitor pays for each for ever. Beyond the bound the finer
 * ones are left out, all of them, and their number is said. Pure.
 */
import { type MetricFamily, metric, type Sample } from '../../../lib/prometheus-text.ts';
import type { Hits, HitsOwner, RuleHits } from '../../dataplane/hits.ts';

export interface SeriesBounds {
  /** Rules counted each for themselves. */
  readonly rulesMax: number;
  /** Policies, by direction and action. */
  readonly policiesMax: number;
}

export const seriesBounds: SeriesBounds = { rulesMax: 5000, policiesMax: 5000 };

interface Row {
  readonly labels: Readonly<Record<string, string>>;
  packets: bigint;
  bytes: bigint;
}

export function renderHitMetrics({ rules, others }: Hits, bounds: SeriesBounds = seriesBounds): MetricFamily[] {
  const policies = sumUp(rules, ({ owner, direction, action }) => ({ ...labelsOf(owner), direction, action }));
  const single = rules.map(
    (hits): Row => ({
      labels: { ...labelsOf(hits.owner), direction: hits.direction, rule: String(hits.index), action: hits.action },
      packets: hits.packets,
      bytes: hits.bytes,
    }),
  );
  const areRulesShown = single.length <= bounds.rulesMax;
  const arePoliciesShown = policies.length <= bounds.policiesMax;
  const leftOut = (areRulesShown ? 0 : single.length) + (arePoliciesShown ? 0 : policies.length);
  return [
    ...pair('calico_policy', 'that rules of a policy or profile decided on', arePoliciesShown ? policies : []),
    ...pair('calico_policy_rule', 'that this rule decided on', areRulesShown ? single : []),
    ...pair('calico_stage', 'that no rule of a policy decided on', others.map(stageRow)),
    metric('gauge', 'calico_metrics_left_out', 'Rows of hits that are not shown because there are too many.', leftOut),
  ];
}

function labelsOf(owner: HitsOwner): Record<string, string> {
  if (owner.type === 'profile') return { kind: 'Profile', namespace: '', name: owner.name, tier: '' };
  const { kind, namespace, name } = owner.id;
  return { kind, namespace, name, tier: owner.tier };
}

function sumUp(rules: readonly RuleHits[], labels: (hits: RuleHits) => Record<string, string>): Row[] {
  const rows = new Map<string, Row>();
  for (const hits of rules) {
    const own = labels(hits);
    const key = Object.values(own).join('\n');
    const row = rows.get(key) ?? { labels: own, packets: 0n, bytes: 0n };
    row.packets += hits.packets;
    row.bytes += hits.bytes;
    rows.set(key, row);
  }
  return [...rows.values()];
}

function stageRow({ name, packets, bytes }: Hits['others'][number]): Row {
  return { labels: { stage: name }, packets, bytes };
}

function pair(prefix: string, what: string, rows: readonly Row[]): MetricFamily[] {
  const samples = (value: (row: Row) => bigint): Sample[] =>
    rows.map((row) => ({ labels: row.labels, value: value(row) }));
  return [
    {
      name: `${prefix}_packets_total`,
      type: 'counter',
      help: `Packets ${what}.`,
      samples: samples(({ packets }) => packets),
    },
    { name: `${prefix}_bytes_total`, type: 'counter', help: `Bytes ${what}.`, samples: samples(({ bytes }) => bytes) },
  ];
}
