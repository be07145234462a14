/** What the four tiered policy kinds share: fields, defaults, checks and columns. Pure. */
import { compareText } from '../../lib/collections/compare-text.ts';
import type { Problem } from '../../lib/problem.ts';
import {
  boolean,
  described,
  number,
  type ObjectSchema,
  object,
  oneOf,
  present,
  type Schema,
  setOf,
} from '../../lib/schema.ts';
import { nameColumn, nameTableColumn, orderColumn, specColumn, specTableColumn } from '../columns.ts';
import type { KindDefinition } from '../define.ts';
import type { Legible, Subject } from '../legible.ts';
import { problemOf } from '../read.ts';
import type { Resource } from '../resource.ts';
import { checkGlobalNetworkPolicyName, checkNetworkPolicyName, nameSchema } from './name.ts';
import { warnOfPolicy } from './policy-warnings.ts';
import { repeats } from './repeats.ts';
import { type Rule, rulesSchema } from './rule.ts';
import { checkRules } from './rule-check.ts';
import { selectorWithoutGlobalSchema } from './selector.ts';

/** Label that names a policy's tier. */
export const tierLabel = 'projectcalico.org/tier';

/** Spec of a tiered policy after decoding; global and staged fields are absent where the kind has none. */
export interface PolicySpec {
  stagedAction?: 'Set' | 'Delete' | 'Learn' | 'Ignore';
  tier?: string;
  order?: number;
  ingress?: Rule[];
  egress?: Rule[];
  selector?: string;
  types?: ('Ingress' | 'Egress')[];
  doNotTrack?: boolean;
  preDNAT?: boolean;
  applyOnForward?: boolean;
  serviceAccountSelector?: string;
  namespaceSelector?: string;
  performanceHints?: string[];
}

/** Which of the four kinds. */
export interface PolicyFlavour {
  readonly isGlobal: boolean;
  readonly isStaged: boolean;
}

/** What a staged policy is about to do. */
export const stagedActionSchema = described(
  'What committing the staged policy would do: set or delete the enforced policy of its name.',
  oneOf(['Set', 'Delete', 'Learn', 'Ignore'], { default: 'Set' }),
);

/** What the four tiered kinds of policy have in common; a kind adds its words and its example. */
export function policyTraits(flavour: PolicyFlavour) {
  return {
    isNamespaced: !flavour.isGlobal,
    spec: policySchema(flavour),
    inferred: ['types'],
    applyDefaults: (resource: Resource) => applyPolicyDefaults(resource, flavour),
    applyReadDefaults: applyTierLabel,
    check: (subject: Subject) => checkPolicy(subject, flavour),
    warn: (resource: Resource) => warnOfPolicy(resource.spec, flavour),
    checkName: flavour.isGlobal ? checkGlobalNetworkPolicyName : checkNetworkPolicyName,
    columns: policyColumns,
    tableColumns: policyTableColumns,
  } as const satisfies Partial<KindDefinition>;
}

/** Schema of `spec` for one of the four kinds. */
function policySchema(flavour: PolicyFlavour): ObjectSchema {
  return object({
    ...(flavour.isStaged ? { stagedAction: stagedActionSchema } : {}),
    tier: described('Tier the policy belongs to.', { ...nameSchema, default: 'default' }),
    order: described('Place in the tier, lowest first; absent is last.', present(number())),
    ingress: described('Rules for packets to the selected endpoints, first match wins.', rulesSchema),
    egress: described('Rules for packets from the selected endpoints, first match wins.', rulesSchema),
    selector: described('Endpoints the policy applies to; empty is all of them.', selectorWithoutGlobalSchema),
    types: described(
      'Directions the policy governs; inferred from the rules when absent.',
      setOf(oneOf(['Ingress', 'Egress']), { minItems: 1, maxItems: 2 }),
    ),
    ...(flavour.isGlobal ? globalFields : {}),
    serviceAccountSelector: described('Service accounts whose endpoints are selected.', selectorWithoutGlobalSchema),
    ...(flavour.isGlobal
      ? { namespaceSelector: described('Namespaces whose endpoints are selected.', selectorWithoutGlobalSchema) }
      : {}),
    performanceHints: described('Hints for the host agent.', setOf(oneOf(['AssumeNeededOnEveryNode']))),
  });
}

