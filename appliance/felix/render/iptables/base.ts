/**
 * The chains that always exist, one set for each table, and the rules in the kernel's own chains that lead to them. Pure.
 * The accept mark says that policy before conntrack or DNAT accepted the packet, or, at the end of a chain, that policy accepted it at all.
 * Source: felix's static chains. What DNATed packets of this host may do is marked in OUTPUT and asked in POSTROUTING.
 */
import { parseAddress, parsePrefixOrAddress, printPrefix } from '../../../lib/ip/address.ts';
import type { FelixConfig } from '../../model/config.ts';
import type { AddressNat } from '../../model/endpoint.ts';
import type { SpoofAllowance } from '../base-chains.ts';
import { wellKnown } from '../metadata.ts';
import type { TunnelInputs } from '../tunnel-rules.ts';
import type { IptablesContext } from './context.ts';
import { allowTarget } from './context.ts';
import { knownFlow, renderSuspectAnswers, renderSuspectCleared } from './known-flow.ts';
import type { LimitRules } from './limits.ts';
import { isNameableInterface } from './names.ts';
import { clearResults } from './policy.ts';
import type { IptablesChain, IptablesRule, TableName } from './rule.ts';
import {
  accept,
  clearMark,
  drop,
  flowState,
  goTo,
  hasMark,
  jump,
  lacksMark,
  leave,
  plainChain,
  reject,
  rule,
  setMark,
} from './rule.ts';
import type { TunnelRules } from './tunnel-rules.ts';
import { isRerouted, renderTunnelRules, unencryptedChain } from './tunnel-rules.ts';

export type BuiltinChain = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';

/** A rule of ours in a chain that is not. `top`: above everybody else's, unless the owner of the host wants ours below. */
export interface Hook {
  readonly chain: BuiltinChain;
  readonly place: 'top' | 'end';
  readonly rule: IptablesRule;
}

/** Dispatch chains that lead somewhere; the others are not asked. */
export type HostDispatch =
  | 'cali-from-host-endpoint'
  | 'cali-to-host-endpoint'
  | 'cali-from-hep-forward'
  | 'cali-to-hep-forward';

export interface BaseInputs {
  readonly filled: Readonly<Record<TableName, ReadonlySet<HostDispatch>>>;
  readonly spoofAllowances: readonly SpoofAllowance[];
  readonly natOutgoing: IptablesChain;
  readonly floatingIps: readonly AddressNat[];
  readonly tunnels: TunnelInputs;
  readonly dscp: readonly IptablesRule[];
  readonly limits: LimitRules;
  readonly serviceCidrs: readonly string[];
}

const hookChains: Readonly<Record<TableName, readonly BuiltinChain[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'POSTROUTING'],
  nat: ['PREROUTING', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
};

/** NAT of ours comes after everybody else's; FORWARD ends with an accept for what policy accepted. */
export function renderHooks(table: TableName, tunnels: TunnelInputs, context: IptablesContext): readonly Hook[] {
  const { config, marks } = context;
  const isAlsoOut = table === 'mangle' && isRerouted(tunnels, context);
  const hooked: readonly BuiltinChain[] = isAlsoOut ? [...hookChains.mangle, 'OUTPUT'] : hookChains[table];
  const placeOf = (chain: BuiltinChain) =>
    (table === 'nat' && chain === 'POSTROUTING') || config.chainInsertMode === 'Append' ? 'end' : 'top';
  const jumps = hooked.map((chain): Hook => ({ chain, place: placeOf(chain), rule: jump(`cali-${chain}`) }));
  if (table !== 'filter' || config.iptablesFilterAllowAction === 'Return') return jumps;
  const accepted = rule(hasMark(marks.accept), accept, 'policy accepted the packet');
  return [...jumps, { chain: 'FORWARD', place: 'end', rule: accepted }];
}

export function renderBase(
  table: TableName,
  inputs: BaseInputs,
  context: IptablesContext,
): ReadonlyMap<string, IptablesChain> {
  const filled = inputs.filled[table];
  const tunnels = renderTunnelRules(inputs.tunnels, context);
  if (table === 'raw') return renderRaw(inputs, filled, tunnels, context);
  if (table === 'mangle') return renderMangle(inputs, filled, tunnels, context);
  if (table === 'filter') return renderFilter(inputs, filled, tunnels, context);
  return renderNat(inputs, tunnels, context);
}

