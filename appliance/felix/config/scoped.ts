/** Chooses the one selector-scoped FelixConfiguration that applies to this host. Pure. */
import { labelsOfRecord, matches } from '../../selector/match.ts';
import { parseSelector } from '../../selector/parse.ts';
import type { ConfigLayer } from './layers.ts';
import { valuesOfSpec } from './spec-values.ts';

/** Of the configurations whose nodeSelector matches the Node's labels the oldest wins, then the lowest name; an empty layer when none does. */
export function selectorScopedLayer(
  objects: ReadonlyMap<string, unknown>,
  nodeLabels: Readonly<Record<string, string>>,
): ConfigLayer {
  const candidates = [...objects]
    .filter(([name, value]) => name !== 'default' && !name.startsWith('node.') && isSelected(value, nodeLabels))
    .map(([name, value]) => ({ name, value, created: createdAt(value) }))
    .sort((a, b) => (a.created === b.created ? compare(a.name, b.name) : compare(a.created, b.created)));
  const winner = candidates[0];
  if (winner === undefined) return { name: 'FelixConfiguration by selector', values: new Map() };
  return { name: `FelixConfiguration ${winner.name}`, values: valuesOfSpec(winner.value) };
}

function isSelected(value: unknown, labels: Readonly<Record<string, string>>): boolean {
  const text = (value as { spec?: { nodeSelector?: unknown } } | null)?.spec?.nodeSelector;
  if (typeof text !== 'string' || text === '') return false;
  const selector = parseSelector(text);
  return selector.ok && matches(selector.value, labelsOfRecord(labels));
}

function createdAt(value: unknown): string {
  const created = (value as { metadata?: { creationTimestamp?: unknown } } | null)?.metadata?.creationTimestamp;
  return typeof created === 'string' ? created : '';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
