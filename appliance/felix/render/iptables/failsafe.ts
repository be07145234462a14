/** Failsafe ports: what host endpoints never cut off. In raw, before conntrack, replies have rules of their own. Pure. Source: felix, failsafe chains. */
import { parsePrefix } from '../../../lib/ip/address.ts';
import type { FailsafePort } from '../../model/config.ts';
import type { Side } from '../match.ts';
import type { IptablesContext } from './context.ts';
import type { IptablesChain, IptablesRule, TableName } from './rule.ts';
import { accept, plainChain, rule } from './rule.ts';

/** The two failsafe chains of a table by name. */
export function renderFailsafes(
  table: TableName,
  { config, family }: IptablesContext,
): ReadonlyMap<string, IptablesChain> {
  const ours = (entries: readonly FailsafePort[]) => entries.filter((entry) => isOfFamily(entry, family));
  const inbound = ours(config.failsafeInbound);
  const outbound = ours(config.failsafeOutbound);
  const isRaw = table === 'raw';
  return new Map([
    [
      'cali-failsafe-in',
      plainChain([
        ...inbound.map((entry) => render(entry, 'dst', 'src')),
        ...(isRaw ? outbound.map((entry) => render(entry, 'src', 'src')) : []),
      ]),
    ],
    [
      'cali-failsafe-out',
      plainChain([
        ...outbound.map((entry) => render(entry, 'dst', 'dst')),
        ...(isRaw ? inbound.map((entry) => render(entry, 'src', 'dst')) : []),
      ]),
    ],
  ]);
}

function isOfFamily({ net }: FailsafePort, family: 4 | 6): boolean {
  return net === undefined || parsePrefix(net)?.address.family === family;
}

/** `portSide`: where the known port is; `farSide`: where the far end's address is. */
function render({ protocol, port, net }: FailsafePort, portSide: Side, farSide: Side): IptablesRule {
  const option = portSide === 'src' ? '--sports' : '--dports';
  const address = net === undefined ? [] : [farSide === 'src' ? '-s' : '-d', net];
  return rule(['-p', String(protocol), ...address, '-m', 'multiport', option, String(port)], accept);
}
