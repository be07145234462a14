/** StagedKubernetesNetworkPolicy. Pure. A Kubernetes NetworkPolicy on trial. */
import type { Problem } from '../../lib/problem.ts';
import { always, described, list, object, oneOf } from '../../lib/schema.ts';
import { ageTableColumn, joined, nameColumn, nameTableColumn, wideTableColumn } from '../columns.ts';
import { defineKind } from '../define.ts';
import { checkKubernetesRules, kubernetesRulesSchema, labelSelectorSchema } from '../fields/kubernetes-policy.ts';
import { stagedActionSchema } from '../fields/policy.ts';
import type { Subject } from '../legible.ts';
import { isRecord, problemOf } from '../read.ts';
import { apiVersion, type Resource } from '../resource.ts';

export const stagedKubernetesNetworkPolicy = defineKind({
  kind: 'StagedKubernetesNetworkPolicy',
  plural: 'stagedkubernetesnetworkpolicies',
  singular: 'stagedkubernetesnetworkpolicy',
  isNamespaced: true,
  aliases: [
    'stagedkubernetesnetworkpolicy',
    'stagedkubernetesnetworkpolicies',
    'stagedkubernetespolicy',
    'stagedkubernetespolicies',
    'sknp',
    'skpol',
    'skpols',
  ],
  shortNames: ['sknp'],
  description: 'A Kubernetes NetworkPolicy on trial, in tier `default`: calculated and counted, never enforced.',
  spec: object({
    stagedAction: stagedActionSchema,
    podSelector: described(
      'Endpoints the policy applies to; empty is all of the namespace.',
      always(labelSelectorSchema),
    ),
    ingress: described('Rules for packets to the selected endpoints.', kubernetesRulesSchema('from')),
    egress: described('Rules for packets from the selected endpoints.', kubernetesRulesSchema('to')),
    policyTypes: described(
      'Directions the policy governs.',
      list(oneOf(['Ingress', 'Egress']), { minItems: 1, maxItems: 2 }),
    ),
  }),
  applyDefaults: (resource) => {
    resource.spec = { stagedAction: 'Set', ...resource.spec };
  },
  check: ({ spec }) => [...checkDelete(spec), ...checkKubernetesRules(spec)],
  columns: {
    ps: [nameColumn],
    wide: [nameColumn, { heading: 'PODSELECTOR', cell: printPodSelector }],
  },
  tableColumns: [
    nameTableColumn,
    wideTableColumn('Types', 'Directions the policy decides on.', ({ spec }) => joined(spec.policyTypes)),
    ageTableColumn,
  ],
  example: {
    kind: 'StagedKubernetesNetworkPolicy',
    apiVersion,
    metadata: { name: 'try-3', namespace: 'prod' },
    spec: {
      podSelector: { matchLabels: { app: 'db' } },
      ingress: [{ ports: [{ protocol: 'TCP', port: 5432 }], from: [{ podSelector: { matchLabels: { app: 'web' } } }] }],
      policyTypes: ['Ingress'],
    },
  },
});

function checkDelete(spec: Subject['spec']): Problem[] {
  if (spec.stagedAction !== 'Delete') return [];
  return Object.keys(spec)
    .filter((field) => field !== 'stagedAction' && !isEmpty(spec[field]))
    .map((field) => problemOf(`spec.${field}`, 'must be absent when stagedAction is Delete'));
}

/** The pod selector is always there, empty or not. */
function isEmpty(value: unknown): boolean {
  return isRecord(value) && Object.keys(value).length === 0;
}

/** As Go prints the struct: `{map[app:db] []}`. */
function printPodSelector(resource: Resource): string {
  const selector = resource.spec.podSelector as {
    matchLabels?: Record<string, string>;
    matchExpressions?: unknown[];
  };
  const labels = selector.matchLabels ?? {};
  const pairs = Object.keys(labels)
    .sort()
    .map((key) => `${key}:${labels[key]}`);
  const expressions = (selector.matchExpressions ?? []).map(printExpression);
  return `{map[${pairs.join(' ')}] [${expressions.join(' ')}]}`;
}

function printExpression(expression: unknown): string {
  const { key, operator, values = [] } = expression as { key: string; operator: string; values?: string[] };
  return `{${key} ${operator} [${values.join(' ')}]}`;
}
