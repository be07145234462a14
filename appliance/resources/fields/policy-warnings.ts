/**
 * What is allowed in a policy and is hardly ever meant: told to whoever writes it, beside the answer. Decided from the policy alone, and only
 * what is certain: a warning that is wrong teaches people to read none. Pure.
 */
import type { Problem } from '../../lib/problem.ts';
import { problemOf } from '../read.ts';
import type { PolicyFlavour, PolicySpec } from './policy.ts';
import type { Rule } from './rule.ts';

type Direction = 'Ingress' | 'Egress';

const directions = [
  ['ingress', 'Ingress'],
  ['egress', 'Egress'],
] as const;

/** Warnings about a policy with its defaults. */
export function warnOfPolicy(spec: PolicySpec, flavour: PolicyFlavour): Problem[] {
  if (spec.stagedAction === 'Delete') return [];
  return [
    ...directions.flatMap(([field, type]) => [...warnOfType(spec, field, type), ...warnOfShadow(spec[field], field)]),
    ...warnOfOneWay(spec),
    ...(flavour.isGlobal && !flavour.isStaged ? warnOfDenial(spec) : []),
  ];
}

/** Rules of a direction the policy does not govern. */
function warnOfType(spec: PolicySpec, field: 'ingress' | 'egress', type: Direction): Problem[] {
  if ((spec[field] ?? []).length === 0 || spec.types?.includes(type) !== false) return [];
  return [problemOf(`spec.${field}`, `has no effect: spec.types does not have ${type}`)];
}

/** Rules behind one that decides about every packet. */
function warnOfShadow(rules: readonly Rule[] | undefined, field: string): Problem[] {
  const at = (rules ?? []).findIndex(decidesAll);
  if (at === -1 || at === rules!.length - 1) return [];
  return [problemOf(`spec.${field}[${at + 1}]`, `is never reached: spec.${field}[${at}] matches every packet`)];
}

function decidesAll(rule: Rule): boolean {
  return rule.action !== 'Log' && Object.keys(rule).every((key) => key === 'action' || key === 'metadata');
}

/** Untracked packets have no connection: what answers them needs a rule, too. */
function warnOfOneWay(spec: PolicySpec): Problem[] {
  if (spec.doNotTrack !== true) return [];
  const allowing = directions.filter(([field]) => spec[field]?.some(({ action }) => action === 'Allow'));
  if (allowing.length !== 1) return [];
  const other = allowing[0]![0] === 'ingress' ? 'egress' : 'ingress';
  return [problemOf('spec.doNotTrack', `replies need rules of their own, and spec.${other} allows nothing`)];
}

/** A direction of every endpoint without a single rule. Of packets no untracked or pre-DNAT policy wants, later policies decide. */
function warnOfDenial(spec: PolicySpec): Problem[] {
  const isForAll = ['', 'all()'].includes((spec.selector ?? '').trim());
  const isNarrowed = spec.namespaceSelector !== undefined || spec.serviceAccountSelector !== undefined;
  if (!isForAll || isNarrowed || spec.doNotTrack === true || spec.preDNAT === true) return [];
  const empty = directions.filter(([field, type]) => spec.types?.includes(type) && (spec[field] ?? []).length === 0);
  return empty.map(([field, type]) =>
    problemOf(
      `spec.${field}`,
      `has no rules, and the policy selects every endpoint: hosts, too, lose all ${type.toLowerCase()} but failsafe ports, ` +
        'unless another policy of the tier allows it or the tier passes it on',
    ),
  );
}