/** Source: felix, cali-fip-dnat and cali-fip-snat. */
function renderNat(
  { natOutgoing, floatingIps }: BaseInputs,
  tunnels: TunnelRules,
  { family, config }: IptablesContext,
) {
  const mine = floatingIps.filter(({ externalIp, internalIp }) =>
    [externalIp, internalIp].every((text) => parseAddress(text)?.family === family),
  );
  return chains({
    'cali-PREROUTING': [...(family === 4 ? renderMetadataDnat(config) : []), jump('cali-fip-dnat')],
    'cali-OUTPUT': [jump('cali-fip-dnat')],
    'cali-POSTROUTING': [jump('cali-fip-snat'), jump('cali-nat-outgoing'), ...tunnels.nat],
    'cali-fip-dnat': mine.map(({ externalIp, internalIp }) =>
      rule(['-d', externalIp], ['-j', 'DNAT', '--to-destination', internalIp]),
    ),
    'cali-fip-snat': mine.map(({ externalIp, internalIp }) =>
      rule(['-s', internalIp, '-d', internalIp], ['-j', 'SNAT', '--to-source', externalIp]),
    ),
  }).set('cali-nat-outgoing', natOutgoing);
}

function chains(rules: Readonly<Record<string, readonly IptablesRule[]>>): Map<string, IptablesChain> {
  return new Map(Object.entries(rules).map(([name, each]) => [name, plainChain(each)]));
}

type Filled = ReadonlySet<HostDispatch>;

function ask(filled: Filled, chain: HostDispatch, match: readonly string[] = []): IptablesRule[] {
  return filled.has(chain) ? [jump(chain, match)] : [];
}

function fromWorkload({ config }: IptablesContext): string[][] {
  return config.interfacePrefixes.filter(isNameableInterface).map((prefix) => ['-i', `${prefix}+`]);
}

function toWorkload({ config }: IptablesContext): string[][] {
  return config.interfacePrefixes.filter(isNameableInterface).map((prefix) => ['-o', `${prefix}+`]);
}

function renderRaw({ spoofAllowances }: BaseInputs, filled: Filled, tunnels: TunnelRules, context: IptablesContext) {
  const { marks } = context;
  const clear = rule([], clearMark(marks.all));
  const allowed = rule(hasMark(marks.accept), accept, 'untracked policy accepted');
  const skips = spoofAllowances.flatMap((allowance) => renderSpoofAllowance(allowance, context));
  const reversePath = fromWorkload(context).flatMap((match) => [
    ...(skips.length === 0 ? [] : [jump('cali-rpf-skip', match)]),
    rule([...match, '-m', 'rpfilter', '--validmark', '--invert'], drop, 'reverse path'),
    rule(match, leave, 'from a workload'),
  ]);
  const incoming = ask(filled, 'cali-from-host-endpoint');
  const outgoing = ask(filled, 'cali-to-host-endpoint');
  return chains({
    'cali-PREROUTING': [
      clear,
      ...reversePath,
      ...tunnels.untracked,
      ...(tunnels.plainMarked.length === 0 ? [] : [jump(unencryptedChain)]),
      ...incoming,
      ...(incoming.length === 0 ? [] : [allowed]),
    ],
    'cali-OUTPUT': [
      clear,
      ...tunnels.output,
      ...(tunnels.output.length === 0 ? [] : [rule(hasMark(marks.accept), accept, 'of a tunnel')]),
      ...outgoing,
      ...(outgoing.length === 0 ? [] : [allowed]),
    ],
    'cali-rpf-skip': skips,
    [unencryptedChain]: tunnels.plainMarked,
  });
}

function renderSpoofAllowance(
  { interfaceName, prefixes }: SpoofAllowance,
  { family }: IptablesContext,
): readonly IptablesRule[] {
  if (!isNameableInterface(interfaceName)) return [];
  return prefixes.flatMap((text) => {
    const prefix = parsePrefixOrAddress(text);
    if (prefix === undefined || prefix.address.family !== family) return [];
    return [rule(['-i', interfaceName, '-s', printPrefix(prefix)], accept)];
  });
}

function renderMangle({ dscp }: BaseInputs, filled: Filled, tunnels: TunnelRules, context: IptablesContext) {
  const { marks } = context;
  const allow = allowTarget('mangle', context);
  const incoming = ask(filled, 'cali-from-host-endpoint');
  const accepted = rule(hasMark(marks.accept), allow, 'accepted before');
  const preDnat = [rule(knownFlow(context), allow, 'known flow'), accepted, ...incoming, accepted];
  const isDeferred = filled.has('cali-to-host-endpoint');
  return chains({
    'cali-OUTPUT': tunnels.reroute,
    'cali-PREROUTING': [
      ...tunnels.plainNoted,
      ...renderSuspectAnswers(context),
      ...(incoming.length === 0 ? [] : preDnat),
    ],
    'cali-POSTROUTING': [
      ...(isDeferred ? [jump('cali-deferred', hasMark(marks.defer))] : []),
      ...(dscp.length === 0 ? [] : [jump('cali-egress-dscp')]),
      ...renderSuspectCleared(context),
    ],
    'cali-egress-dscp': dscp,
    'cali-deferred': [
      rule([], clearMark(marks.all)),
      ...toWorkload(context).map((match) => rule(match, leave, 'to a workload')),
      jump('cali-to-host-endpoint'),
    ],
  });
}

