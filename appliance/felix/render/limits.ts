/**
 * Packet rates and connection limits of single workloads, as chains of their own: the chains of policies are shared by endpoints that agree. Pure.
 * A rate counts every packet and so comes before known flows are let through. Source: felix's endpoint chain; tc does bandwidth.
 */
import type { QosLimits, WorkloadEndpoint } from '../model/endpoint.ts';
import { branch, count, matchCtState, matchProtocol, verdict } from './match.ts';
import { contentName, nameOf } from './names.ts';
import type { RenderedChain, RenderedRule } from './rendered.ts';

/** `dscp-from`: see `dscp.ts`. */
export type LimitMap = 'limit-from' | 'limit-to' | 'dscp-from';

export function isLimitMap(map: string): map is LimitMap {
  return map === 'limit-from' || map === 'limit-to' || map === 'dscp-from';
}

/** Named by its content too: a changed limit is another chain, put in place with the map's element. */
export interface LimitChain {
  readonly type: 'limit';
  readonly name: string;
  readonly limits: QosLimits;
}

export const limitCounters = { rate: 'drop/packet-rate', connections: 'drop/connection-limit' } as const;

/** Undefined when rules have nothing to limit. */
export function limitChain(
  map: 'limit-from' | 'limit-to',
  { interfaceName, qos }: WorkloadEndpoint,
): LimitChain | undefined {
  const limits = map === 'limit-from' ? qos?.egress : qos?.ingress;
  if (limits?.packetRate === undefined && limits?.maxConnections === undefined) return undefined;
  const { packetRate, maxConnections } = limits;
  const parts = [packetRate?.perSecond, packetRate?.burst, maxConnections].map(String);
  return { type: 'limit', name: contentName(`${map}-${nameOf(interfaceName)}`, parts), limits };
}

const TCP = 6;
const ctStateNew = 8;

export function renderLimitChain({ limits: { packetRate, maxConnections } }: LimitChain): RenderedChain {
  const rules: RenderedRule[] = [];
  if (packetRate !== undefined) {
    const { perSecond, burst } = packetRate;
    rules.push({
      label: 'packet rate',
      expressions: [
        { type: 'limit', rate: BigInt(perSecond), unitSeconds: 1, burst, isInverted: true },
        count(limitCounters.rate),
        verdict('drop'),
      ],
      counter: limitCounters.rate,
    });
  }
  if (maxConnections !== undefined) {
    rules.push({
      label: 'connections',
      expressions: [
        ...matchProtocol(TCP),
        ...matchCtState(ctStateNew),
        { type: 'connlimit', count: maxConnections, isInverted: true },
        count(limitCounters.connections),
        { type: 'reject-reset' },
      ],
      counter: limitCounters.connections,
    });
  }
  return { rules, setIds: [], lists: [], netSets: [] };
}

/** The chain that leads an interface to its limits, and comes back. */
export function renderLimitDispatch(map: LimitMap, isFilled: boolean): RenderedRule[] {
  if (!isFilled) return [];
  const key = map === 'limit-to' ? 'oifname' : 'iifname';
  const expressions = [
    { type: 'meta', key, register: 0 },
    { type: 'lookup', set: map, register: 0, into: 'verdict' },
  ] as const;
  return [{ label: `by ${key}`, expressions }];
}

export function renderLimitJump(map: LimitMap, isFilled: boolean): RenderedRule[] {
  const chain = limitDispatchChains[map];
  return isFilled ? [{ label: map === 'dscp-from' ? 'DSCP' : 'limits', expressions: [branch('jump', chain)] }] : [];
}

export const limitDispatchChains = {
  'limit-from': 'limits-from',
  'limit-to': 'limits-to',
  'dscp-from': 'dscps-from',
} as const;
