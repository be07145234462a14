/** Makes an empty directory the start of a store that a restore fills: its revisions go on from a given one. I/O. */
import { seedOperations } from '../mvcc/seed.ts';
import { translate } from '../mvcc/translate.ts';
import type { Revision } from '../store.ts';
import { levelSource } from './source.ts';

/** The next store opened in `directory` is at `revision`, with no keys and no history. */
export async function seedDirectory(directory: string, revision: Revision): Promise<void> {
  const database = await levelSource(directory).open();
  try {
    await database.batch(seedOperations(revision), { sync: true });
  } catch (error) {
    throw translate(error, directory);
  } finally {
    await database.close();
  }
}
