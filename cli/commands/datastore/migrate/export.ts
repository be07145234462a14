/** `calicoctl datastore migrate export`: all of Calico in a store, on stdout, in upstream's migration format. I/O. */
import { type Export, exportStore } from '#appliance/datastore/migrate/export.ts';
import { hasCode } from '#appliance/lib/errors.ts';
import type { Command, FlagValues } from '../../../command.ts';
import type { CliContext } from '../../../context.ts';
import { storeFlags, storeHint, withStore } from '../../../datastore/session.ts';
import { cliError, exitCodes } from '../../../errors.ts';
import { printJson } from '../../../output/json.ts';
import { printYaml } from '../../../output/yaml.ts';

export const exportCommand: Command = {
  usage: '[flags] >FILE',
  description:
    'Prints everything of Calico in a locked store for datastore migrate import: resources as YAML, ClusterInformation and IPAM as JSON, ' +
    "in the format of Calico's own calicoctl. Workloads, profiles and status, which that leaves out, go along in the IPAM part. " +
    `${storeHint}`,
  flags: storeFlags,
  examples: [
    'calicoctl datastore migrate lock && calicoctl datastore migrate export >calico-migration',
    'calicoctl datastore migrate export --datastore https://10.0.0.1:2379 >calico-migration',
  ],
  positionals: { min: 0, max: 0 },
  run,
};

const notLocked =
  'datastore is not locked. Run the `calicoctl datastore migrate lock` command in order to begin migration';

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  return withStore(context, flags, async (store) => {
    const found = await exportStore(store).catch((error: unknown) => {
      throw hasCode(error, 'STORE_NOT_LOCKED') ? cliError('CLI_FAILED', notLocked) : error;
    });
    await print(context, found);
    return exitCodes.ok;
  });
}

async function print(context: CliContext, found: Export): Promise<void> {
  const metadata = { resourceVersion: String(found.revision) };
  for await (const { kind, items } of found.lists()) {
    const list = { apiVersion: 'projectcalico.org/v3', kind: `${kind.kind}List`, metadata, items };
    context.out(`${printYaml(list)}---\n`);
  }
  context.out(`===\n${printJson(found.clusterInformation)}\n===\n`);
  context.out(`${printJson(await found.ipam())}\n`);
}
