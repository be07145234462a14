/**
 * Rules of stored policies and profiles, with namespaces and service accounts folded into one selector a side. Pure.
 * What only names things for people (HTTP matches, annotations) is left out: this dataplane does not see them.
 */
import type { Selector } from '#appliance/selector/ast.ts';
import { peerSelector } from '#appliance/selector/rewrite.ts';
import type { IcmpMatch, Rule } from '../../model/policy.ts';
import type { Fields } from './fields.ts';
import { readNets } from './net.ts';
import { hasPorts, type PortMatch, protocols, readPorts, readProtocol } from './port.ts';
import { readSelector } from './selector.ts';

/** A rule before its selectors have become IP sets. */
export interface RuleInput {
  readonly action: Rule['action'];
  readonly ipVersion: 4 | 6 | undefined;
  readonly protocol: number | undefined;
  readonly notProtocol: number | undefined;
  readonly icmp: IcmpMatch | undefined;
  readonly notIcmp: IcmpMatch | undefined;
  readonly src: RuleSideInput;
  readonly dst: RuleSideInput;
}

export interface RuleSideInput {
  readonly nets: readonly string[];
  readonly notNets: readonly string[];
  readonly ports: PortMatch;
  readonly notPorts: PortMatch;
  readonly selector: Selector | undefined;
  readonly notSelector: Selector | undefined;
  readonly service: { readonly namespace: string; readonly name: string } | undefined;
}

const actions = { Allow: 'allow', Deny: 'deny', Pass: 'pass', Log: 'log' } as const;
const noPorts: PortMatch = { ranges: [], names: [] };
/** Matches whatever is on that side. */
export const anySide: RuleSideInput = {
  nets: [],
  notNets: [],
  ports: noPorts,
  notPorts: noPorts,
  selector: undefined,
  notSelector: undefined,
  service: undefined,
};

/** The rules of a list. `namespace` is the policy's, empty for global kinds and profiles. */
export function readRules(fields: Fields, name: string, namespace: string): readonly RuleInput[] {
  return fields.children(name).map((rule) => readRule(rule, namespace));
}

function readRule(rule: Fields, namespace: string): RuleInput {
  const action = rule.requiredChoice('action', ['Allow', 'Deny', 'Pass', 'Log']);
  const input: RuleInput = {
    action: actions[action ?? 'Deny'],
    ipVersion: readIpVersion(rule),
    protocol: readProtocol(rule, 'protocol'),
    notProtocol: readProtocol(rule, 'notProtocol'),
    icmp: readIcmp(rule, 'icmp'),
    notIcmp: readIcmp(rule, 'notICMP'),
    src: readSide(rule.child('source'), namespace),
    dst: readSide(rule.child('destination'), namespace),
  };
  checkProtocol(rule, input);
  return input;
}

function readIpVersion(rule: Fields): 4 | 6 | undefined {
  const version = rule.number('ipVersion');
  if (version === undefined || version === 4 || version === 6) return version;
  return rule.refuse('ipVersion', 'not 4 or 6', version);
}

function readIcmp(rule: Fields, name: string): IcmpMatch | undefined {
  const icmp = rule.child(name);
  const type = icmp && readByte(icmp, 'type');
  const code = icmp && readByte(icmp, 'code');
  if (icmp === undefined || type === undefined) {
    return code === undefined ? undefined : rule.refuse(name, 'a code needs a type');
  }
  return code === undefined ? { type } : { type, code };
}

function readByte(fields: Fields, name: string): number | undefined {
  const value = fields.number(name);
  if (value === undefined || (Number.isInteger(value) && value >= 0 && value <= 255)) return value;
  return fields.refuse(name, 'not a number from 0 to 255', value);
}

function readSide(side: Fields | undefined, namespace: string): RuleSideInput {
  if (side === undefined) return anySide;
  const notSelector = readSelector(side, 'notSelector');
  return {
    nets: readNets(side, 'nets', true),
    notNets: readNets(side, 'notNets', true),
    ports: readPorts(side, 'ports'),
    notPorts: readPorts(side, 'notPorts'),
    selector: peerSelector({
      namespace,
      selector: readSelector(side, 'selector'),
      notSelector,
      namespaceSelector: readSelector(side, 'namespaceSelector'),
      serviceAccounts: readServiceAccounts(side.child('serviceAccounts')),
    }),
    notSelector,
    service: readService(side.child('services')),
  };
}

function readServiceAccounts(accounts: Fields | undefined) {
  return accounts && { names: accounts.texts('names'), selector: readSelector(accounts, 'selector') };
}

function readService(service: Fields | undefined) {
  if (service === undefined) return undefined;
  const name = service.text('name');
  return name === '' ? service.refuse('name', 'missing') : { namespace: service.text('namespace'), name };
}

/** What the packet filter could not express or would read as something wider. */
function checkProtocol(rule: Fields, { protocol, icmp, src, dst }: RuleInput): void {
  const isIcmp = protocol === protocols.icmp || protocol === protocols.icmpv6;
  if (icmp !== undefined && !isIcmp) rule.refuse('icmp', 'needs protocol ICMP or ICMPv6');
  const lists = [src.ports, src.notPorts, dst.ports, dst.notPorts];
  const needsPorts = lists.some((list) => list.ranges.length > 0);
  const hasNames = lists.some((list) => list.names.length > 0);
  if (protocol === undefined ? needsPorts : (needsPorts || hasNames) && !hasPorts(protocol)) {
    rule.refuse('protocol', 'ports need protocol TCP, UDP or SCTP');
  }
}
