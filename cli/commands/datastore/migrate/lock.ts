/** `calicoctl datastore migrate lock`: sets `datastoreReady` of ClusterInformation. I/O. */
import type { Command } from '../../../command.ts';
import { runLock } from '../../../datastore/run-lock.ts';
import { storeFlags, storeHint } from '../../../datastore/session.ts';

export const lockCommand: Command = {
  usage: '[flags]',
  description: `Locks the store to prepare it for migration: agents keep what they enforce and take nothing new. Writing is not prevented. ${storeHint}`,
  flags: storeFlags,
  examples: ['calicoctl datastore migrate lock'],
  positionals: { min: 0, max: 0 },
  run: (context, _positionals, flags) => runLock(context, flags, true),
};
