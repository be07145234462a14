/** What can be wrong with a backup, or with the store it is to be restored into. Pure. */
import { defineErrors } from '../../lib/errors.ts';

export const backupErrors = defineErrors({
  BACKUP_FOREIGN: { message: 'not a backup of this program, or its first line is damaged', retry: 'never' },
  BACKUP_NEWER: { message: 'the backup is of a later version of this program', retry: 'never' },
  BACKUP_TRUNCATED: { message: 'the backup is not whole: its end is missing', retry: 'never' },
  BACKUP_DAMAGED: { message: 'the backup is not what was written', retry: 'never' },
  BACKUP_TRAILING: { message: 'the backup goes on after its end: it was joined with something', retry: 'never' },
  BACKUP_OVERTAKEN: { message: 'the store forgot the revision while it was read', retry: 'later' },
  BACKUP_FILE: { message: 'the file cannot be read or written', retry: 'never' },
  RESTORE_NOT_EMPTY: { message: 'the store is not empty', retry: 'never' },
  RESTORE_UNFINISHED: { message: 'an earlier restore or import was not finished', retry: 'never' },
  RESTORE_DISTURBED: { message: 'somebody else writes to the store', retry: 'later' },
  STORE_NOT_LOCKED: { message: 'the datastore is not locked', retry: 'never' },
});
