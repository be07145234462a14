/**
 * Rules for packets of tunnels: only hosts of the cluster may send them to us, they are not tracked, and no policy of a host endpoint is asked. Pure.
 * What leaves through a tunnel with an address of another link of this host gets the tunnel's own, so that answers find back.
 * Source: felix, static chains.
 */
import type { Expression } from '../../kernel/netlink/expression.ts';
import { parseAddress } from '../../lib/ip/address.ts';
import type { Rule } from '../model/policy.ts';
import type { Family } from './match.ts';
import {
  count,
  hostWord,
  interfaceKey,
  loadAddress,
  matchFamily,
  matchMark,
  matchPortRange,
  matchProtocol,
  netShort,
  setMark,
  verdict,
} from './match.ts';
import type { RenderContext } from './policy.ts';
import type { RenderedChain, RenderedRule } from './rendered.ts';
import { renderRuleMatch } from './rule-match.ts';

/** IP sets of our own, kept like the graph's. */
export const tunnelSets = {
  /** Hosts with a VXLAN endpoint, and external ones. */
  vxlan: 'own:vxlan-hosts',
  /** All hosts, and external ones. */
  ipip: 'own:tunnel-hosts',
} as const;
export const tunnelCounter = 'drop/tunnel';

/** Which tunnels this host has. */
export interface TunnelInputs {
  readonly isVxlan: boolean;
  readonly isIpip: boolean;
  /** UDP ports that WireGuard listens on. */
  readonly wireguardPorts: readonly number[];
  /** Each device with the address it has. */
  readonly ends: readonly { readonly device: string; readonly address: string }[];
  /** WireGuard's devices while what hosts say to each other is encrypted too. */
  readonly encrypted: readonly string[];
}

export interface TunnelRules {
  /** Of raw-prerouting, for what comes from no workload. */
  readonly untracked: readonly RenderedRule[];
  /** Of raw-output. */
  readonly output: RenderedChain;
  /** First in the input hook, for everybody. */
  readonly input: RenderedChain;
  /** In the input hook, for what comes from no workload. */
  readonly inputFromHosts: readonly RenderedRule[];
  readonly nat: readonly RenderedRule[];
  /** In prerouting, once connections are tracked. */
  readonly plainNoted: readonly RenderedRule[];
  /** Of the chain that routes anew what this host sends. */
  readonly reroute: readonly RenderedRule[];
}

const UDP = 17;
const IPIP = 4;

export function renderTunnelRules(inputs: TunnelInputs, context: RenderContext): TunnelRules {
  const { config, marks } = context;
  const isVxlan = matchUdpPort('dst', config.vxlanPort);
  const accept: readonly Expression[] = [...setMark(marks.accept), verdict('accept')];
  const fromPeers = peerRules('src', inputs, context, accept);
  const toPeers = peerRules('dst', inputs, context, accept);
  const untracked = inputs.isVxlan ? [rule('VXLAN is not tracked', ...isVxlan, { type: 'notrack' })] : [];
  const strangers = [
    ...(inputs.isVxlan ? [dropped('VXLAN from a stranger', isVxlan)] : []),
    ...(inputs.isIpip ? [dropped('IPIP from a stranger', [...matchFamily(4), ...matchProtocol(IPIP)])] : []),
  ];
  const wireguard = (side: 'src' | 'dst') =>
    inputs.wireguardPorts.map((port) => rule('WireGuard', ...matchUdpPort(side, port), ...accept));
  const plain = renderPlain(inputs.encrypted, marks.wireguard);
  return {
    untracked: [...untracked, ...plain.marked],
    plainNoted: plain.noted,
    reroute: plain.reroute,
    output: { ...toPeers, rules: [...untracked, ...toPeers.rules, ...wireguard('src')] },
    input: { ...fromPeers, rules: [...fromPeers.rules, ...strangers] },
    inputFromHosts: wireguard('dst'),
    nat: inputs.ends.flatMap((end) => renderMasquerade(end.device, end.address, inputs, config.vxlanPort)),
  };
}

function matchUdpPort(side: 'src' | 'dst', port: number): Expression[] {
  return [...matchProtocol(UDP), ...matchPortRange(side, { first: port, last: port })];
}

