/** `calicoctl ipam check`: what IPAM says against who uses which address; and with `--fix` the leaks given back. I/O. */
import { writeFileSync } from 'node:fs';
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { cliError, errorText, exitCodes, usageError } from '../../errors.ts';
import { connectionFlags, isSet, textFlag } from '../../flags.ts';
import { createIpamApi, type IpamApi, type IpamCheck } from '../../ipam/ask.ts';
import { printCheck } from '../../ipam/check-text.ts';
import { printRelease } from '../../ipam/release-text.ts';
import { printReport } from '../../ipam/report.ts';
import { withTransport } from '../../session.ts';

export const ipamCheckCommand: Command = {
  usage: '[--show-all-ips] [--show-problem-ips] [-o FILE] [--fix [--dry-run] [--force]] [flags]',
  description:
    'Holds the addresses that IPAM has given against those that workloads, tunnels and hosts use. Ends with exit code 3 when there are problems. ' +
    '--fix gives back addresses and handles that nobody uses; the datastore must be locked for that, as an address is given before its workload is there.',
  flags: [
    { flags: '--show-all-ips', description: 'every address, and who uses it' },
    { flags: '--show-problem-ips', description: 'the addresses of each problem' },
    { flags: '-o, --output <file>', description: 'write a report, for ipam release --from-report' },
    { flags: '--fix', description: 'give back what nobody uses' },
    { flags: '--dry-run', description: 'with --fix: only say what would be given back' },
    { flags: '--force', description: 'with --fix: although the datastore is not locked' },
    { flags: '--kubeconfig <file>', description: 'taken and not needed', isHidden: true },
    ...connectionFlags,
  ],
  examples: [
    'calicoctl ipam check',
    'calicoctl ipam check --show-problem-ips -o report.json',
    'calicoctl ipam check --fix --dry-run',
  ],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  if (!isSet(flags, 'fix') && (isSet(flags, 'dryRun') || isSet(flags, 'force')))
    throw usageError('--dry-run and --force belong to --fix');
  return withTransport(context, flags, async (transport) => {
    const ipam = createIpamApi(transport);
    const check = await ipam.check();
    const [showAllIps, showProblemIps] = [isSet(flags, 'showAllIps'), isSet(flags, 'showProblemIps')];
    context.out(printCheck(check, { showAllIps, showProblemIps }));
    writeReport(textFlag(flags, 'output'), check);
    if (isSet(flags, 'fix')) await fix(context, ipam, check, flags);
    return check.problemCount === 0 ? exitCodes.ok : exitCodes.partial;
  });
}

function writeReport(path: string | undefined, check: IpamCheck): void {
  if (path === undefined) return;
  try {
    writeFileSync(path, printReport(check), { mode: 0o600 });
  } catch (error) {
    throw cliError('CLI_FAILED', `the report cannot be written: ${errorText(error)}`);
  }
}

async function fix(context: CliContext, ipam: IpamApi, check: IpamCheck, flags: FlagValues): Promise<void> {
  const isDryRun = isSet(flags, 'dryRun');
  if (!check.cluster.isLocked && !isDryRun && !isSet(flags, 'force'))
    throw cliError(
      'CLI_FAILED',
      "the datastore is not locked: run 'calicoctl datastore migrate lock' first, or give --force",
    );
  const { leaked, leakedHandles } = check.problems;
  const addresses = leaked.map(({ ip, handle, sequenceNumber }) => ({ ip, handle, sequenceNumber }));
  context.out(printRelease(await ipam.release({ addresses, handles: leakedHandles }, isDryRun), isDryRun));
}
