/** `calicoctl datastore check`: verifies a whole store, the files of a stopped server included. I/O. */
import { checkHistory, checkStore } from '#appliance/datastore/check/check.ts';
import type { Finding } from '#appliance/datastore/check/finding.ts';
import { hasCode } from '#appliance/lib/errors.ts';
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { findStore, localDirectory } from '../../datastore/address.ts';
import { documentFormat, outputFlag } from '../../datastore/output.ts';
import { dataDirFlag, storeFlags, storeHint, withStore } from '../../datastore/session.ts';
import { errorText, exitCodes } from '../../errors.ts';
import { printDocument } from '../../output/document.ts';

export const checkCommand: Command = {
  usage: '[flags]',
  description:
    'Reads every key: that it can be read and keeps the rules of its kind, that no uid is used twice, that IPAM blocks, affinities and ' +
    'handles agree. With --data-dir also every byte of the files, and all history. Exit code 0 without errors, 1 with; warnings do not ' +
    `count. ${storeHint}`,
  flags: [outputFlag, dataDirFlag, ...storeFlags],
  examples: ['calicoctl datastore check', 'calicoctl datastore check --data-dir /var/lib/calico -o json'],
  positionals: { min: 0, max: 0 },
  run,
};

interface Report {
  readonly revision?: number;
  readonly keys?: number;
  /** Changes of the past that were read; only of files. */
  readonly history?: number;
  readonly findings: readonly Finding[];
}

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const format = documentFormat(flags);
  const report = await check(context, flags);
  const errors = report.findings.filter(({ level }) => level === 'error').length;
  if (format !== undefined) await printDocument(context, format, report);
  else context.out(printText(report, errors));
  return errors === 0 ? exitCodes.ok : exitCodes.failure;
}

/** A store that is too damaged to open has one finding: why. */
async function check(context: CliContext, flags: FlagValues): Promise<Report> {
  const isLocal = localDirectory(await findStore(context, flags)) !== undefined;
  try {
    return await withStore(context, flags, async (store) => {
      const history = isLocal ? { history: await checkHistory(store) } : {};
      return { ...(await checkStore(store)), ...history };
    });
  } catch (error) {
    if (!hasCode(error, 'STORE_CORRUPT')) throw error;
    return { findings: [{ level: 'error', key: '', message: errorText(error) }] };
  }
}

function printText({ findings, revision, keys }: Report, errors: number): string {
  const lines = findings.map(({ level, key, message }) => `${level}: ${key === '' ? '' : `${key} `}${message}`);
  const what = revision === undefined ? 'The store' : `${keys} keys of revision ${revision}`;
  return `${[...lines, `Checked ${what}: ${errors} errors, ${findings.length - errors} warnings`].join('\n')}\n`;
}
