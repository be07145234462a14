/** `calicoctl datastore migrate unlock`: sets `datastoreReady` of ClusterInformation. I/O. */
import type { Command } from '../../../command.ts';
import { runLock } from '../../../datastore/run-lock.ts';
import { storeFlags, storeHint } from '../../../datastore/session.ts';

export const unlockCommand: Command = {
  usage: '[flags]',
  description: `Unlocks the store: agents take what it holds. ${storeHint}`,
  flags: storeFlags,
  examples: ['calicoctl datastore migrate unlock'],
  positionals: { min: 0, max: 0 },
  run: (context, _positionals, flags) => runLock(context, flags, false),
};
