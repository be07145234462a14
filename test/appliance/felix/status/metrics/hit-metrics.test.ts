import test from 'ava';
import type { Hits, RuleHits } from '#appliance/felix/dataplane/hits.ts';
import { assignHits } from '#appliance/felix/dataplane/nftables/hits.ts';
import { renderHitMetrics } from '#appliance/felix/status/metrics/hit-metrics.ts';
import { printMetrics } from '#appliance/lib/prometheus-text.ts';
import { rule, samplePolicy } from '../../dataplane/sample.ts';

const id = { kind: 'NetworkPolicy', namespace: 'shop', name: 'web' } as const;
const hits = (index: number, action: RuleHits['action'], packets: bigint): RuleHits => ({
  owner: { type: 'policy', id, tier: 'default', isStaged: false },
  direction: 'ingress',
  index,
  action,
  packets,
  bytes: packets * 100n,
});
const lines = (given: Hits, ...rest: [] | [{ rulesMax: number; policiesMax: number }]) =>
  printMetrics(renderHitMetrics(given, ...rest))
    .split('\n')
    .filter((line) => !line.startsWith('#') && line !== '');

test('assignHits() finds whose a counter is by its name, and leaves the rest to the stages', (t) => {
  const counters = [
    { name: 'np/shop/web/ingress/1', packets: 3n, bytes: 300n },
    { name: 'np/shop/web/egress/0', packets: 4n, bytes: 400n },
    { name: 'profile/kns.shop/egress/0', packets: 5n, bytes: 500n },
    { name: 'drop/reverse-path', packets: 6n, bytes: 600n },
    { name: 'np/shop/gone/ingress/0', packets: 7n, bytes: 700n },
  ];
  const policy = samplePolicy({ inbound: [rule('allow'), rule('deny')], outbound: [rule('pass')] });
  const profile = { inbound: [], outbound: [rule('allow')] };
  const { rules, others } = assignHits(counters, { policies: [{ id, policy }], profiles: [['kns.shop', profile]] });
  t.deepEqual(
    rules.map(({ owner, direction, index, action, packets }) => [owner.type, direction, index, action, packets]),
    [
      ['policy', 'ingress', 1, 'deny', 3n],
      ['policy', 'egress', 0, 'pass', 4n],
      ['profile', 'egress', 0, 'allow', 5n],
    ],
  );
  t.deepEqual(
    others.map(({ name }) => name),
    ['drop/reverse-path', 'np/shop/gone/ingress/0'],
  );
});

test('hits are shown by rule, and summed up by policy, direction and action', (t) => {
  const rules = [hits(0, 'allow', 1n), hits(1, 'allow', 2n), hits(2, 'deny', 2n ** 60n)];
  const text = lines({ rules, others: [{ name: 'drop/reverse-path', packets: 9n, bytes: 90n }] });
  const of = 'kind="NetworkPolicy",namespace="shop",name="web",tier="default",direction="ingress"';
  t.true(text.includes(`calico_policy_packets_total{${of},action="allow"} 3`));
  t.true(text.includes(`calico_policy_bytes_total{${of},action="deny"} 115292150460684697600`));
  t.true(text.includes(`calico_policy_rule_packets_total{${of},rule="1",action="allow"} 2`));
  t.true(text.includes('calico_stage_packets_total{stage="drop/reverse-path"} 9'));
  t.true(text.includes('calico_metrics_left_out 0'));
});

test('beyond the bounds the finer rows are left out, all of them, and counted', (t) => {
  const rules = Array.from({ length: 11 }, (_, index) => hits(index, 'allow', 1n));
  const bounded = lines({ rules, others: [] }, { rulesMax: 10, policiesMax: 10 });
  t.deepEqual(
    bounded.filter((line) => line.startsWith('calico_policy_rule')),
    [],
  );
  t.is(bounded.filter((line) => line.startsWith('calico_policy_packets_total')).length, 1);
  t.true(bounded.includes('calico_metrics_left_out 11'));
  t.true(lines({ rules, others: [] }, { rulesMax: 10, policiesMax: 0 }).includes('calico_metrics_left_out 12'));
});