function renderFilter(
  { serviceCidrs, limits }: BaseInputs,
  filled: Filled,
  tunnels: TunnelRules,
  context: IptablesContext,
) {
  const { marks } = context;
  const allow = allowTarget('filter', context);
  const accepted = rule(hasMark(marks.accept), allow, 'accepted before');
  const asHost = (dispatch: readonly IptablesRule[]) =>
    dispatch.length === 0
      ? []
      : [clearResults(context), ...dispatch, ...renderSuspectCleared(context, hasMark(marks.accept)), accepted];
  const defer = [
    rule(flowState('DNAT'), setMark(marks.defer), 'DNATed: decide in postrouting'),
    rule(hasMark(marks.defer), leave),
  ];
  const outgoing = ask(filled, 'cali-to-host-endpoint');
  const limitsFrom =
    limits.from.length === 0 ? [] : fromWorkload(context).map((match) => jump('cali-limits-from', match));
  return chains({
    'cali-INPUT': [
      ...tunnels.input,
      ...fromWorkload(context).map((match) => goTo('cali-wl-to-host', match)),
      ...tunnels.inputFromHosts,
      ...renderSuspectCleared(context, hasMark(marks.accept)),
      accepted,
      ...asHost(ask(filled, 'cali-from-host-endpoint')),
      ...renderSuspectCleared(context),
    ],
    'cali-wl-to-host': renderWorkloadToHost(limitsFrom, context),
    'cali-limits-from': limits.from,
    'cali-limits-to': limits.to,
    'cali-FORWARD': [
      ...limitsFrom,
      ...(limits.to.length === 0 ? [] : toWorkload(context).map((match) => jump('cali-limits-to', match))),
      rule([], clearMark((marks.pass | marks.defer) >>> 0)),
      ...renderServiceLoop(serviceCidrs, context),
      ...ask(filled, 'cali-from-hep-forward', lacksMark(marks.accept)),
      ...fromWorkload(context).map((match) => jump('cali-from-wl-dispatch', match)),
      ...toWorkload(context).map((match) => jump('cali-to-wl-dispatch', match)),
      ...ask(filled, 'cali-to-hep-forward'),
    ],
    'cali-OUTPUT': [
      ...renderSuspectAnswers(context),
      accepted,
      ...toWorkload(context).map((match) => rule(match, leave, 'to a workload')),
      ...(outgoing.length === 0 ? [] : defer),
      ...asHost(outgoing),
    ],
  });
}

/** Service addresses that nobody answers for; see `render/service-loop.ts`. */
function renderServiceLoop(cidrs: readonly string[], { config, family }: IptablesContext): IptablesRule[] {
  if (config.serviceLoopPrevention === 'Disabled') return [];
  const target = config.serviceLoopPrevention === 'Reject' ? reject(family) : drop;
  const own = cidrs.filter((cidr) => cidr.includes(':') === (family === 6) && !cidr.endsWith('/0'));
  return own.map((cidr) => rule(['-d', cidr], target, 'service address of nobody'));
}

/** As `render/metadata.ts` has it. */
function renderMetadataDnat({ metadata }: FelixConfig): IptablesRule[] {
  if (metadata === undefined) return [];
  const to = `${metadata.address}:${metadata.port}`;
  return [rule(serviceWords(wellKnown), ['-j', 'DNAT', '--to-destination', to], 'metadata')];
}

function renderMetadataAccepted(context: IptablesContext): IptablesRule[] {
  const { metadata } = context.config;
  return metadata === undefined ? [] : [rule(serviceWords(metadata), allowTarget('filter', context), 'metadata')];
}

function serviceWords({ address, port }: NonNullable<FelixConfig['metadata']>): string[] {
  return ['-p', '6', '-d', address, '-m', 'tcp', '--dport', String(port)];
}

/** Multicast listener and neighbour discovery a workload needs of its host. */
const discoveryTypes = ['130', '131', '132', '133', '135', '136'];

/** What policy lets out to the host is answered as the configuration says; answers to the host's own flows always come in. */
function renderWorkloadToHost(limits: readonly IptablesRule[], context: IptablesContext): IptablesRule[] {
  const { config, family } = context;
  const discovery = family === 4 ? [] : discoveryTypes;
  const end = {
    Drop: [rule([], drop, 'workload to host')],
    Accept: [rule([], accept, 'workload to host')],
    Return: [],
  };
  return [
    ...discovery.map((type) => rule(['-p', '58', '-m', 'icmp6', '--icmpv6-type', type], accept)),
    ...(family === 4 ? renderMetadataAccepted(context) : []),
    ...limits,
    jump('cali-from-wl-dispatch'),
    rule(knownFlow(context), allowTarget('filter', context), 'known flow'),
    ...(config.defaultEndpointToHostAction === 'Drop' ? [] : renderSuspectCleared(context)),
    ...end[config.defaultEndpointToHostAction],
  ];
}
