/**
 * The chains that always exist: one base chain for each stage, and the few they go to. Pure.
 * Stages on one hook are base chains of ascending priority: `accept` ends a stage, the next one still runs, `drop` is final.
 * Source: felix's static chains; docs/design/dataplane.md has the picture.
 */
import type { NftHook } from '../../kernel/kernel.ts';
import type { Expression } from '../../kernel/netlink/expression.ts';
import { parsePrefixOrAddress } from '../../lib/ip/address.ts';
import type { AddressNat } from '../model/endpoint.ts';
import type { InterfaceMap } from './dispatch.ts';
import { plain } from './endpoint-chain.ts';
import { renderFloatingDnat, renderFloatingHairpins } from './floating-ips.ts';
import { matchKnownFlow, renderSuspectAnswers, renderSuspectCleared, suspectCounter } from './known-flow.ts';
import { renderLimitDispatch, renderLimitJump } from './limits.ts';
import {
  branch,
  clearMark,
  count,
  hostWord,
  interfaceKey,
  matchDnated,
  matchFamily,
  matchInterfacePrefix,
  matchMark,
  matchPrefix,
  matchProtocol,
  setMark,
  verdict,
} from './match.ts';
import { renderMetadataAccepted, renderMetadataDnat } from './metadata.ts';
import type { RenderContext } from './policy.ts';
import type { RenderedChain, RenderedRule } from './rendered.ts';
import { renderServiceLoop } from './service-loop.ts';
import { renderTunnelRules, type TunnelInputs, type TunnelRules } from './tunnel-rules.ts';

export interface BaseChain {
  readonly kind: 'filter' | 'nat' | 'route';
  readonly hook: NftHook;
  readonly priority: number;
}

export const baseChains = {
  'raw-prerouting': { kind: 'filter', hook: 'prerouting', priority: -300 },
  'raw-output': { kind: 'filter', hook: 'output', priority: -300 },
  'reroute-output': { kind: 'route', hook: 'output', priority: -150 },
  'pre-dnat': { kind: 'filter', hook: 'prerouting', priority: -150 },
  'input-workload': { kind: 'filter', hook: 'input', priority: -3 },
  'input-to-host': { kind: 'filter', hook: 'input', priority: -2 },
  'input-host': { kind: 'filter', hook: 'input', priority: -1 },
  'forward-from-host': { kind: 'filter', hook: 'forward', priority: -4 },
  'forward-from-workload': { kind: 'filter', hook: 'forward', priority: -3 },
  'forward-to-workload': { kind: 'filter', hook: 'forward', priority: -2 },
  'forward-to-host': { kind: 'filter', hook: 'forward', priority: -1 },
  'output-host': { kind: 'filter', hook: 'output', priority: 0 },
  'postrouting-host': { kind: 'filter', hook: 'postrouting', priority: -150 },
  'input-judged': { kind: 'filter', hook: 'input', priority: 0 },
  'postrouting-judged': { kind: 'filter', hook: 'postrouting', priority: -140 },
  'nat-prerouting': { kind: 'nat', hook: 'prerouting', priority: -100 },
  'nat-output': { kind: 'nat', hook: 'output', priority: -100 },
  'nat-postrouting': { kind: 'nat', hook: 'postrouting', priority: 110 },
} as const satisfies Record<string, BaseChain>;

/** Chains behind the base chains, in an order in which each is made before what goes to it. */
export const plainChains = [
  'raw-from-workload',
  'limits-from',
  'limits-to',
  'dscps-from',
  'workload-input',
  'workload-to-host',
  'workload-from',
  'workload-to',
  'deferred',
];

export const baseCounters = {
  reversePath: 'drop/reverse-path',
  unknown: 'drop/unknown-interface',
  toHost: 'drop/endpoint-to-host',
  suspect: suspectCounter,
} as const;

export interface SpoofAllowance {
  readonly interfaceName: string;
  readonly prefixes: readonly string[];
}

/** What the always-existing chains depend on besides the configuration. */
export interface BaseInputs {
  /** Maps that have at least one entry; the others are not asked. */
  readonly filledMaps: ReadonlySet<InterfaceMap>;
  /** List chains of the `*` host endpoint. */
  readonly anyHost: ReadonlyMap<InterfaceMap, string>;
  readonly spoofAllowances: readonly SpoofAllowance[];
  readonly natRules: RenderedChain;
  readonly floatingIps: readonly AddressNat[];
  /** Canonical, in order. */
  readonly serviceCidrs: readonly string[];
  readonly tunnels: TunnelInputs;
  readonly hostDscps: RenderedChain;
  /** No workload link is down or nobody's: known flows need not be asked for theirs. */
  readonly areLinksOpen: boolean;
  /** There are connections with the suspect bit: only then do packets pay for being asked. */
  readonly hasSuspects: boolean;
}

