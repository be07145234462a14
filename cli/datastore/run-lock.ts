/** What `datastore migrate lock` and `unlock` have in common. I/O. */
import { randomUUID } from 'node:crypto';
import { setLock } from '#appliance/datastore/migrate/lock.ts';
import type { FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { exitCodes } from '../errors.ts';
import { withStore } from './session.ts';

/** Sets the lock and says so in upstream's words. */
export function runLock(context: CliContext, flags: FlagValues, isLocked: boolean): Promise<number> {
  return withStore(context, flags, async (store) => {
    await setLock(store, isLocked, { now: () => new Date(), uuid: randomUUID });
    context.out(isLocked ? 'Datastore locked.\n' : 'Datastore unlocked.\n');
    return exitCodes.ok;
  });
}
