/** `calicoctl ipam show`: how full pools are, who has an address, who borrows, IPAM's settings. I/O. */
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { documentFormat, outputFlag } from '../../datastore/output.ts';
import { exitCodes, usageError } from '../../errors.ts';
import { connectionFlags, isSet, textFlag } from '../../flags.ts';
import {
  type Assignment,
  type Borrowing,
  createIpamApi,
  type IpamApi,
  type IpamConfig,
  type PoolUsage,
} from '../../ipam/ask.ts';
import { printBox } from '../../output/boxed-table.ts';
import { printDocument } from '../../output/document.ts';
import { printFiveDigits, printShare } from '../../output/go-number.ts';
import { withTransport } from '../../session.ts';

export const ipamShowCommand: Command = {
  usage: '[--ip=IP | --show-blocks | --show-borrowed | --show-configuration] [flags]',
  description: 'Shows how many addresses of each pool are in use, or what the flags ask for.',
  flags: [
    { flags: '--ip <ip>', description: 'whether the address is in use, and by whom' },
    { flags: '--show-blocks', description: 'the blocks of each pool too, and those of none' },
    { flags: '--show-borrowed', description: "addresses that hosts use of others' blocks" },
    { flags: '--show-configuration', description: 'the settings of IPAM' },
    outputFlag,
    ...connectionFlags,
  ],
  examples: ['calicoctl ipam show', 'calicoctl ipam show --show-blocks', 'calicoctl ipam show --ip=10.77.3.65 -o json'],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const modes = ['showBlocks', 'showBorrowed', 'showConfiguration'].filter((name) => isSet(flags, name));
  const ip = textFlag(flags, 'ip');
  if (modes.length + (ip === undefined ? 0 : 1) > 1)
    throw usageError('--ip, --show-blocks, --show-borrowed and --show-configuration exclude each other');
  const format = documentFormat(flags);
  return withTransport(context, flags, async (transport) => {
    const { data, text } = await read(createIpamApi(transport), ip, modes[0]);
    if (format === undefined) context.out(text());
    else await printDocument(context, format, data);
    return exitCodes.ok;
  });
}

/** What was asked for, as data and as text. */
async function read(ipam: IpamApi, ip: string | undefined, mode: string | undefined) {
  if (ip !== undefined) {
    const assignment = await ipam.assignment(ip);
    return { data: { ip, assignment: assignment ?? null }, text: () => printAssignment(ip, assignment) };
  }
  if (mode === 'showBorrowed') {
    const borrowing = await ipam.borrowing();
    return { data: borrowing, text: () => printBorrowing(borrowing) };
  }
  if (mode === 'showConfiguration') {
    const config = await ipam.config();
    return { data: config, text: () => printConfig(config) };
  }
  const pools = await ipam.utilisation();
  return { data: { pools }, text: () => printPools(pools, mode === 'showBlocks') };
}

function printAssignment(ip: string, assignment: Assignment | undefined): string {
  if (assignment === undefined) return `${ip} is not assigned\n`;
  const { handle = '<none>', attributes, alternateAttributes, releasedAt } = assignment;
  const lines = [
    `IP ${ip} is in use`,
    `Handle ID: ${handle}`,
    ...attributeLines('Active Owner Attributes:', attributes),
    ...attributeLines('Alternate Owner Attributes:', alternateAttributes ?? {}),
    ...(releasedAt === undefined ? [] : [`Released at ${releasedAt}; cooling down`]),
  ];
  return `${lines.join('\n')}\n`;
}

function attributeLines(title: string, attributes: Readonly<Record<string, string>>): string[] {
  const names = Object.keys(attributes).sort();
  return names.length === 0 ? [] : [title, ...names.map((name) => `  ${name}: ${attributes[name]}`)];
}

function printPools(pools: readonly PoolUsage[], showBlocks: boolean): string {
  const row = (grouping: string, { cidr, capacity, inUse, reserved, free }: Omit<PoolUsage, 'blocks'>) => {
    const whole = Number(capacity);
    const share = (part: string) => printShare(Number(part), whole);
    return [grouping, cidr, printFiveDigits(whole), share(inUse), share(reserved), share(free)];
  };
  const rows = pools.flatMap((pool) => [
    ...(pool.name === undefined ? [] : [row('IP Pool', pool)]),
    ...(showBlocks ? pool.blocks.map((block) => row('Block', block)) : []),
  ]);
  const headings = ['GROUPING', 'CIDR', 'IPS TOTAL', 'IPS IN USE', 'IPS RESERVED', 'IPS FREE'];
  return printBox(headings, rows, ['left', 'left', 'right', 'right', 'right', 'right']);
}

function printBorrowing({ borrowed, unclassified }: Borrowing): string {
  const rows = borrowed.map(({ ip, node, block, blockOwner, type, allocatedTo }) => [
    ip,
    node,
    block,
    blockOwner,
    type,
    allocatedTo,
  ]);
  const table = printBox(['IP', 'BORROWING-NODE', 'BLOCK', 'BLOCK OWNER', 'TYPE', 'ALLOCATED-TO'], rows);
  if (unclassified === 0) return table;
  return `${table}NOTE: ${unclassified} allocated addresses name no node; whether they are borrowed cannot be told.\n`;
}

function printConfig(config: IpamConfig): string {
  const rows: [string, string][] = [
    ['StrictAffinity', String(config.strictAffinity)],
    ['AutoAllocateBlocks', String(config.autoAllocateBlocks)],
    ['MaxBlocksPerHost', String(config.maxBlocksPerHost)],
    ['KubeVirtVMAddressPersistence', config.kubeVirtVMAddressPersistence],
    ['IPCooldownSeconds', String(config.ipCooldownSeconds)],
  ];
  return printBox(['PROPERTY', 'VALUE'], rows);
}
