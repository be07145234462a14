/** `calicoctl datastore compact`: forgets history, and gives the room back on request. I/O. */
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { dataDirFlag, storeFlags, storeHint, withStore } from '../../datastore/session.ts';
import { exitCodes } from '../../errors.ts';
import { isSet, revisionFlag } from '../../flags.ts';

export const compactCommand: Command = {
  usage: '[flags]',
  description:
    'Forgets the history before a revision: reading and watching below it fail, and whoever follows the store lists it anew. Needed only ' +
    `where nobody compacts: the embedded store keeps its history short by itself, an etcd does not. ${storeHint}`,
  flags: [
    { flags: '--revision <revision>', description: 'the oldest revision to keep (default: the newest)' },
    { flags: '--defrag', description: 'give the room back to the disk; an etcd server answers nobody meanwhile' },
    dataDirFlag,
    ...storeFlags,
  ],
  examples: ['calicoctl datastore compact', 'calicoctl datastore compact --revision 120000 --defrag'],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const wanted = revisionFlag(flags, 'revision', '--revision');
  return withStore(context, flags, async (store) => {
    const { current, compacted } = await store.revisions();
    const revision = wanted === undefined ? current : Number(wanted);
    if (wanted === undefined && current <= compacted)
      context.out(`Nothing to forget: ${current} is the only revision\n`);
    else {
      await store.compact(revision);
      context.out(`Compacted: ${revision} is the oldest revision now\n`);
    }
    if (!isSet(flags, 'defrag')) return exitCodes.ok;
    await store.defragment();
    context.out(`Defragmented: ${(await store.status()).sizeBytes} bytes on disk\n`);
    return exitCodes.ok;
  });
}