/** All of them by name. */
export function renderBaseChains(inputs: BaseInputs, context: RenderContext): ReadonlyMap<string, RenderedChain> {
  const tunnels = renderTunnelRules(inputs.tunnels, context);
  const isMarked = inputs.filledMaps.has('dscp-from');
  const cleared = inputs.hasSuspects ? renderSuspectCleared(context) : [];
  const chains: Record<string, readonly RenderedRule[]> = {
    ...renderRaw(inputs, context, tunnels),
    ...renderWorkloadStages(inputs, context, tunnels),
    ...renderHostStages(inputs, context),
    'reroute-output': tunnels.reroute,
    'nat-prerouting': [...renderMetadataDnat(context.config), ...renderFloatingDnat(inputs.floatingIps)],
    'nat-output': renderFloatingDnat(inputs.floatingIps),
    'input-judged': cleared,
    'postrouting-judged': [...renderLimitJump('dscp-from', isMarked), ...inputs.hostDscps.rules, ...cleared],
    'dscps-from': renderLimitDispatch('dscp-from', isMarked),
  };
  const rendered = new Map(Object.entries(chains).map(([name, rules]) => [name, plain(rules)]));
  for (const [name, { setIds, netSets }] of [
    ['raw-output', tunnels.output],
    ['input-workload', tunnels.input],
    ['postrouting-judged', inputs.hostDscps],
  ] as const) {
    rendered.set(name, { ...rendered.get(name)!, setIds, netSets });
  }
  const preDnat = rendered.get('pre-dnat')!;
  rendered.set('pre-dnat', { ...preDnat, rules: [...tunnels.plainNoted, ...preDnat.rules] });
  const { natRules, floatingIps } = inputs;
  const rules = [...renderFloatingHairpins(floatingIps), ...natRules.rules, ...tunnels.nat];
  return rendered.set('nat-postrouting', { ...natRules, rules });
}

type Chains = Record<string, readonly RenderedRule[]>;

function renderRaw(inputs: BaseInputs, { config, marks }: RenderContext, tunnels: TunnelRules): Chains {
  const clear = rule('clear our mark bits', ...matchMark(marks.all), ...clearMark(marks.all));
  const allowed = inputs.spoofAllowances.flatMap(renderSpoofAllowance);
  return {
    'raw-prerouting': [
      clear,
      ...perPrefix(config.interfacePrefixes, 'iifname', branch('goto', 'raw-from-workload')),
      ...tunnels.untracked,
      ...dispatchHost(inputs, 'host-untracked-in', 'iifname'),
    ],
    'raw-output': [clear, ...tunnels.output.rules, ...dispatchHost(inputs, 'host-untracked-out', 'oifname')],
    'raw-from-workload': [
      ...allowed,
      counted('reverse path', baseCounters.reversePath, ...matchNoReversePath(), verdict('drop')),
    ],
  };
}

/** The route back to the source does not lead to the link the packet came from. */
function matchNoReversePath(): Expression[] {
  return [
    { type: 'fib', result: 'oif', flags: ['saddr', 'mark', 'iif'], register: 0 },
    { type: 'cmp', op: 'eq', register: 0, data: hostWord(0) },
  ];
}

function renderSpoofAllowance({ interfaceName, prefixes }: SpoofAllowance): RenderedRule[] {
  const from = matchInterface('iifname', interfaceName);
  return prefixes.flatMap((text) => {
    const prefix = parsePrefixOrAddress(text);
    if (prefix === undefined) return [];
    const source = prefix.length === 0 ? [] : matchPrefix('src', prefix);
    const label = `${interfaceName} may send from ${text}`;
    return [rule(label, ...from, ...matchFamily(prefix.address.family), ...source, verdict('accept'))];
  });
}

function matchInterface(key: 'iifname' | 'oifname', name: string): Expression[] {
  return [
    { type: 'meta', key, register: 0 },
    { type: 'cmp', op: 'eq', register: 0, data: interfaceKey(name) },
  ];
}

function renderWorkloadStages(
  { filledMaps, areLinksOpen }: BaseInputs,
  context: RenderContext,
  tunnels: TunnelRules,
): Chains {
  const { config } = context;
  const from = (target: string) => perPrefix(config.interfacePrefixes, 'iifname', branch('goto', target));
  const to = (target: string) => perPrefix(config.interfacePrefixes, 'oifname', branch('goto', target));
  const unknown = counted('unknown interface', baseCounters.unknown, verdict('drop'));
  const toHostDrop = counted('workload to host', baseCounters.toHost, verdict('drop'));
  const always = [...renderNeighbourDiscovery(), ...renderMetadataAccepted(config)];
  const areSent = filledMaps.has('limit-from');
  const areReceived = filledMaps.has('limit-to');
  const isKnown = rule('known flow', ...matchKnownFlow(context), verdict('accept'));
  const known = areLinksOpen ? [isKnown] : [];
  return {
    'input-workload': [...tunnels.input.rules, ...from('workload-input'), ...tunnels.inputFromHosts],
    'limits-from': renderLimitDispatch('limit-from', areSent),
    'limits-to': renderLimitDispatch('limit-to', areReceived),
    'workload-input': [
      ...always,
      ...renderLimitJump('limit-from', areSent),
      dispatch('from-workload', 'iifname'),
      unknown,
    ],
    'input-to-host': from('workload-to-host'),
    'workload-to-host': [isKnown, ...always, ...(config.defaultEndpointToHostAction === 'Drop' ? [toHostDrop] : [])],
    'forward-from-workload': from('workload-from'),
    'workload-from': [
      ...renderLimitJump('limit-from', areSent),
      ...known,
      dispatch('from-workload', 'iifname'),
      unknown,
    ],
    'forward-to-workload': to('workload-to'),
    'workload-to': [...renderLimitJump('limit-to', areReceived), ...known, dispatch('to-workload', 'oifname'), unknown],
  };
}

