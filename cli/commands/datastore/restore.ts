/** `calicoctl datastore restore`: a verified backup into a store, or into the files of a stopped server. I/O. */
import type { FileHandle } from 'node:fs/promises';
import { openToRead } from '#appliance/datastore/backup/file.ts';
import { type VerifiedBackup, verifyBackup } from '#appliance/datastore/backup/read.ts';
import { type RestoreOptions, type RestoreResult, restoreBackup } from '#appliance/datastore/backup/restore.ts';
import { restoreIntoDirectory } from '#appliance/datastore/backup/restore-directory.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { findStore, localDirectory } from '../../datastore/address.ts';
import { dataDirFlag, storeFlags, storeHint, withStore } from '../../datastore/session.ts';
import { exitCodes, usageError } from '../../errors.ts';
import { isSet } from '../../flags.ts';

export const restoreCommand: Command = {
  usage: 'FILE [flags]',
  description:
    'Restores a backup. The whole file is verified before the first change. The store must be empty unless --replace is given: then keys ' +
    'that differ are overwritten and keys that are not in the backup are deleted. The store is locked meanwhile; after a crash, repeat the ' +
    `command to finish. With --data-dir the old database is kept beside the new one, and may be damaged. ${storeHint}`,
  flags: [
    {
      flags: '--replace',
      description: 'restore into a store that is not empty, deleting what the backup does not have',
    },
    { flags: '--dry-run', description: 'verify, and say what would change' },
    dataDirFlag,
    ...storeFlags,
  ],
  examples: [
    'calicoctl datastore restore /var/backups/calico-monday.backup',
    'systemctl stop calico-apiserver && calicoctl datastore restore monday.backup --data-dir /var/lib/calico',
  ],
  positionals: { min: 1, max: 1 },
  run,
};

async function run(context: CliContext, [path = '']: readonly string[], flags: FlagValues): Promise<number> {
  if (path === '-')
    throw usageError('a backup is verified before it is restored, which takes a file: stdin has only one pass');
  const file = await openToRead(path);
  try {
    const backup = await verifyBackup(file);
    const { keys, revision, createdAt, clusterGuid } = backup.header;
    const cluster = clusterGuid === '' ? '' : ` of cluster ${clusterGuid}`;
    context.out(`Verified ${path}: ${keys} keys of revision ${revision}${cluster}, taken ${createdAt}\n`);
    return await restore(context, flags, file, backup);
  } finally {
    await file.close();
  }
}

async function restore(context: CliContext, flags: FlagValues, file: FileHandle, backup: VerifiedBackup) {
  const options: Omit<RestoreOptions, 'store'> = {
    file,
    backup,
    replace: isSet(flags, 'replace'),
    isDryRun: isSet(flags, 'dryRun'),
  };
  const directory = localDirectory(await findStore(context, flags));
  if (directory === undefined) {
    return withStore(context, flags, async (store) => {
      const result = await restoreBackup({ ...options, store });
      report(context, options, result);
      warnOfAgents(context, backup, result);
      return exitCodes.ok;
    });
  }
  const result = await restoreIntoDirectory({ ...options, directory, log: silentLogger, now: () => new Date() });
  report(context, options, result);
  if (result.replaced !== undefined) context.out(`The database that was there is kept as ${result.replaced}\n`);
  return exitCodes.ok;
}

function report(context: CliContext, { isDryRun }: Omit<RestoreOptions, 'store'>, result: RestoreResult): void {
  const [wrote, deleted] = isDryRun ? ['Would write', 'delete'] : ['Restored: wrote', 'deleted'];
  context.out(`${wrote} ${result.puts} keys, ${deleted} ${result.deletes}\n`);
  if (result.isLocked)
    context.out('The store was locked when it was backed up, and is again: calicoctl datastore migrate unlock\n');
}

/** Agents compare revisions. A store that begins below what they know and then overtakes it looks like one that went on. */
function warnOfAgents(context: CliContext, { header }: VerifiedBackup, { revisionBefore }: RestoreResult): void {
  if (revisionBefore >= header.revision) return;
  context.err(
    `The store was at revision ${revisionBefore}, the backup is of ${header.revision}: ` +
      'restart calico-node on hosts whose agents have followed the store that was backed up\n',
  );
}
