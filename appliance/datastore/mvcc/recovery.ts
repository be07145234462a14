/**
 * After a failed batch nobody knows what is on disk, and LevelDB's log may end in a torn record: the database is closed, opened anew and
 * read again, and only then written to. Until that works the old handle goes on serving reads as long as it can. I/O.
 */
import type { Logger } from '../../lib/log.ts';
import { storeErrors } from '../errors.ts';
import type { StoreClock } from './clock.ts';
import type { DatabaseSource } from './database.ts';
import { load } from './load.ts';
import type { State } from './state.ts';

export interface RecoveryOptions {
  readonly source: DatabaseSource;
  readonly clock: StoreClock;
  readonly log: Logger;
  /** Gives up when aborted. */
  readonly signal: AbortSignal;
}

const pauseMs = 1000;

/** Resolves when `state` is what a fresh open would find; STORE_CORRUPT when something acknowledged is gone. */
export async function recover(state: State, cause: unknown, options: RecoveryOptions): Promise<void> {
  const { log, signal } = options;
  log.error(
    { cause: String(cause), revision: state.revision },
    'a write failed, the store takes no writes until it has read itself anew',
  );
  for (;;) {
    if (signal.aborted) throw storeErrors.fail('STORE_CLOSED');
    try {
      await reopen(state, options.source);
      log.info({ revision: state.revision }, 'the store takes writes again');
      return;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'STORE_CORRUPT') throw error;
      log.warn({ cause: String(error) }, 'the store cannot be written yet');
    }
    await pause(options.clock, signal);
  }
}

async function reopen(state: State, source: DatabaseSource): Promise<void> {
  await source.probe();
  await state.database.close();
  const database = await source.open();
  const found = await load(database);
  if (found.revision < state.revision) {
    await database.close();
    const what = `acknowledged revision ${state.revision}, but the database ends at ${found.revision}`;
    throw storeErrors.fail('STORE_CORRUPT', what);
  }
  Object.assign(state, found);
}

function pause(clock: StoreClock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(pauseMs, done);
    function done(): void {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
