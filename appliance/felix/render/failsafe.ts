/** Failsafe ports: what host endpoints never cut off. Before conntrack (raw) replies have rules of their own. Pure. Source: felix, failsafe chains. */
import { parsePrefix } from '../../lib/ip/address.ts';
import type { FailsafePort, FelixConfig } from '../model/config.ts';
import { plain } from './endpoint-chain.ts';
import type { Side } from './match.ts';
import { matchFamily, matchPortRange, matchPrefix, matchProtocol, verdict } from './match.ts';
import type { RenderedChain, RenderedRule } from './rendered.ts';

/** The four failsafe chains by name. */
export function renderFailsafes(config: FelixConfig): ReadonlyMap<string, RenderedChain> {
  const { failsafeInbound: inbound, failsafeOutbound: outbound } = config;
  const inRules = inbound.map((port) => accept(port, 'dst', 'src', 'in'));
  const outRules = outbound.map((port) => accept(port, 'dst', 'dst', 'out'));
  return new Map([
    ['failsafe-in', plain(inRules)],
    ['failsafe-out', plain(outRules)],
    ['failsafe-in-raw', plain([...inRules, ...outbound.map((port) => accept(port, 'src', 'src', 'reply in'))])],
    ['failsafe-out-raw', plain([...outRules, ...inbound.map((port) => accept(port, 'src', 'dst', 'reply out'))])],
  ]);
}

/** `portSide`: where the known port is; `farSide`: where the far end's address is. */
function accept(entry: FailsafePort, portSide: Side, farSide: Side, label: string): RenderedRule {
  const prefix = entry.net === undefined ? undefined : parsePrefix(entry.net);
  const isNarrow = prefix !== undefined && prefix.length > 0;
  return {
    label: `failsafe ${label} ${entry.protocol}:${entry.port}${entry.net === undefined ? '' : ` ${entry.net}`}`,
    expressions: [
      ...(prefix === undefined ? [] : matchFamily(prefix.address.family)),
      ...matchProtocol(entry.protocol),
      ...matchPortRange(portSide, { first: entry.port, last: entry.port }),
      ...(isNarrow ? matchPrefix(farSide, prefix) : []),
      verdict('accept'),
    ],
  };
}
