/**
 * Folds namespaces and service accounts into one selector over labels, as upstream does before anything is matched. Pure.
 * Works on trees, so text inside quotes is never mistaken for a selector. Source: Calico's namespaceSelector and
 * serviceAccountSelector.
 */
import { compareText } from '../lib/collections/compare-text.ts';
import { and, not, type Selector } from './ast.ts';

/** Labels the API gives endpoints and network sets, and the prefixes under which they inherit others. */
export const namespaceLabel = 'projectcalico.org/namespace';
export const serviceAccountLabel = 'projectcalico.org/serviceaccount';
export const orchestratorLabel = 'projectcalico.org/orchestrator';
export const namespacePrefix = 'pcns.';
export const serviceAccountPrefix = 'pcsa.';

/** What a policy says about the endpoints it applies to; `namespace` is empty for global kinds. */
export interface PolicyScope {
  readonly namespace: string;
  readonly selector?: Selector | undefined;
  readonly namespaceSelector?: Selector | undefined;
  readonly serviceAccountSelector?: Selector | undefined;
}

/** What one side of a rule says about its peers. `namespace` is the policy's, empty for global kinds and profiles. */
export interface PeerScope {
  readonly namespace: string;
  readonly selector?: Selector | undefined;
  readonly notSelector?: Selector | undefined;
  readonly namespaceSelector?: Selector | undefined;
  readonly serviceAccounts?:
    | { readonly names: readonly string[]; readonly selector?: Selector | undefined }
    | undefined;
}

/** The selector a policy applies by, or undefined for "everything" without a selector. */
export function policySelector(scope: PolicyScope): Selector | undefined {
  const isNamespaced = scope.namespace !== '';
  let result = isNamespaced ? append(scope.selector, inNamespace(scope.namespace)) : scope.selector;
  if (scope.namespaceSelector !== undefined) {
    result = replaceAll(
      append(result, prefixLabels(scope.namespaceSelector, namespacePrefix)),
      hasLabel(namespaceLabel),
    );
  }
  if (scope.serviceAccountSelector !== undefined) {
    result = append(result, prefixLabels(scope.serviceAccountSelector, serviceAccountPrefix));
    if (!isNamespaced) result = replaceAll(result, hasLabel(serviceAccountLabel));
  }
  return result;
}

/**
 * The positive selector of a rule's side, or undefined when it matches any address.
 * A namespaced rule is limited to its namespace as soon as it has a selector of any sort, `notSelector` included.
 */
export function peerSelector(scope: PeerScope): Selector | undefined {
  const { selector, notSelector, namespaceSelector } = scope;
  const accounts = accountSelector(scope.serviceAccounts);
  const body = selector === undefined ? accounts : accounts === undefined ? selector : and(accounts, selector);
  const namespaces = peerNamespaces(scope);
  const isLimited = body !== undefined || notSelector !== undefined || namespaceSelector !== undefined;
  if (namespaces === undefined || !isLimited) return body;
  return body === undefined ? namespaces : and(namespaces, body);
}

/** The same selector over labels that all carry `prefix`. */
export function prefixLabels(selector: Selector, prefix: string): Selector {
  return mapLeaves(selector, (leaf) => ('label' in leaf ? { ...leaf, label: prefix + leaf.label } : leaf));
}

function peerNamespaces(scope: PeerScope): Selector | undefined {
  if (scope.namespaceSelector !== undefined) {
    const prefixed = replaceAll(prefixLabels(scope.namespaceSelector, namespacePrefix), hasLabel(namespaceLabel));
    return mapLeaves(prefixed, (leaf) => (leaf.type === 'global' ? not(hasLabel(namespaceLabel)) : leaf));
  }
  return scope.namespace === '' ? undefined : inNamespace(scope.namespace);
}

function accountSelector(accounts: PeerScope['serviceAccounts']): Selector | undefined {
  const prefixed = accounts?.selector && prefixLabels(accounts.selector, serviceAccountPrefix);
  if (accounts === undefined || accounts.names.length === 0) return prefixed;
  const values = [...new Set(accounts.names)].sort(compareText);
  const named: Selector = { type: 'in', label: serviceAccountLabel, values };
  return prefixed === undefined ? named : and(prefixed, named);
}

function append(selector: Selector | undefined, further: Selector): Selector {
  return selector === undefined ? further : and(selector, further);
}

function inNamespace(namespace: string): Selector {
  return { type: 'equals', label: namespaceLabel, value: namespace };
}

function hasLabel(label: string): Selector {
  return { type: 'has', label };
}

function replaceAll(selector: Selector, replacement: Selector): Selector {
  return mapLeaves(selector, (leaf) => (leaf.type === 'all' ? replacement : leaf));
}

type Leaf = Exclude<Selector, { readonly operand: Selector } | { readonly operands: readonly Selector[] }>;

function mapLeaves(selector: Selector, change: (leaf: Leaf) => Selector): Selector {
  switch (selector.type) {
    case 'not':
      return not(mapLeaves(selector.operand, change));
    case 'and':
    case 'or':
      return { type: selector.type, operands: selector.operands.map((operand) => mapLeaves(operand, change)) };
    default:
      return change(selector);
  }
}
