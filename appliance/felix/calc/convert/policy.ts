/** Policies of the four Calico kinds as the graph uses them. Pure. */
import { all, type Selector } from '#appliance/selector/ast.ts';
import { policySelector } from '#appliance/selector/rewrite.ts';
import type { PolicyId } from '../../model/policy.ts';
import { type Conversion, convertResource, type Fields } from './fields.ts';
import { type RuleInput, readRules } from './rule.ts';
import { readSelector } from './selector.ts';

export interface PolicyInput {
  readonly tier: string;
  /** Infinity when it has none. */
  readonly order: number;
  /** What endpoints it applies to, with namespace and service accounts folded in. */
  readonly selector: Selector;
  readonly hasIngress: boolean;
  readonly hasEgress: boolean;
  readonly isStaged: boolean;
  readonly isUntracked: boolean;
  readonly isPreDnat: boolean;
  readonly isAppliedOnForward: boolean;
  /** Goes to every host, whether or not an endpoint matches. */
  readonly isNeededEverywhere: boolean;
  readonly inbound: readonly RuleInput[];
  readonly outbound: readonly RuleInput[];
}

/** Converts a stored policy; one staged for deletion counts as absent. The name is the key's, not the value's. */
export function convertPolicy(id: PolicyId, value: unknown): Conversion<PolicyInput> {
  return convertResource(value, ({ spec }) => {
    const isStaged = id.kind.startsWith('Staged');
    return isStaged && spec.text('stagedAction') === 'Delete' ? undefined : readPolicy(id, spec, isStaged);
  });
}

function readPolicy({ namespace }: PolicyId, spec: Fields, isStaged: boolean): PolicyInput {
  const isGlobal = namespace === '';
  return {
    tier: spec.text('tier') || 'default',
    order: spec.number('order') ?? Number.POSITIVE_INFINITY,
    selector: readScope(spec, namespace),
    ...readTypes(spec, 'types'),
    isStaged,
    isUntracked: isGlobal && spec.flag('doNotTrack'),
    isPreDnat: isGlobal && spec.flag('preDNAT'),
    isAppliedOnForward: isGlobal && spec.flag('applyOnForward'),
    isNeededEverywhere: spec.texts('performanceHints').includes('AssumeNeededOnEveryNode'),
    inbound: readRules(spec, 'ingress', namespace),
    outbound: readRules(spec, 'egress', namespace),
  };
}

function readScope(spec: Fields, namespace: string): Selector {
  const scope = {
    namespace,
    selector: readSelector(spec, 'selector'),
    namespaceSelector: namespace === '' ? readSelector(spec, 'namespaceSelector') : undefined,
    serviceAccountSelector: readSelector(spec, 'serviceAccountSelector'),
  };
  return policySelector(scope) ?? all;
}

/** The directions of a policy; at this level an empty list means both. */
export function readTypes(spec: Fields, name: string): { hasIngress: boolean; hasEgress: boolean } {
  const types = spec.texts(name);
  if (!types.every((type) => type === 'Ingress' || type === 'Egress')) {
    spec.refuse(name, 'not a list of Ingress and Egress');
  }
  const hasBoth = types.length === 0;
  return { hasIngress: hasBoth || types.includes('Ingress'), hasEgress: hasBoth || types.includes('Egress') };
}
