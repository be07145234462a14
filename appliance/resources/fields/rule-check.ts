/** What a schema cannot say about rules: fields that exclude, need or contradict each other. Pure. Source: Calico's v3 validator. */
import { isMasked, parsePrefix } from '../../lib/ip/address.ts';
import type { Problem } from '../../lib/problem.ts';
import { problemOf } from '../read.ts';
import { checkAnnotations } from './labels.ts';
import type { EntityRule, Rule } from './rule.ts';
import { hasPorts } from './scalars.ts';

/** Where a rule stands. */
export interface RulePlace {
  readonly direction: 'ingress' | 'egress';
  /** True in NetworkPolicy: a service's namespace may be left out there. */
  readonly isNamespaced: boolean;
}

/** Every problem of every rule of a list. */
export function checkRules(rules: readonly Rule[] | undefined, path: string, place: RulePlace): Problem[] {
  return (rules ?? []).flatMap((rule, i) => checkRule(rule, `${path}[${i}]`, place));
}

function checkRule(rule: Rule, path: string, place: RulePlace): Problem[] {
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

function checkIcmp(rule: Rule, path: string): Problem[] {
  const problems: Problem[] = [];
  if (rule.icmp !== undefined && !isIcmp(rule.protocol) && !isIcmpV6(rule.protocol)) {
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

function checkFamilyOfProtocol(rule: Rule, path: string): Problem[] {
  if (rule.ipVersion === undefined) return [];
  return (['protocol', 'notProtocol'] as const).flatMap((field) => {
    const wanted = isIcmp(rule[field]) ? 4 : isIcmpV6(rule[field]) ? 6 : rule.ipVersion;
    return wanted === rule.ipVersion ? [] : [problemOf(`${path}.${field}`, `needs ipVersion ${wanted}`, rule[field])];
  });
}

/** All prefixes of a rule must be of one family, that of `ipVersion` when it is set. */
function checkFamilies(rule: Rule, path: string): Problem[] {
  const problems: Problem[] = [];
  let family: number | undefined = rule.ipVersion;
  for (const side of ['source', 'destination'] as const) {
    for (const field of ['nets', 'notNets'] as const) {
      for (const [i, net] of (rule[side]?.[field] ?? []).entries()) {
        const at = `${path}.${side}.${field}[${i}]`;
        const prefix = parsePrefix(net)!;
        if (!isMasked(prefix)) problems.push(problemOf(at, 'must have no bits set after its prefix length', net));
        if (field === 'notNets' && prefix.length === 0) {
          problems.push(problemOf(at, 'excludes every address, so the rule would match nothing', net));
        }
        family ??= prefix.address.family;
        if (prefix.address.family !== family) {
          const why =
            rule.ipVersion === undefined
              ? 'mixes IPv4 and IPv6 in one rule'
              : `does not agree with ipVersion ${rule.ipVersion}`;
          problems.push(problemOf(at, why, net));
        }
      }
    }
  }
  return problems;
}

function checkHttp(rule: Rule, path: string, place: RulePlace): Problem[] {
  if (rule.http === undefined) return [];
  const at = `${path}.http`;
  const problems: Problem[] = [];
  if (place.direction === 'egress') problems.push(problemOf(at, 'is only allowed in ingress rules'));
  if (rule.action !== 'Allow') problems.push(problemOf(at, 'is only allowed in rules with action Allow'));
  if (rule.protocol !== undefined && rule.protocol !== 'TCP' && rule.protocol !== 6) {
    problems.push(problemOf(at, 'needs protocol TCP or none', rule.protocol));
  }
  const methods = rule.http.methods ?? [];
  methods.forEach((method, i) => {
    if (methods.indexOf(method) < i) problems.push(problemOf(`${at}.methods[${i}]`, 'is there twice', method));
  });
  (rule.http.paths ?? []).forEach((match, i) => {
    problems.push(...checkHttpPath(match, `${at}.paths[${i}]`));
  });
  return problems;
}

function checkHttpPath(match: { exact?: string; prefix?: string }, path: string): Problem[] {
  const given = match.exact ?? match.prefix;
  if (given === undefined || (match.exact !== undefined && match.prefix !== undefined)) {
    return [problemOf(path, 'must have exactly one of exact and prefix')];
  }
  const at = `${path}.${match.exact === undefined ? 'prefix' : 'exact'}`;
  return /^\/[^\s?#]*$/.test(given) ? [] : [problemOf(at, "must start with '/' and have no blank, '?' or '#'", given)];
}

function checkEntity(rule: Rule, side: 'source' | 'destination', path: string, place: RulePlace): Problem[] {
  const entity = rule[side];
  if (entity === undefined) return [];
  const at = `${path}.${side}`;
  return [
    ...checkPorts(rule.protocol, entity, at),
    ...checkNamespaceSelector(entity, at),
    ...checkServices(entity, side, at, place),
  ];
}

function checkPorts(protocol: Rule['protocol'], entity: EntityRule, path: string): Problem[] {
  if (hasPorts(protocol)) return [];
  return (['ports', 'notPorts'] as const).flatMap((field) =>
    (entity[field] ?? []).flatMap((port, i) => {
      const isNamed = typeof port === 'string' && !/^\d+:\d+$/.test(port);
      if (isNamed && protocol === undefined) return [];
      return [problemOf(`${path}.${field}[${i}]`, 'needs protocol TCP, UDP or SCTP', port)];
    }),
  );
}

function checkNamespaceSelector(entity: EntityRule, path: string): Problem[] {
  const selector = entity.namespaceSelector ?? '';
  return selector.includes('global(') && selector.replace(/[ \t]/g, '') !== 'global()'
    ? [problemOf(`${path}.namespaceSelector`, 'global() cannot be combined with anything else', selector)]
    : [];
}

const excludedByServices = [
  'selector',
  'notSelector',
  'namespaceSelector',
  'serviceAccounts',
  'nets',
  'notNets',
] as const;

function checkServices(entity: EntityRule, side: 'source' | 'destination', path: string, place: RulePlace): Problem[] {
  const services = entity.services;
  if (services === undefined) return [];
  const at = `${path}.services`;
  const problems: Problem[] = [];
  if (side !== (place.direction === 'ingress' ? 'source' : 'destination')) {
    problems.push(problemOf(at, 'is only allowed in the source of ingress rules and the destination of egress rules'));
  }
  if (services.name === undefined) problems.push(problemOf(`${at}.name`, 'is required'));
  if (services.namespace === undefined && !place.isNamespaced)
    problems.push(problemOf(`${at}.namespace`, 'is required'));
  const excluded =
    side === 'destination' ? ([...excludedByServices, 'ports', 'notPorts'] as const) : excludedByServices;
  for (const field of excluded) {
    if (entity[field] !== undefined) problems.push(problemOf(`${path}.${field}`, 'cannot be combined with services'));
  }
  return problems;
}
