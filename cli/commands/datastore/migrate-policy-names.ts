/** `calicoctl datastore migrate-policy-names`: gives policies that an older version stored the keys of today. I/O. */
import { migratePolicyNames } from '#appliance/datastore/migrate/policy-names.ts';
import type { Command } from '../../command.ts';
import { storeFlags, storeHint, withStore } from '../../datastore/session.ts';
import { exitCodes } from '../../errors.ts';
import { isSet } from '../../flags.ts';

export const migratePolicyNamesCommand: Command = {
  usage: '[--dry-run] [flags]',
  description: `Renames policies of the default tier that versions before v3.32 stored with the prefix 'default.'. ${storeHint}`,
  flags: [{ flags: '--dry-run', description: 'only show what would be renamed' }, ...storeFlags],
  examples: ['calicoctl datastore migrate-policy-names --dry-run', 'calicoctl datastore migrate-policy-names'],
  positionals: { min: 0, max: 0 },
  run: (context, _positionals, flags) =>
    withStore(context, flags, async (store) => {
      const isDryRun = isSet(flags, 'dryRun');
      const moves = await migratePolicyNames(store, isDryRun);
      if (isDryRun) for (const { from, to } of moves) context.out(`${from} -> ${to}\n`);
      context.out(
        isDryRun
          ? `Policy name migration would migrate ${moves.length} policies.\n`
          : `Policy name migration complete, migrated ${moves.length} policies.\n`,
      );
      return exitCodes.ok;
    }),
};
