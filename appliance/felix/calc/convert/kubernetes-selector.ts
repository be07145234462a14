/** Kubernetes label selectors as ours. Pure. Source: LabelSelector in the Kubernetes API. */
import { compareText } from '#appliance/lib/collections/compare-text.ts';
import { all, and, not, type Selector } from '#appliance/selector/ast.ts';
import { orchestratorLabel } from '#appliance/selector/rewrite.ts';
import type { Fields } from './fields.ts';

const isPod: Selector = { type: 'equals', label: orchestratorLabel, value: 'k8s' };

/** Selects pods only; absent means every pod. */
export function readPodSelector(fields: Fields, name: string): Selector {
  return and(isPod, ...readTerms(fields.child(name)));
}

/** Selects namespaces by their labels; undefined when absent, everything when present but empty. */
export function readNamespaceSelector(fields: Fields, name: string): Selector | undefined {
  const selector = fields.child(name);
  if (selector === undefined) return undefined;
  const terms = readTerms(selector);
  return terms.length === 0 ? all : and(...terms);
}

function readTerms(selector: Fields | undefined): Selector[] {
  if (selector === undefined) return [];
  const pairs = selector.labels('matchLabels');
  const terms: (Selector & { label: string })[] = [];
  for (let i = 0; i < pairs.length; i += 2) terms.push({ type: 'equals', label: pairs[i]!, value: pairs[i + 1]! });
  terms.sort((a, b) => compareText(a.label, b.label));
  return [...terms, ...selector.children('matchExpressions').map(readExpression)];
}

function readExpression(expression: Fields): Selector {
  const label = expression.text('key');
  const values = [...new Set(expression.texts('values'))].sort(compareText);
  switch (expression.requiredChoice('operator', ['In', 'NotIn', 'Exists', 'DoesNotExist'])) {
    case 'In':
      return { type: 'in', label, values };
    case 'NotIn':
      return { type: 'not-in', label, values };
    case 'Exists':
      return { type: 'has', label };
    case 'DoesNotExist':
      return not({ type: 'has', label });
    default:
      return all;
  }
}
