/**
 * What holds from the boot to the agent's first pass on a host that enforced something nobody can read any more: nothing comes in and nothing is
 * forwarded but answers, what makes the host reachable at all, and the failsafe ports. Rules as data; pure.
 */
import type { NftOperation } from '../../../kernel/kernel.ts';
import type { Expression } from '../../../kernel/netlink/expression.ts';
import type { FelixConfig } from '../../model/config.ts';
import { renderFailsafes } from '../../render/failsafe.ts';
import {
  ctState,
  interfaceKey,
  matchCtState,
  matchFamily,
  matchIcmp,
  matchPortRange,
  matchProtocol,
  verdict,
} from '../../render/match.ts';

const udp = 17;
const icmpv6 = 58;
/** Listeners, routers and neighbours: without them IPv6 finds nobody. */
const discoveryTypes = [130, 131, 132, 133, 134, 135, 136];
/** Where addresses are leased to. */
const dhcpClientPorts = [68, 546];

/** The table anew, whatever was in it; the agent replaces it like any other that it did not leave. */
export function fallbackTable(table: string, config: Pick<FelixConfig, 'failsafeInbound' | 'failsafeOutbound'>) {
  const input = [...reachable(), ...failsafes(config), [verdict('drop')]];
  return [
    { type: 'add-table', table },
    ...baseChain(table, 'input', 'boot-input', input),
    ...baseChain(table, 'forward', 'boot-forward', [answers(), [verdict('drop')]]),
  ] satisfies NftOperation[];
}

function baseChain(
  table: string,
  hook: 'input' | 'forward',
  chain: string,
  rules: readonly (readonly Expression[])[],
): NftOperation[] {
  return [
    { type: 'add-chain', table, chain, base: { kind: 'filter', hook, priority: 0 } },
    ...rules.map((expressions): NftOperation => ({ type: 'add-rule', table, chain, expressions })),
  ];
}

function answers(): Expression[] {
  return [...matchCtState(ctState.established | ctState.related), verdict('accept')];
}

function reachable(): Expression[][] {
  const loopback: Expression[] = [
    { type: 'meta', key: 'iifname', register: 0 },
    { type: 'cmp', op: 'eq', register: 0, data: interfaceKey('lo') },
    verdict('accept'),
  ];
  const discovery = discoveryTypes.map((type) => [
    ...matchFamily(6),
    ...matchProtocol(icmpv6),
    ...matchIcmp(type, undefined, false),
    verdict('accept'),
  ]);
  const leases = dhcpClientPorts.map((port) => [
    ...matchProtocol(udp),
    ...matchPortRange('dst', { first: port, last: port }),
    verdict('accept'),
  ]);
  return [loopback, answers(), ...discovery, ...leases];
}

function failsafes(config: Pick<FelixConfig, 'failsafeInbound' | 'failsafeOutbound'>): (readonly Expression[])[] {
  return renderFailsafes(config as FelixConfig)
    .get('failsafe-in')!
    .rules.map(({ expressions }) => expressions);
}
