/**
 * What a schema cannot say about rules: fields that exclude, need or contradict each other. Pure.
 * Runs over what could be read of a rule (`legible.ts`): a misspelt protocol is not a missing one. Source: Calico's v3 validator.
 */
import { parsePrefix } from '../../lib/ip/address.ts';
import type { Problem } from '../../lib/problem.ts';
import type { Legible } from '../legible.ts';
import { problemOf } from '../read.ts';
import { checkAnnotations } from './labels.ts';
import { repeats } from './repeats.ts';
import type { EntityRule, Rule } from './rule.ts';
import { hasPorts } from './scalars.ts';

/** Where a rule stands. */
export interface RulePlace {
  readonly direction: 'ingress' | 'egress';
  /** True in NetworkPolicy: a service's namespace may be left out there. */
  readonly isNamespaced: boolean;
}

type LegibleRule = Legible<Rule>;
type LegibleEntity = Legible<EntityRule>;
type Side = 'source' | 'destination';

/** Every problem of every rule of a list. */
export function checkRules(
  rules: Legible<readonly Rule[]> | null | undefined,
  path: string,
  place: RulePlace,
): Problem[] {
  return (rules ?? []).flatMap((rule, i) => (rule === null ? [] : checkRule(rule, `${path}[${i}]`, place)));
}

function checkRule(rule: LegibleRule, path: string, place: RulePlace): Problem[] {
  return [
    ...checkIcmp(rule, path),
    ...checkFamilyOfProtocol(rule, path),
    ...checkFamilies(rule, path),
    ...checkHttp(rule, path, place),
    ...checkEntity(rule, 'source', path, place),
    ...checkEntity(rule, 'destination', path, place),
    ...checkAnnotations(rule.metadata?.annotations ?? {}, `${path}.metadata.annotations`),
  ];
}

function isIcmp(protocol: unknown): boolean {
  return protocol === 'ICMP' || protocol === 1;
}

function isIcmpV6(protocol: unknown): boolean {
  return protocol === 'ICMPv6' || protocol === 58;
}

function checkIcmp(rule: LegibleRule, path: string): Problem[] {
  const problems: Problem[] = [];
  const isOtherProtocol = rule.protocol !== null && !isIcmp(rule.protocol) && !isIcmpV6(rule.protocol);
  if (rule.icmp !== undefined && isOtherProtocol) {
    problems.push(problemOf(`${path}.icmp`, 'needs protocol ICMP or ICMPv6'));
  }
  for (const field of ['icmp', 'notICMP'] as const) {
    const match = rule[field];
    if (match?.code !== undefined && match.type === undefined) {
      problems.push(problemOf(`${path}.${field}.code`, 'needs an ICMP type', match.code));
    }
  }
  return problems;
}

function checkFamilyOfProtocol(rule: LegibleRule, path: string): Problem[] {
  const version = rule.ipVersion ?? null;
  if (version === null) return [];
  return (['protocol', 'notProtocol'] as const).flatMap((field) => {
    const wanted = isIcmp(rule[field]) ? 4 : isIcmpV6(rule[field]) ? 6 : version;
    return wanted === version ? [] : [problemOf(`${path}.${field}`, `needs ipVersion ${wanted}`, rule[field])];
  });
}

/** All prefixes of a rule must be of one family, that of `ipVersion` when it is set. */
function checkFamilies(rule: LegibleRule, path: string): Problem[] {
  const version = rule.ipVersion ?? undefined;
  const why = version === undefined ? 'mixes IPv4 and IPv6 in one rule' : `does not agree with ipVersion ${version}`;
  let wanted: number | undefined = version;
  return netsOf(rule, path).flatMap(({ at, net }) => {
    const family = parsePrefix(net)?.address.family;
    wanted ??= family;
    return family === wanted ? [] : [problemOf(at, why, net)];
  });
}

/** The legible prefixes of the four lists, each with its path. */
function netsOf(rule: LegibleRule, path: string): { readonly at: string; readonly net: string }[] {
  return (['source', 'destination'] as const).flatMap((side) =>
    (['nets', 'notNets'] as const).flatMap((field) =>
      (rule[side]?.[field] ?? []).flatMap((net, i) =>
        net === null ? [] : [{ at: `${path}.${side}.${field}[${i}]`, net }],
      ),
    ),
  );
}

function checkHttp(rule: LegibleRule, path: string, place: RulePlace): Problem[] {
  if (rule.http === undefined) return [];
  const at = `${path}.http`;
  const problems: Problem[] = [];
  if (place.direction === 'egress') problems.push(problemOf(at, 'is only allowed in ingress rules'));
  if (rule.action !== null && rule.action !== 'Allow') {
    problems.push(problemOf(at, 'is only allowed in rules with action Allow'));
  }
  if (![undefined, null, 'TCP', 6].includes(rule.protocol)) {
    problems.push(problemOf(at, 'needs protocol TCP or none', rule.protocol));
  }
  problems.push(...repeats(rule.http?.methods, `${at}.methods`));
  (rule.http?.paths ?? []).forEach((match, i) => {
    if (match !== null && (match.exact === undefined) === (match.prefix === undefined)) {
      problems.push(problemOf(`${at}.paths[${i}]`, 'must have exactly one of exact and prefix'));
    }
  });
  return problems;
}

function checkEntity(rule: LegibleRule, side: Side, path: string, place: RulePlace): Problem[] {
  const entity = rule[side] ?? null;
  if (entity === null) return [];
  const at = `${path}.${side}`;
  return [...checkPorts(rule.protocol, entity, at), ...checkServices(entity, side, at, place)];
}

function checkPorts(protocol: LegibleRule['protocol'], entity: LegibleEntity, path: string): Problem[] {
  if (protocol === null || hasPorts(protocol)) return [];
  return (['ports', 'notPorts'] as const).flatMap((field) =>
    (entity[field] ?? []).flatMap((port, i) => {
      const isNamed = typeof port === 'string' && !/^\d+:\d+$/.test(port);
      if (port === null || (isNamed && protocol === undefined)) return [];
      return [problemOf(`${path}.${field}[${i}]`, 'needs protocol TCP, UDP or SCTP', port)];
    }),
  );
}

const excludedByServices = [
  'selector',
  'notSelector',
  'namespaceSelector',
  'serviceAccounts',
  'nets',
  'notNets',
] as const;

function checkServices(entity: LegibleEntity, side: Side, path: string, place: RulePlace): Problem[] {
  const services = entity.services;
  if (services === undefined) return [];
  const at = `${path}.services`;
  const problems: Problem[] = [];
  if (side !== (place.direction === 'ingress' ? 'source' : 'destination')) {
    problems.push(problemOf(at, 'is only allowed in the source of ingress rules and the destination of egress rules'));
  }
  for (const field of place.isNamespaced ? (['name'] as const) : (['name', 'namespace'] as const)) {
    if (services !== null && services[field] === undefined) problems.push(problemOf(`${at}.${field}`, 'is required'));
  }
  const excluded =
    side === 'destination' ? ([...excludedByServices, 'ports', 'notPorts'] as const) : excludedByServices;
  for (const field of excluded) {
    if (entity[field] !== undefined) problems.push(problemOf(`${path}.${field}`, 'cannot be combined with services'));
  }
  return problems;
}
