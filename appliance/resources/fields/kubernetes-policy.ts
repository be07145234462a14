/** Rules and label selectors of Kubernetes' own NetworkPolicy. Pure. Source: Kubernetes API `networking.k8s.io/v1`. */
import { contains, parsePrefix } from '../../lib/ip/address.ts';
import type { Problem } from '../../lib/problem.ts';
import {
  always,
  integer,
  type ListSchema,
  list,
  map,
  object,
  oneOf,
  present,
  type ScalarSchema,
  text,
} from '../../lib/schema.ts';
import type { Legible, Subject } from '../legible.ts';
import { problemOf } from '../read.ts';
import { cidrSchema } from './address.ts';
import { checkLabelValue, checkQualifiedName } from './labels.ts';

/** Label selector of Kubernetes: all labels and all expressions must match. */
export const labelSelectorSchema = object({
  matchLabels: map(text({ check: checkLabelValue, format: 'label-value' })),
  matchExpressions: list(
    object(
      {
        key: always(text({ check: checkQualifiedName, format: 'label-key' })),
        operator: always(oneOf(['In', 'NotIn', 'Exists', 'DoesNotExist'])),
        values: list(text()),
      },
      { required: ['key', 'operator'] },
    ),
  ),
});

const portSchema: ScalarSchema = {
  type: 'scalar',
  name: 'port',
  json: {
    'x-kubernetes-int-or-string': true,
    anyOf: [
      { type: 'integer', minimum: 1, maximum: 65535 },
      { type: 'string', pattern: '^(?=.{1,15}$)[a-z0-9](?:-?[a-z0-9])*$' },
    ],
  },
  read: (value) => {
    const isNumber = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65535;
    const isName = typeof value === 'string' && /^[a-z0-9](?:-?[a-z0-9])*$/.test(value) && value.length <= 15;
    return isNumber || isName ? { value } : { message: 'must be a port from 1 to 65535 or the name of a port' };
  },
};

const port = object({
  protocol: present(oneOf(['TCP', 'UDP', 'SCTP'])),
  port: present(portSchema),
  endPort: present(integer(1, 65535)),
});

const peer = object({
  podSelector: present(labelSelectorSchema),
  namespaceSelector: present(labelSelectorSchema),
  ipBlock: present(object({ cidr: always(cidrSchema()), except: list(cidrSchema()) }, { required: ['cidr'] })),
});

/** Rules of one direction; the peers stand under `from` or `to`. */
export function kubernetesRulesSchema(peers: 'from' | 'to'): ListSchema {
  return list(object({ ports: list(port), [peers]: list(peer) }));
}

/** A rule after decoding, as far as the checks look at it. */
export interface KubernetesRule {
  readonly ports?: readonly { readonly port?: number | string; readonly endPort?: number }[];
  readonly from?: readonly KubernetesPeer[];
  readonly to?: readonly KubernetesPeer[];
}

interface KubernetesPeer {
  readonly podSelector?: object;
  readonly namespaceSelector?: object;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

/** Every problem of the rules of a spec. */
export function checkKubernetesRules(spec: Subject['spec']): Problem[] {
  return (['ingress', 'egress'] as const).flatMap((direction) => {
    const rules = (spec[direction] ?? []) as Legible<readonly KubernetesRule[]>;
    const peers = direction === 'ingress' ? 'from' : 'to';
    return rules.flatMap((rule, i) => [
      ...checkPorts(rule, `spec.${direction}[${i}].ports`),
      ...(rule?.[peers] ?? []).flatMap((one, j) =>
        one === null ? [] : checkPeer(one, `spec.${direction}[${i}].${peers}[${j}]`),
      ),
    ]);
  });
}

function checkPorts(rule: Legible<KubernetesRule> | null, path: string): Problem[] {
  return (rule?.ports ?? []).flatMap((entry, i) => {
    const { port: first, endPort = null } = entry ?? {};
    if (endPort === null || first === null || (typeof first === 'number' && first <= endPort)) return [];
    return [problemOf(`${path}[${i}].endPort`, 'needs a numeric port that is not greater', endPort)];
  });
}

function checkPeer(one: Legible<KubernetesPeer>, path: string): Problem[] {
  const block = one.ipBlock;
  if (block === undefined) {
    return Object.keys(one).length > 0
      ? []
      : [problemOf(path, 'must have a podSelector, a namespaceSelector or an ipBlock')];
  }
  if (one.podSelector !== undefined || one.namespaceSelector !== undefined) {
    return [problemOf(`${path}.ipBlock`, 'cannot be combined with selectors')];
  }
  const outer = parsePrefix(block?.cidr ?? '');
  return (block?.except ?? []).flatMap((text, i) => {
    const inner = parsePrefix(text ?? '');
    if (outer === undefined || inner === undefined) return [];
    const isInside = inner.length > outer.length && contains(outer, inner.address);
    return isInside ? [] : [problemOf(`${path}.ipBlock.except[${i}]`, 'must lie inside cidr', text)];
  });
}
