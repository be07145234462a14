/**
 * Packet rates and connection limits of single workloads, and the DSCP of what they send out of the cluster. Pure. Source: felix's endpoint chain,
 * cali-egress-dscp; tc does bandwidth. Each family counts for itself.
 */
import { hash } from 'node:crypto';
import { parsePrefixOrAddress, printPrefix } from '../../../lib/ip/address.ts';
import type { QosLimits, WorkloadEndpoint } from '../../model/endpoint.ts';
import type { HostDscp } from '../dscp.ts';
import type { IptablesContext } from './context.ts';
import { isNameableInterface, setName } from './names.ts';
import { natSets } from './nat-outgoing.ts';
import type { IptablesRule } from './rule.ts';
import { drop, rule } from './rule.ts';

/** What xt_hashlimit takes. */
const rateMax = 1_000_000;
const nameLength = 15;

export interface LimitRules {
  /** Of what workloads send. */
  readonly from: readonly IptablesRule[];
  /** Of what they get. */
  readonly to: readonly IptablesRule[];
}

/** To stand before all else: a rate counts packets of known flows too, which the first endpoint that is asked lets through. */
export function renderLimits(workloads: Iterable<WorkloadEndpoint>): LimitRules {
  const limits = { from: [] as IptablesRule[], to: [] as IptablesRule[] };
  for (const { isActive, interfaceName, qos } of workloads) {
    if (!isActive || qos === undefined || !isNameableInterface(interfaceName)) continue;
    limits.from.push(...renderOne(['-i', interfaceName], qos.egress));
    limits.to.push(...renderOne(['-o', interfaceName], qos.ingress));
  }
  return limits;
}

function renderOne(link: readonly string[], { packetRate, maxConnections }: QosLimits): IptablesRule[] {
  const rules: IptablesRule[] = [];
  if (packetRate !== undefined) {
    const [rate, burst] = [Math.min(packetRate.perSecond, rateMax), Math.min(packetRate.burst, rateMax)];
    // The kernel keeps a counter by its name with the settings it was made with: other settings are another counter.
    const name = hash('sha256', `${link.join(' ')} ${rate} ${burst}`, 'base64url').slice(0, nameLength);
    const over = ['--hashlimit-above', `${rate}/second`, '--hashlimit-burst', String(burst), '--hashlimit-name', name];
    rules.push(rule([...link, '-m', 'hashlimit', ...over], drop, 'packet rate'));
  }
  if (maxConnections !== undefined) {
    const over = ['--connlimit-above', String(maxConnections), '--connlimit-mask', '0'];
    const match = [...link, '-p', '6', '-m', 'conntrack', '--ctstate', 'NEW', '-m', 'connlimit', ...over];
    rules.push(rule(match, ['-j', 'REJECT', '--reject-with', 'tcp-reset'], 'connections'));
  }
  return rules;
}

export interface DscpSources {
  readonly workloads: Iterable<WorkloadEndpoint>;
  readonly hosts: readonly HostDscp[];
}

/** By source address, since the link a packet came by is not known where it leaves. `hasPools`: the set of pools is there. */
export function renderDscp(
  { workloads, hosts }: DscpSources,
  hasPools: boolean,
  { family }: IptablesContext,
): IptablesRule[] {
  const leaves = hasPools ? ['-m', 'set', '!', '--match-set', setName(natSets.pools, family), 'dst'] : [];
  const rules: IptablesRule[] = [];
  for (const { address, dscp } of hosts) {
    const source = parsePrefixOrAddress(address);
    if (source?.address.family !== family) continue;
    const words = ['-s', printPrefix(source), '!', '-o', 'lo', ...leaves];
    rules.push(rule(words, ['-j', 'DSCP', '--set-dscp', String(dscp)]));
  }
  for (const { isActive, qos, ipv4Nets, ipv6Nets } of workloads) {
    if (qos?.dscp === undefined || !isActive) continue;
    for (const net of family === 4 ? ipv4Nets : ipv6Nets) {
      const prefix = parsePrefixOrAddress(net);
      if (prefix === undefined) continue;
      rules.push(rule(['-s', printPrefix(prefix), ...leaves], ['-j', 'DSCP', '--set-dscp', String(qos.dscp)]));
    }
  }
  return rules;
}
