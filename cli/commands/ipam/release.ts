/** `calicoctl ipam release`: gives back one address, or what reports of `ipam check` agree is leaked. I/O. */
import { readFileSync } from 'node:fs';
import { calicoVersion } from '#appliance/resources/calico-version.ts';
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { cliError, errorText, exitCodes, usageError } from '../../errors.ts';
import { connectionFlags, isSet, listFlag, textFlag } from '../../flags.ts';
import { createIpamApi, type IpamApi, type IpamCheck } from '../../ipam/ask.ts';
import { printRelease } from '../../ipam/release-text.ts';
import { agreedLeaks, parseReport, type Report } from '../../ipam/report.ts';
import { withTransport } from '../../session.ts';

export const ipamReleaseCommand: Command = {
  usage: '(--ip=IP | --from-report=FILE...) [--force] [--dry-run] [flags]',
  description:
    'Gives back an address, or all that every given report calls leaked and that were not given anew since. Reports must be of this cluster; one must ' +
    'have been made after the datastore was locked, and it must be locked still.',
  flags: [
    { flags: '--ip <ip>', description: 'the address to give back' },
    { flags: '--from-report <file>', description: 'report of ipam check; may be repeated', isRepeatable: true },
    { flags: '--force', description: 'although lock, revision or version do not fit' },
    { flags: '--dry-run', description: 'only say what would be given back' },
    ...connectionFlags,
  ],
  examples: [
    'calicoctl ipam release --ip=10.77.3.65',
    'calicoctl ipam release --from-report=a.json --from-report=b.json',
  ],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const [ip, files] = [textFlag(flags, 'ip'), listFlag(flags, 'fromReport')];
  if ((ip === undefined) === (files.length === 0)) throw usageError('give either --ip or --from-report');
  const reports = files.map(readReport);
  return withTransport(context, flags, async (transport) => {
    const ipam = createIpamApi(transport);
    const isDryRun = isSet(flags, 'dryRun');
    if (ip !== undefined) return releaseOne(context, ipam, ip, isDryRun);
    checkReports(reports, (await ipam.check()).cluster, isSet(flags, 'force'));
    const { leaked, leakedHandles } = agreedLeaks(reports);
    const result = await ipam.release({ addresses: leaked, handles: leakedHandles }, isDryRun);
    context.out(printRelease(result, isDryRun));
    return result.conflicts.length === 0 ? exitCodes.ok : exitCodes.partial;
  });
}

async function releaseOne(context: CliContext, ipam: IpamApi, ip: string, isDryRun: boolean): Promise<number> {
  const { released } = await ipam.release({ addresses: [{ ip }] }, isDryRun);
  if (released.length === 0) throw cliError('CLI_FAILED', `IP address ${ip} is not assigned`);
  context.out(isDryRun ? `Would release IP address ${ip}\n` : `Successfully released IP address ${ip}\n`);
  return exitCodes.ok;
}

function readReport(path: string): Report {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw cliError('CLI_INPUT', `the report cannot be read: ${errorText(error)}`);
  }
  return parseReport(text, path);
}

/** Reports of another cluster are refused whatever is forced. */
function checkReports(reports: readonly Report[], cluster: IpamCheck['cluster'], isForced: boolean): void {
  const fail = (message: string) => {
    throw cliError('CLI_FAILED', message);
  };
  if (reports.some(({ clusterGuid }) => clusterGuid !== cluster.guid))
    fail('a report is of another cluster: its GUID is not that of this one');
  if (isForced) return;
  if (reports.some(({ version }) => version !== calicoVersion))
    fail(`a report was made by another version than ${calicoVersion}; give --force to take it`);
  if (!cluster.isLocked)
    fail("the datastore is not locked: run 'calicoctl datastore migrate lock' first, or give --force");
  if (!reports.some(({ clusterInformationRevision }) => clusterInformationRevision === String(cluster.revision)))
    fail('no report was made since the datastore was locked; run ipam check again, or give --force');
}
