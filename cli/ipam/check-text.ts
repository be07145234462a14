/** A check as calicoctl's `ipam check` tells it: section by section, with counts. Pure. */
import type { IpamCheck, ReportedAllocation } from './ask.ts';

export interface CheckTextOptions {
  readonly showAllIps: boolean;
  readonly showProblemIps: boolean;
}

const topNodes = 20;

/** The whole text. */
export function printCheck(check: IpamCheck, options: CheckTextOptions): string {
  const lines = [
    'Checking IPAM for inconsistencies...',
    '',
    ...blockLines(check, options),
    ...useLines(check),
    ...nodeLines(check),
    ...leakLines(check, options),
    ...handleLines(check, options),
    ...structureLines(check),
    `Check complete; found ${check.problemCount} problems.`,
  ];
  return `${lines.join('\n')}\n`;
}

function blockLines({ blocks, pools, counts }: IpamCheck, { showAllIps }: CheckTextOptions): string[] {
  const active = pools.filter((pool) => !pool.isDisabled);
  return [
    'Loading all IPAM blocks...',
    `Found ${blocks.length} IPAM blocks.`,
    ...blocks.flatMap(({ cidr, affinity, allocations }) => [
      ` IPAM block ${cidr} affinity=${affinity ?? '<none>'}:`,
      ...(showAllIps ? allocations.map((one) => `  ${describe(one)}`) : []),
    ]),
    `IPAM blocks record ${counts.allocations} allocations.`,
    '',
    'Loading all IPAM pools...',
    ...pools.map(({ cidr, isDisabled }) => `  ${cidr}${isDisabled ? ' (disabled)' : ''}`),
    `Found ${active.length} active IP pools.`,
    '',
  ];
}

function useLines({ counts }: IpamCheck): string[] {
  return [
    'Loading all nodes.',
    `Found ${counts.nodeAddresses} node tunnel IPs.`,
    '',
    'Loading all workload endpoints.',
    `Found ${counts.workloadAddresses} workload IPs.`,
    `Workloads and nodes are using ${counts.addressesInUse} IPs.`,
    '',
  ];
}

function nodeLines({ allocationsByNode }: IpamCheck): string[] {
  const most = allocationsByNode[0];
  const median = allocationsByNode[Math.floor(allocationsByNode.length / 2)];
  return [
    `Looking for top (up to ${topNodes}) nodes by allocations...`,
    ...allocationsByNode.slice(0, topNodes).map(({ node, allocations }) => `  ${node} has ${allocations} allocations`),
    ...(most && median ? [`Node with most allocations has ${most.allocations}; median is ${median.allocations}`] : []),
    '',
  ];
}

function leakLines({ problems }: IpamCheck, options: CheckTextOptions): string[] {
  const shown = (lines: readonly string[]) => (options.showProblemIps || options.showAllIps ? lines : []);
  const used = ({ ip, owners }: { ip: string; owners: readonly string[] }) => `  ${ip} is used by ${owners.join(', ')}`;
  return [
    'Scanning for IPs that are allocated but not actually in use...',
    ...shown(problems.leaked.map((one) => `  ${describe(one)}`)),
    `Found ${problems.leaked.length} IPs that are allocated in IPAM but not actually in use.`,
    'Scanning for IPs that are in use by a workload or node but not allocated in IPAM...',
    ...shown([...problems.outsidePools, ...problems.notAllocated].map(used)),
    `Found ${problems.outsidePools.length} in-use IPs that are not in active IP pools.`,
    `Found ${problems.notAllocated.length} in-use IPs that are in active IP pools but have no corresponding IPAM allocation.`,
    'Scanning for IPs that several workloads or nodes use...',
    ...shown(problems.severalOwners.map(used)),
    `Found ${problems.severalOwners.length} IPs with several owners.`,
    '',
  ];
}

function handleLines({ problems, counts }: IpamCheck, options: CheckTextOptions): string[] {
  const shown = (lines: readonly string[]) => (options.showProblemIps ? lines : []);
  return [
    'Scanning for IPAM handles with no matching IPs...',
    ...shown(problems.leakedHandles.map(({ id }) => `  ${id}`)),
    `Found ${problems.leakedHandles.length} handles with no matching IPs (and ${counts.handlesWithAddresses} handles with matches).`,
    'Scanning for IPs with missing handle...',
    ...shown(problems.missingHandles.map((id) => `  ${id}`)),
    `Found ${problems.missingHandles.length} handles mentioned in blocks with no matching handle resource.`,
  ];
}

function structureLines({ problems }: IpamCheck): string[] {
  return [
    'Scanning for blocks, handles and affinities that disagree...',
    ...problems.disagreements.map((problem) => `  ${problem}`),
    `Found ${problems.disagreements.length} disagreements.`,
    'Scanning for invalid blocks...',
    ...problems.invalid.map(({ key, problem }) => `  ${key} ${problem}`),
    `Found ${problems.invalid.length} problems in blocks and handles themselves.`,
    '',
  ];
}

function describe({ ip, handle, node, owners, coolingDown }: ReportedAllocation): string {
  const whom = owners.length > 0 ? `in use by ${owners.join(', ')}` : coolingDown ? 'cooling down' : 'not in use';
  return `${ip} handle=${handle === '' ? '<none>' : handle} node=${node === '' ? '<none>' : node}: ${whom}`;
}
