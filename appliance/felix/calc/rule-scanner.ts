/** Rules as the dataplane sees them, and the IP sets they need. Pure. Source: upstream's rule scanner. */
import { all, and, not, type Selector } from '#appliance/selector/ast.ts';
import { type NamedPortProtocol, namedPortSetId, selectorId, serviceSetId } from '#appliance/selector/id.ts';
import { printSelector } from '#appliance/selector/print.ts';
import type { Rule, RuleSide } from '../model/policy.ts';
import { protocols } from './convert/port.ts';
import type { RuleInput, RuleSideInput } from './convert/rule.ts';
import type { IpSetDefinition } from './ip-set.ts';

const namedPortProtocols: ReadonlyMap<number | undefined, NamedPortProtocol> = new Map([
  [protocols.tcp, 'tcp'],
  [protocols.udp, 'udp'],
  [protocols.sctp, 'sctp'],
]);

/** Scans `rules`; every set they refer to is told to `need`, some perhaps more than once. */
export function scanRules(rules: readonly RuleInput[], need: (set: IpSetDefinition) => void): readonly Rule[] {
  return rules.map((rule) => scanRule(rule, need));
}

function scanRule(rule: RuleInput, need: (set: IpSetDefinition) => void): Rule {
  const ipVersion = rule.ipVersion ?? icmpFamily(rule.protocol);
  return withoutUndefined<Rule>({
    action: rule.action,
    ipVersion,
    protocol: rule.protocol,
    notProtocol: rule.notProtocol,
    icmp: rule.icmp,
    notIcmp: rule.notIcmp,
    src: scanSide(rule.src, rule.protocol, false, need),
    dst: scanSide(rule.dst, rule.protocol, true, need),
  });
}

function icmpFamily(protocol: number | undefined): 4 | 6 | undefined {
  if (protocol === protocols.icmp) return 4;
  return protocol === protocols.icmpv6 ? 6 : undefined;
}

function scanSide(
  side: RuleSideInput,
  protocol: number | undefined,
  isDestination: boolean,
  need: (set: IpSetDefinition) => void,
): RuleSide {
  const { positive, negative } = foldSelectors(side);
  const named = (names: readonly string[]) => names.map((name) => addNamedPort(positive ?? all, protocol, name, need));
  const hasOnlyNamedPorts = side.ports.names.length > 0 && side.ports.ranges.length === 0;
  const sets = positive === undefined || hasOnlyNamedPorts ? [] : [addSelector(positive, need)];
  const services = side.service === undefined ? [] : [addService(side.service, isDestination, need)];
  return withoutUndefined<RuleSide>({
    nets: unlessEmpty(side.nets),
    notNets: unlessEmpty(side.notNets),
    ports: unlessEmpty(side.ports.ranges),
    notPorts: unlessEmpty(side.notPorts.ranges),
    namedPortSets: unlessEmpty(named(side.ports.names)),
    notNamedPortSets: unlessEmpty(named(side.notPorts.names)),
    sets: unlessEmpty(isDestination ? sets : [...sets, ...services]),
    notSets: negative && [addSelector(negative, need)],
    serviceSets: unlessEmpty(isDestination ? services : []),
  });
}

/** Both together are one set: what matches the one but not the other. */
function foldSelectors({ selector, notSelector }: RuleSideInput): { positive?: Selector; negative?: Selector } {
  if (selector !== undefined && notSelector !== undefined) return { positive: and(selector, not(notSelector)) };
  if (selector !== undefined) return { positive: selector };
  return notSelector === undefined ? {} : { negative: notSelector };
}

function addSelector(selector: Selector, need: (set: IpSetDefinition) => void): string {
  const id = selectorId(printSelector(selector));
  need({ id, setType: 'net', selector });
  return id;
}

function addNamedPort(
  selector: Selector,
  protocol: number | undefined,
  name: string,
  need: (set: IpSetDefinition) => void,
): string {
  const protocolName = namedPortProtocols.get(protocol);
  const id = namedPortSetId(printSelector(selector), protocolName ?? 'any', name);
  const port = protocol === undefined || protocolName === undefined ? { name } : { name, protocol };
  need({ id, setType: 'ip-port', selector, port });
  return id;
}

/** Where traffic goes to, a service is address and port; where it comes from, only its addresses. */
function addService(
  service: { readonly namespace: string; readonly name: string },
  isDestination: boolean,
  need: (set: IpSetDefinition) => void,
): string {
  const id = serviceSetId(service.namespace, service.name, isDestination);
  need({ id, setType: isDestination ? 'ip-port' : 'net' });
  return id;
}

function unlessEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  // A copy has no room for more.
  return list.length === 0 ? undefined : list.slice();
}

function withoutUndefined<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): T {
  const present: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) present[key] = value;
  return present as T;
}
