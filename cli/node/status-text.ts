/** What an agent says of itself, for people. Upstream's phrases where they are true. Pure. */
import { printBox } from '../output/boxed-table.ts';
import type { AgentStatus } from './agent.ts';
import type { BgpPeer } from './bird.ts';

/** By family; undefined where no BIRD runs. */
export interface BgpStatus {
  readonly ipv4: readonly BgpPeer[] | undefined;
  readonly ipv6: readonly BgpPeer[] | undefined;
}

/** The whole text. */
export function printStatus(status: AgentStatus, bgp: BgpStatus): string {
  return [
    'Calico process is running.\n',
    ...agentLines(status).map(([title, text]) => `${`${title}:`.padEnd(14)}${text}`),
    ...problemLines(status),
    ...(bgp.ipv4 === undefined && bgp.ipv6 === undefined
      ? []
      : [printPeers('IPv4', bgp.ipv4), printPeers('IPv6', bgp.ipv6)]),
    '',
  ].join('\n');
}

function agentLines(status: AgentStatus): [string, string][] {
  const { node, version, pid, storeConnection, counts, certificates = [] } = status;
  const process = pid === undefined ? '' : `, process ${pid}`;
  return [
    ['Agent', `calico-node ${version ?? '(version unknown)'} on node ${node}${process}`],
    ['Store', `${printConnection(storeConnection)}; ${status.store}`],
    ['Kernel', printRevisions(status)],
    ...(counts === undefined
      ? []
      : ([
          [
            'Policies',
            `${counts.policies} active, ${Object.keys(status.refusedPolicies).length} refused by the kernel`,
          ],
          ['Profiles', String(counts.profiles)],
          ['Endpoints', `${counts.workloadEndpoints} workloads, ${counts.hostEndpoints} host endpoints`],
        ] as [string, string][])),
    ...certificates.map(({ file, endsAt, problem }): [string, string] => [
      'Certificate',
      `${file} ${problem === undefined ? `ends ${endsAt}` : `cannot be read: ${problem}`}`,
    ]),
  ];
}

function printConnection(connection: AgentStatus['storeConnection']): string {
  if (connection === undefined) return 'connection unknown';
  const { state, sinceMs, problem } = connection;
  return `${state} for ${Math.round(sinceMs / 1000)} s${problem === undefined ? '' : ` (${problem})`}`;
}

function printRevisions({ appliedRevision, sentRevision }: AgentStatus): string {
  const behind = sentRevision > appliedRevision ? `; being brought to ${sentRevision}` : '';
  return `everything up to revision ${appliedRevision} of the store${behind}`;
}

function problemLines({ refusedPolicies, invalidObjects, configProblems = [] }: AgentStatus): string[] {
  const list = (title: string, entries: readonly [string, unknown][]) =>
    entries.length === 0
      ? []
      : [
          '',
          title,
          ...entries.map(([name, why]) => `  ${name}: ${typeof why === 'string' ? why : JSON.stringify(why)}`),
        ];
  return [
    ...list('Policies that the kernel refused:', Object.entries(refusedPolicies)),
    ...list('Objects in the store that are wrong and count as absent:', Object.entries(invalidObjects)),
    ...list(
      'Problems of the configuration:',
      configProblems.map((problem, i) => [String(i + 1), problem]),
    ),
  ];
}

function printPeers(family: string, peers: readonly BgpPeer[] | undefined): string {
  if (peers === undefined) return `\n${family} BGP status\nThe BGP backend process (BIRD) is not running.`;
  if (peers.length === 0) return `\n${family} BGP status\nNo ${family} peers found.`;
  const rows = peers.map(({ address, type, state, since, info }) => [address, type, state, since, info]);
  const table = printBox(['PEER ADDRESS', 'PEER TYPE', 'STATE', 'SINCE', 'INFO'], rows);
  return `\n${family} BGP status\n${table.trimEnd()}`;
}
