/**
 * Rules for packets of tunnels: only hosts of the cluster may send them to us, they are not tracked, and no policy of a host endpoint is asked. Pure.
 * As `render/tunnel-rules.ts` says it for nftables. Source: felix, static chains.
 */
import { parseAddress } from '../../../lib/ip/address.ts';
import type { Family } from '../match.ts';
import { type TunnelInputs, tunnelSets } from '../tunnel-rules.ts';
import type { IptablesContext } from './context.ts';
import { allowTarget } from './context.ts';
import { isNameableInterface, setName } from './names.ts';
import type { IptablesRule } from './rule.ts';
import { drop, hasMark, leave, markText, rule, setMark } from './rule.ts';

/** Ids of the sets, under upstream's names where it has them. */
export const tunnelSetIds: Readonly<Record<string, string>> = {
  [tunnelSets.vxlan]: 'all-vxlan-net',
  [tunnelSets.ipip]: 'all-tunnel-net',
};

export interface TunnelRules {
  /** Of raw PREROUTING, for what comes from no workload. */
  readonly untracked: readonly IptablesRule[];
  /** Of raw OUTPUT; what they mark is accepted there. */
  readonly output: readonly IptablesRule[];
  /** First in filter INPUT, for everybody. */
  readonly input: readonly IptablesRule[];
  /** In filter INPUT, for what comes from no workload. */
  readonly inputFromHosts: readonly IptablesRule[];
  readonly nat: readonly IptablesRule[];
  /** Of the chain that marks what came without encryption; empty when nothing is asked of it. */
  readonly plainMarked: readonly IptablesRule[];
  /** First in mangle PREROUTING, once connections are tracked. */
  readonly plainNoted: readonly IptablesRule[];
  /** Of mangle OUTPUT, behind which the kernel routes anew what it marked. */
  readonly reroute: readonly IptablesRule[];
}

export const unencryptedChain = 'cali-wireguard-incoming-mark';

/** Whether what this host sends may have to be routed anew. */
export function isRerouted({ encrypted }: TunnelInputs, { marks }: IptablesContext): boolean {
  return marks.wireguard !== 0 && encrypted.some(isNameableInterface);
}

export function renderTunnelRules(inputs: TunnelInputs, context: IptablesContext): TunnelRules {
  const { config, marks } = context;
  const allow = allowTarget('filter', context);
  const mark = setMark(marks.accept);
  const vxlan = udpPort('--dports', config.vxlanPort);
  const untracked = inputs.isVxlan ? [rule(vxlan, ['-j', 'CT', '--notrack'], 'VXLAN is not tracked')] : [];
  const isIpip = inputs.isIpip && context.family === 4;
  const wireguard = (option: '--sports' | '--dports', target: readonly string[]) =>
    inputs.wireguardPorts.map((port) => rule(udpPort(option, port), target, 'WireGuard'));
  return {
    untracked,
    output: [...untracked, ...peerRules('dst', inputs, context, mark), ...wireguard('--sports', mark)],
    input: [
      ...peerRules('src', inputs, context, allow),
      ...(inputs.isVxlan ? [rule(vxlan, drop, 'VXLAN from a stranger')] : []),
      ...(isIpip ? [rule(['-p', '4'], drop, 'IPIP from a stranger')] : []),
    ],
    inputFromHosts: wireguard('--dports', allow),
    nat: inputs.ends.flatMap(({ device, address }) => renderMasquerade(device, address, inputs, context)),
    ...renderPlain(inputs, context),
  };
}

/** What hosts that encrypt say to each other without: see the same of nftables. */
function renderPlain(inputs: TunnelInputs, context: IptablesContext) {
  if (!isRerouted(inputs, context)) return { plainMarked: [], plainNoted: [], reroute: [] };
  const mark = context.marks.wireguard;
  const devices = inputs.encrypted.filter(isNameableInterface);
  const isNoted = ['-m', 'connmark', '--mark', `${markText(mark)}/${markText(mark)}`];
  const note = (bits: number) => ['-j', 'CONNMARK', '--set-xmark', `${markText(bits)}/${markText(mark)}`];
  const encrypted = (device: string) => rule(['-i', device, ...isNoted], note(0), 'the flow is encrypted');
  return {
    plainMarked: [...['lo', ...devices].map((name) => rule(['-i', name], leave)), rule([], setMark(mark))],
    plainNoted: [rule(hasMark(mark), note(mark), 'the flow is not encrypted'), ...devices.map(encrypted)],
    reroute: [rule(['-m', 'conntrack', '--ctdir', 'REPLY', ...isNoted], setMark(mark), 'answered as it was asked')],
  };
}

function udpPort(option: '--sports' | '--dports', port: number): string[] {
  return ['-p', '17', '-m', 'multiport', option, String(port)];
}

/** Tunnel packets from (or to) hosts that may have a tunnel with us. */
function peerRules(
  side: 'src' | 'dst',
  { isVxlan, isIpip }: TunnelInputs,
  { config, family }: IptablesContext,
  target: readonly string[],
): IptablesRule[] {
  const peers = (set: string) => ['-m', 'set', '--match-set', setName(tunnelSetIds[set] as string, family), side];
  const vxlan = [...udpPort('--dports', config.vxlanPort), ...peers(tunnelSets.vxlan)];
  const ipip = ['-p', '4', ...peers(tunnelSets.ipip)];
  return [
    ...(isVxlan ? [rule(vxlan, target, 'VXLAN of hosts')] : []),
    ...(isIpip && family === 4 ? [rule(ipip, target, 'IPIP of hosts')] : []),
  ];
}

const portMax = 65_535;

/** UDP gets no source port that would make its answers look like VXLAN. */
function renderMasquerade(
  device: string,
  address: string,
  { isVxlan }: TunnelInputs,
  { config, family }: IptablesContext,
): IptablesRule[] {
  if (!isOf(address, family) || !isNameableInterface(device)) return [];
  const match = ['-o', device, '-m', 'addrtype', '--src-type', 'LOCAL', '!', '-s', address];
  const label = `from this host through ${device}`;
  const ports = `${config.vxlanPort + 1}-${portMax}`;
  const udp = rule(['-p', '17', ...match], ['-j', 'MASQUERADE', '--to-ports', ports, '--random-fully'], label);
  return [
    ...(isVxlan && config.vxlanPort < portMax ? [udp] : []),
    rule(match, ['-j', 'MASQUERADE', '--random-fully'], label),
  ];
}

function isOf(address: string, family: Family): boolean {
  return parseAddress(address)?.family === family;
}
