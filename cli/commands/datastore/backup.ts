/** `calicoctl datastore backup`: every key of a running store, as of one revision, in one file. I/O. */
import type { FileHandle } from 'node:fs/promises';
import { writeWhole } from '#appliance/datastore/backup/file.ts';
import type { BackupHeader } from '#appliance/datastore/backup/format.ts';
import { writeBackup } from '#appliance/datastore/backup/write.ts';
import type { Store } from '#appliance/datastore/store.ts';
import { hasCode } from '#appliance/lib/errors.ts';
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { storeFlags, storeHint, withStore } from '../../datastore/session.ts';
import { exitCodes } from '../../errors.ts';
import { textFlag } from '../../flags.ts';

export const backupCommand: Command = {
  usage: 'FILE [flags]',
  description:
    'Backs up the store while it runs: every key as it was at one revision, whatever is written meanwhile. FILE appears whole or not ' +
    `at all, readable for its owner alone; - writes to stdout. ${storeHint}`,
  flags: [{ flags: '--prefix <text>', description: 'only keys that begin so (default: all keys)' }, ...storeFlags],
  examples: [
    'calicoctl datastore backup /var/backups/calico-monday.backup',
    'calicoctl datastore backup - --datastore https://10.0.0.1:2379 --prefix /calico/ | gzip >calico.backup.gz',
  ],
  positionals: { min: 1, max: 1 },
  run,
};

const attemptsMax = 5;

async function run(context: CliContext, [path = '']: readonly string[], flags: FlagValues): Promise<number> {
  const prefix = textFlag(flags, 'prefix') ?? '';
  return withStore(context, flags, async (store) => {
    const header = path === '-' ? await toStdout(context, store, prefix) : await toFile(store, prefix, path);
    const place = path === '-' ? '' : ` to ${path}`;
    context.err(`Backed up ${header.keys} keys of revision ${header.revision}${place}\n`);
    return exitCodes.ok;
  });
}

/** What has gone out cannot be taken back, so there is one attempt; a cut-off backup is known as such. */
function toStdout(context: CliContext, store: Store, prefix: string): Promise<BackupHeader> {
  return writeBackup({ store, prefix, now: () => new Date(), write: async (bytes) => context.out(bytes.toString()) });
}

function toFile(store: Store, prefix: string, path: string): Promise<BackupHeader> {
  return writeWhole(path, (file) => fill(file, store, prefix));
}

/** Begins anew at a later revision when the store has forgotten the one that is being read. */
async function fill(file: FileHandle, store: Store, prefix: string): Promise<BackupHeader> {
  for (let attempt = 1; ; attempt++) {
    let position = 0;
    const write = async (bytes: Buffer) => {
      for (let start = 0; start < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, start, bytes.length - start, position);
        start += bytesWritten;
        position += bytesWritten;
      }
    };
    try {
      return await writeBackup({ store, prefix, now: () => new Date(), write });
    } catch (error) {
      if (attempt >= attemptsMax || !hasCode(error, 'BACKUP_OVERTAKEN')) throw error;
      await file.truncate(0);
    }
  }
}
