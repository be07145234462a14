/** NAT for what leaves the pools: from a pool with natOutgoing to anything that is no pool. Pure. Source: felix, cali-nat-outgoing. */
import { parseAddress } from '../../../lib/ip/address.ts';
import type { Family } from '../match.ts';
import type { IptablesContext } from './context.ts';
import { isNameableInterface, setName } from './names.ts';
import type { IptablesChain, IptablesRule } from './rule.ts';
import { leave, rule } from './rule.ts';

/** IP sets of our own, under upstream's names. */
export const natSets = { masqueraded: 'masq-ipam-pools', pools: 'all-ipam-pools', hosts: 'all-hosts-net' } as const;

const TCP = '6';
const UDP = '17';

export function renderNatOutgoing(hasPools: boolean, context: IptablesContext): IptablesChain {
  const { config, family } = context;
  const exclusions: string[] = [natSets.pools];
  if (config.natOutgoingExclusions === 'IPPoolsAndHostIPs') exclusions.push(natSets.hosts);
  if (!hasPools) return { rules: [], setIds: [], lists: [] };
  const match = [
    ...matchSet(natSets.masqueraded, 'src', family, false),
    ...exclusions.flatMap((id) => matchSet(id, 'dst', family, true)),
    ...outputWords(config.natOutgoingInterface),
  ];
  return { rules: renderActions(match, context), setIds: [natSets.masqueraded, ...exclusions], lists: [] };
}

/** A filter that rules cannot name would else match nothing: it is left out, and all links count. */
function outputWords(link: string | undefined): string[] {
  return link === undefined || !isNameableInterface(link) ? [] : ['-o', link];
}

function matchSet(id: string, side: 'src' | 'dst', family: Family, isInverted: boolean): string[] {
  return ['-m', 'set', ...(isInverted ? ['!'] : []), '--match-set', setName(id, family), side];
}

/** A port range is for TCP and UDP; each of them is done after its rule, so that the last one is for the others. */
function renderActions(match: readonly string[], { config, family }: IptablesContext): IptablesRule[] {
  const ports = config.natPortRange;
  const translate = (protocol?: string): IptablesRule[] => {
    const range = protocol === undefined || ports === undefined ? undefined : `${ports.first}-${ports.last}`;
    const words = [...(protocol === undefined ? [] : ['-p', protocol]), ...match];
    const target = targetOf(config.natOutgoingAddress, family, range);
    return protocol === undefined ? [rule(words, target)] : [rule(words, target), rule(words, leave)];
  };
  return [...(ports === undefined ? [] : [...translate(TCP), ...translate(UDP)]), ...translate()];
}

function targetOf(address: string | undefined, family: Family, ports: string | undefined): string[] {
  const fixed = address === undefined ? undefined : parseAddress(address);
  if (fixed === undefined || fixed.family !== family) {
    return ['-j', 'MASQUERADE', ...(ports === undefined ? [] : ['--to-ports', ports]), '--random-fully'];
  }
  return ['-j', 'SNAT', '--to-source', `${address}${ports === undefined ? '' : `:${ports}`}`];
}
