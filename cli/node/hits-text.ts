/** What the kernel counted, for people. Pure. */
import { alignColumns } from '../output/tabwriter.ts';
import type { AgentHits } from './agent.ts';

type Row = AgentHits['rules'][number];

const heading = ['KIND', 'NAMESPACE', 'NAME', 'DIRECTION'];

export function printHits({ rules, stages }: AgentHits, isByRule: boolean): string {
  const rows = isByRule ? rules.map(ruleRow) : sumUp(rules);
  const head = [...heading, ...(isByRule ? ['RULE'] : []), 'ACTION', 'PACKETS', 'BYTES'];
  const others = stages.map(({ stage, packets, bytes }) => [stage, String(packets), String(bytes)]);
  return `${alignColumns([head, ...rows])}\n${alignColumns([['STAGE', 'PACKETS', 'BYTES'], ...others])}`;
}

function ruleRow({ kind, namespace, name, direction, rule, action, packets, bytes }: Row): string[] {
  return [kind, namespace || '-', name, direction, String(rule), action, String(packets), String(bytes)];
}

function sumUp(rules: readonly Row[]): string[][] {
  const sums = Map.groupBy(rules, ({ kind, namespace, name, direction, action }) =>
    JSON.stringify([kind, namespace || '-', name, direction, action]),
  );
  const total = (rows: readonly Row[], of: (row: Row) => number) => String(rows.reduce((sum, row) => sum + of(row), 0));
  return [...sums].map(([key, rows]) => [
    ...(JSON.parse(key) as string[]),
    total(rows, ({ packets }) => packets),
    total(rows, ({ bytes }) => bytes),
  ]);
}