/** Tunnel packets from (or to) hosts that may have a tunnel with us. */
function peerRules(
  side: 'src' | 'dst',
  { isVxlan, isIpip }: TunnelInputs,
  context: RenderContext,
  then: readonly Expression[],
): RenderedChain {
  const { vxlanPort } = context.config;
  const ports = { ports: [{ first: vxlanPort, last: vxlanPort }] };
  const vxlan = (ipVersion: Family): Rule => {
    const hosts = { sets: [tunnelSets.vxlan] };
    const sides = side === 'src' ? { src: hosts, dst: ports } : { src: {}, dst: { ...hosts, ...ports } };
    return { action: 'allow', ipVersion, protocol: UDP, ...sides };
  };
  const ipip: Rule = {
    ...{ action: 'allow', ipVersion: 4, protocol: IPIP, src: {}, dst: {} },
    [side]: { sets: [tunnelSets.ipip] },
  };
  const wanted: [string, Rule][] = [
    ...(isVxlan ? ([4, 6] as const).map((family): [string, Rule] => [`VXLAN IPv${family}`, vxlan(family)]) : []),
    ...(isIpip ? [['IPIP', ipip] as [string, Rule]] : []),
  ];
  const rules: RenderedRule[] = [];
  const [setIds, netSets] = [new Set<string>(), new Set<string>()];
  for (const [label, match] of wanted) {
    const rendered = renderRuleMatch(match, context.factsOf);
    for (const id of rendered.setIds) setIds.add(id);
    for (const set of rendered.netSets) netSets.add(set);
    for (const one of rendered.alternatives) rules.push(rule(`${label} of hosts`, ...one, ...then));
  }
  return { rules, setIds: [...setIds], lists: [], netSets: [...netSets] };
}

function dropped(label: string, match: readonly Expression[]): RenderedRule {
  return { label, expressions: [...match, count(tunnelCounter), verdict('drop')], counter: tunnelCounter };
}

const RTN_LOCAL = 2;
const portMax = 65_535;

/** UDP gets no source port that would make its answers look like VXLAN. */
function renderMasquerade(device: string, text: string, { isVxlan }: TunnelInputs, vxlanPort: number): RenderedRule[] {
  const address = parseAddress(text);
  if (address === undefined) return [];
  const match: Expression[] = [
    { type: 'meta', key: 'oifname', register: 0 },
    { type: 'cmp', op: 'eq', register: 0, data: interfaceKey(device) },
    ...matchFamily(address.family),
    { type: 'fib', result: 'type', flags: ['saddr'], register: 0 },
    { type: 'cmp', op: 'eq', register: 0, data: hostWord(RTN_LOCAL) },
    loadAddress('src', address.family, 0),
    { type: 'cmp', op: 'neq', register: 0, data: address.bytes },
  ];
  const udp: Expression[] = [
    ...matchProtocol(UDP),
    { type: 'load', register: 4, data: netShort(vxlanPort + 1) },
    { type: 'load', register: 5, data: netShort(portMax) },
    { type: 'masquerade', isFullyRandom: true, portMin: 4, portMax: 5 },
  ];
  const label = `from this host through ${device}`;
  return [
    ...(isVxlan && vxlanPort < portMax ? [rule(label, ...match, ...udp)] : []),
    rule(label, ...match, { type: 'masquerade', isFullyRandom: true }),
  ];
}

/**
 * What comes in without encryption is marked, so that the way back to its sender is looked for without it; and a flow that another host has begun so is answered
 * so, until it goes on encrypted: that host may have lost its key, and be telling us the new one.
 */
function renderPlain(devices: readonly string[], mark: number) {
  if (devices.length === 0 || mark === 0) return { marked: [], noted: [], reroute: [] };
  const fromOthers = ['lo', ...devices].flatMap((name) => matchInterface(name, 'neq'));
  const ctMark: Expression = { type: 'ct', key: 'mark', register: 0 };
  const noted = (bits: number): Expression[] => [
    ctMark,
    { type: 'bitwise', source: 0, destination: 0, mask: hostWord(~mark), xor: hostWord(bits) },
    { type: 'ct-set', key: 'mark', register: 0 },
  ];
  const isNoted: Expression[] = [
    ctMark,
    { type: 'bitwise', source: 0, destination: 0, mask: hostWord(mark), xor: hostWord(0) },
    { type: 'cmp', op: 'neq', register: 0, data: hostWord(0) },
  ];
  const isAnswer: Expression[] = [
    { type: 'ct', key: 'direction', register: 0 },
    { type: 'cmp', op: 'eq', register: 0, data: Uint8Array.of(1) },
  ];
  return {
    marked: [rule('came without encryption', ...fromOthers, ...setMark(mark))],
    noted: [
      rule('the flow is not encrypted', ...matchMark(mark), ...noted(mark)),
      ...devices.map((name) => rule('the flow is encrypted', ...matchInterface(name, 'eq'), ...isNoted, ...noted(0))),
    ],
    reroute: [rule('answered as it was asked', ...isAnswer, ...isNoted, ...setMark(mark))],
  };
}

function matchInterface(name: string, op: 'eq' | 'neq'): Expression[] {
  return [
    { type: 'meta', key: 'iifname', register: 0 },
    { type: 'cmp', op, register: 0, data: interfaceKey(name) },
  ];
}

function rule(label: string, ...expressions: readonly Expression[]): RenderedRule {
  return { label, expressions };
}
