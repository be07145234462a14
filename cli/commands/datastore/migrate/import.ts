/** `calicoctl datastore migrate import`: a migration file, ours or upstream's, into an empty store. I/O. */
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type ImportPlan, importPlan, type MigrationFile, planImport } from '#appliance/datastore/migrate/import.ts';
import { AppError, hasCode } from '#appliance/lib/errors.ts';
import { parseExact } from '#appliance/lib/exact-json.ts';
import type { Command, FlagValues } from '../../../command.ts';
import type { CliContext } from '../../../context.ts';
import { storeFlags, storeHint, withStore } from '../../../datastore/session.ts';
import { cliError, exitCodes, usageError } from '../../../errors.ts';
import { textFlag } from '../../../flags.ts';
import { parseDocuments } from '../../../input/documents.ts';

export const importCommand: Command = {
  usage: '-f FILE [flags]',
  description:
    'Writes what datastore migrate export printed into an empty store: resources with their uids and times of creation, the identity of ' +
    'the cluster, IPAM. All of the file is checked first. The store stays locked: datastore migrate unlock when agents may use it. After ' +
    `a crash, repeat the command. ${storeHint}`,
  flags: [{ flags: '-f, --filename <path>', description: 'the file; - for stdin' }, ...storeFlags],
  examples: ['calicoctl datastore migrate import -f calico-migration --datastore https://10.0.0.1:2379'],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const path = textFlag(flags, 'filename');
  if (path === undefined) throw usageError('-f FILE names what to import');
  const file = await readMigrationFile(path === '-' ? await context.readStdin() : readText(path), path);
  const plan = planImport(file, { now: () => new Date(), uuid: randomUUID });
  return withStore(context, flags, async (store) => {
    await importPlan(store, plan).catch(explain);
    report(context, plan);
    return exitCodes.ok;
  });
}

/** Resources, ClusterInformation and IPAM, with a line `===` between each two. */
async function readMigrationFile(text: string, path: string): Promise<MigrationFile> {
  const parts = text.split(/^===\r?\n/m);
  const [resources = '', information = '', ipam = ''] = parts;
  if (parts.length !== 3) {
    const what = `Imported file: ${path} is improperly formatted. Try recreating with 'calicoctl datastore migrate export'`;
    throw cliError('CLI_INPUT', what);
  }
  const documents = await parseDocuments(resources, path);
  return {
    sha256: createHash('sha256').update(text).digest('hex'),
    resources: documents.flatMap(({ value }) => itemsOf(value)),
    clusterInformation: parseExact(information),
    ipam: parseExact(ipam),
  };
}

/** The items of a typed list or of an array; any other document is one. */
function itemsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap(itemsOf);
  const { kind, items } = (value ?? {}) as { kind?: unknown; items?: unknown };
  return typeof kind === 'string' && kind.endsWith('List') && (Array.isArray(items) || items == null)
    ? ((items ?? []) as readonly unknown[])
    : [value];
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw cliError('CLI_INPUT', `Error while reading migration file: ${(error as Error).message}`);
  }
}

function explain(error: unknown): never {
  if (!(error instanceof AppError) || !hasCode(error, 'RESTORE_NOT_EMPTY')) throw error;
  throw new AppError(error.code, `Datastore already has Calico resources: ${error.message}. Import into an empty one.`);
}

function report(context: CliContext, { resources, ipam, others }: ImportPlan): void {
  context.out(`Successfully applied ${resources.length} resource(s)\n`);
  context.out('Importing IPAM resources\n');
  context.out(`Successfully applied ${ipam.length} IPAM resource(s)\n`);
  if (others.length > 0) context.out(`Successfully applied ${others.length} other key(s)\n`);
  context.out(
    'Datastore information successfully imported. Please refer to the datastore migration documentation for next steps.\n',
  );
}