const ICMPV6 = 58;

/** Multicast listener and neighbour discovery from a workload to its host: ICMPv6 types 130-133, 135 and 136. */
function renderNeighbourDiscovery(): RenderedRule[] {
  return [
    [130, 133],
    [135, 136],
  ].map(([from = 0, to = 0]) =>
    rule(
      'ICMPv6 discovery',
      ...matchFamily(6),
      ...matchProtocol(ICMPV6),
      { type: 'payload', base: 'transport', offset: 0, length: 1, register: 0 },
      { type: 'range', op: 'eq', register: 0, from: Uint8Array.of(from), to: Uint8Array.of(to) },
      verdict('accept'),
    ),
  );
}

function renderHostStages(inputs: BaseInputs, context: RenderContext): Chains {
  const { config, marks } = context;
  const answers = inputs.hasSuspects ? renderSuspectAnswers(context) : [];
  const accepted = rule('accepted before', ...matchMark(marks.accept), verdict('accept'));
  const fromWorkload = perPrefix(config.interfacePrefixes, 'iifname', verdict('accept'));
  const toWorkload = perPrefix(config.interfacePrefixes, 'oifname', verdict('accept'));
  const deferred = dispatchHost(inputs, 'host-out-deferred', 'oifname');
  const isDeferred = rule('deferred', ...matchMark(marks.defer), ...clearMark(marks.defer), branch('goto', 'deferred'));
  return {
    'pre-dnat': [
      ...answers,
      ...whenAsked(dispatchHost(inputs, 'host-pre-dnat', 'iifname'), [
        rule('known flow', ...matchKnownFlow(context), verdict('accept')),
        accepted,
      ]),
    ],
    'input-host': whenAsked(dispatchHost(inputs, 'host-in', 'iifname'), [...fromWorkload, accepted]),
    'forward-from-host': whenAsked(dispatchHost(inputs, 'host-forward-in', 'iifname'), [accepted]),
    'forward-to-host': [
      ...renderServiceLoop(inputs.serviceCidrs, config),
      ...dispatchHost(inputs, 'host-forward-out', 'oifname'),
    ],
    'output-host': [
      ...answers,
      ...whenAsked(dispatchHost(inputs, 'host-out', 'oifname'), [
        accepted,
        ...toWorkload,
        rule('DNATed: decide in postrouting', ...matchDnated(), ...setMark(marks.defer), verdict('accept')),
      ]),
    ],
    'postrouting-host': deferred.length === 0 ? [] : [isDeferred],
    deferred: whenAsked(deferred, toWorkload),
  };
}

/** A stage nobody's policy asks for is empty: its packets pay nothing. */
function whenAsked(rules: readonly RenderedRule[], before: readonly RenderedRule[]): readonly RenderedRule[] {
  return rules.length === 0 ? [] : [...before, ...rules];
}

function dispatchHost(inputs: BaseInputs, map: InterfaceMap, key: 'iifname' | 'oifname'): RenderedRule[] {
  const rules = inputs.filledMaps.has(map) ? [dispatch(map, key)] : [];
  const any = inputs.anyHost.get(map);
  return any === undefined ? rules : [...rules, rule('any other interface', branch('goto', any))];
}

function dispatch(map: InterfaceMap, key: 'iifname' | 'oifname'): RenderedRule {
  return rule(
    `by ${key}`,
    { type: 'meta', key, register: 0 },
    { type: 'lookup', set: map, register: 0, into: 'verdict' },
  );
}

function perPrefix(prefixes: readonly string[], key: 'iifname' | 'oifname', then: Expression): readonly RenderedRule[] {
  const label = key === 'iifname' ? 'from a workload' : 'to a workload';
  return prefixes.map((prefix) => rule(label, ...matchInterfacePrefix(key, prefix), then));
}

function rule(label: string, ...expressions: readonly Expression[]): RenderedRule {
  return { label, expressions };
}

/** The last of `expressions` is the verdict; the counter comes before it. */
function counted(label: string, counter: string, ...expressions: readonly Expression[]): RenderedRule {
  return { label, expressions: [...expressions.slice(0, -1), count(counter), ...expressions.slice(-1)], counter };
}