const globalFields: Record<string, Schema> = {
  doNotTrack: described('Apply before connection tracking; replies need rules of their own.', boolean()),
  preDNAT: described('Apply before destination NAT; ingress only.', boolean()),
  applyOnForward: described('Apply to forwarded packets of host endpoints too.', boolean()),
};

/** Fills tier, tier label, staged action and `types` as Calico's client does before storing. */
function applyPolicyDefaults(resource: Resource, flavour: PolicyFlavour): void {
  const given: PolicySpec = resource.spec;
  const isDelete = given.stagedAction === 'Delete';
  const types = isDelete ? undefined : (given.types ?? inferTypes(given));
  const { types: _, ...rest } = given;
  resource.spec = {
    ...(flavour.isStaged ? { stagedAction: 'Set' } : {}),
    tier: 'default',
    ...rest,
    ...(types === undefined ? {} : { types }),
  };
  resource.metadata.labels = { ...resource.metadata.labels, [tierLabel]: resource.spec.tier as string };
}

/** A stored policy without the tier label is shown in tier `default`, whatever its spec says, as Calico's client does. */
function applyTierLabel(resource: Resource): void {
  const labels = resource.metadata.labels;
  if (labels?.[tierLabel] !== undefined) return;
  const completed = Object.entries({ ...labels, [tierLabel]: 'default' });
  resource.metadata.labels = Object.fromEntries(completed.sort(([a], [b]) => compareText(a, b)));
}

/** Directions a policy governs when it does not say: those it has rules for, else ingress. */
export function inferTypes(spec: Pick<PolicySpec, 'ingress' | 'egress'>): ('Ingress' | 'Egress')[] {
  if ((spec.egress ?? []).length === 0) return ['Ingress'];
  return (spec.ingress ?? []).length === 0 ? ['Egress'] : ['Ingress', 'Egress'];
}

/** Cross-field checks of one of the four kinds. */
function checkPolicy(subject: Subject, flavour: PolicyFlavour): Problem[] {
  const spec: Legible<PolicySpec> = subject.spec;
  return [
    ...repeats(spec.types, 'spec.types'),
    ...repeats(spec.performanceHints, 'spec.performanceHints'),
    ...checkStagedDelete(spec),
    ...checkUntracked(spec),
    ...checkRules(spec.ingress, 'spec.ingress', { direction: 'ingress', isNamespaced: !flavour.isGlobal }),
    ...checkRules(spec.egress, 'spec.egress', { direction: 'egress', isNamespaced: !flavour.isGlobal }),
  ];
}

/** `types` may stand there: the client clears them. */
function checkStagedDelete(spec: Legible<PolicySpec>): Problem[] {
  if (spec.stagedAction !== 'Delete') return [];
  return Object.keys(spec)
    .filter((field) => !['stagedAction', 'tier', 'types'].includes(field))
    .map((field) => problemOf(`spec.${field}`, 'must be absent when stagedAction is Delete'));
}

function checkUntracked(spec: Legible<PolicySpec>): Problem[] {
  const problems: Problem[] = [];
  if (spec.preDNAT === true) {
    if (spec.doNotTrack === true) problems.push(problemOf('spec.preDNAT', 'cannot be combined with doNotTrack'));
    if (spec.egress !== undefined) problems.push(problemOf('spec.egress', 'a preDNAT policy cannot have egress rules'));
    const at = spec.types?.indexOf('Egress') ?? -1;
    if (at >= 0) problems.push(problemOf(`spec.types[${at}]`, 'a preDNAT policy cannot have type Egress'));
  }
  if ((spec.preDNAT === true || spec.doNotTrack === true) && spec.applyOnForward === undefined) {
    problems.push(problemOf('spec.applyOnForward', 'must be true with preDNAT or doNotTrack'));
  }
  return problems;
}

const tierColumn = specColumn('TIER', 'tier');

/** calicoctl's columns of the four kinds. */
const policyColumns: KindDefinition['columns'] = {
  ps: [nameColumn, tierColumn],
  wide: [nameColumn, tierColumn, orderColumn, specColumn('SELECTOR', 'selector')],
  extra: [specColumn('TYPES', 'types')],
};

/** Kubernetes Table columns of the four kinds. */
const policyTableColumns: KindDefinition['tableColumns'] = [
  nameTableColumn,
  specTableColumn('Tier', 'tier', 'Tier the policy belongs to.'),
  specTableColumn('Order', 'order', 'Place in the tier.', 'number'),
];
