/** Chooses the one selector-scoped FelixConfiguration that applies to this host. Pure. Source: data model, FelixConfiguration mechanism. */
import { labelsOfRecord, matches } from '../../selector/match.ts';
import { parseSelector } from '../../selector/parse.ts';

/** Of the configurations whose nodeSelector matches the Node's labels the oldest wins, then the lowest name; undefined when none does. */
export function chooseScoped(
  objects: ReadonlyMap<string, unknown>,
  nodeLabels: Readonly<Record<string, string>>,
): string | undefined {
  const candidates = [...objects]
    .filter(([name, value]) => name !== 'default' && !name.startsWith('node.') && isSelected(value, nodeLabels))
    .map(([name, value]) => ({ name, createdMs: createdAt(value) }))
    .sort((a, b) => a.createdMs - b.createdMs || (a.name < b.name ? -1 : 1));
  return candidates[0]?.name;
}

function isSelected(value: unknown, labels: Readonly<Record<string, string>>): boolean {
  const text = selectorOf(value);
  if (typeof text !== 'string' || text === '') return false;
  const selector = parseSelector(text);
  return selector.ok && matches(selector.value, labelsOfRecord(labels));
}

/** What stands in `spec.nodeSelector`. */
export function selectorOf(value: unknown): unknown {
  return (value as { spec?: { nodeSelector?: unknown } | null } | null)?.spec?.nodeSelector;
}

/** One without a date counts as older than all, as it does upstream. */
function createdAt(value: unknown): number {
  const created = (value as { metadata?: { creationTimestamp?: unknown } | null } | null)?.metadata?.creationTimestamp;
  const ms = typeof created === 'string' ? Date.parse(created) : Number.NaN;
  return Number.isNaN(ms) ? Number.NEGATIVE_INFINITY : ms;
}
