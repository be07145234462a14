/** The life of a command that works on a store itself: open, work, close. I/O. */
import { existsSync } from 'node:fs';
import { giveTo } from '#appliance/datastore/level/owner.ts';
import { openStore } from '#appliance/datastore/registry.ts';
import type { Store } from '#appliance/datastore/store.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import type { Flag, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { cliError } from '../errors.ts';
import { findStore, localDirectory } from './address.ts';

/** How to find the store. */
export const storeFlags: readonly Flag[] = [
  {
    flags: '--datastore <address>',
    description: 'unix:/path, http://HOST:PORT or https://HOST:PORT of an etcd or an appliance (default: see above)',
  },
  { flags: '-c, --config <path>', description: 'file of kind CalicoAPIConfig (default: /etc/calico/calicoctl.cfg)' },
];

/** For commands that also work on the files of a server that is stopped. */
export const dataDirFlag: Flag = {
  flags: '--data-dir <path>',
  description: 'CALICO_DATA_DIR of a stopped server (/var/lib/calico) instead of a running store',
};

/** What the descriptions of these commands end with. */
export const storeHint =
  'The store is the one --datastore names, else that of ETCD_ENDPOINTS or spec.etcdEndpoints of the configuration ' +
  "file with their certificates, else this machine's own: unix:$CALICO_RUN_DIR/etcd.sock.";

/** Runs `work` with the store that flags and environment name, and closes it afterwards. */
export async function withStore<T>(
  context: CliContext,
  flags: FlagValues,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const target = await findStore(context, flags);
  const directory = localDirectory(target);
  if (directory !== undefined && !existsSync(directory)) throw cliError('CLI_NOT_FOUND', `there is no ${directory}`);
  const store = await openStore({ ...target, log: silentLogger });
  try {
    return await work(store);
  } finally {
    await store.close();
    if (directory !== undefined) await giveTo(directory);
  }
}
