/** `calicoctl datastore status`: how a store is and what it holds. I/O. */
import { readUnfinished } from '#appliance/datastore/backup/unfinished.ts';
import { countKeys } from '#appliance/datastore/check/count.ts';
import type { Store } from '#appliance/datastore/store.ts';
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { documentFormat, outputFlag } from '../../datastore/output.ts';
import { dataDirFlag, storeFlags, storeHint, withStore } from '../../datastore/session.ts';
import { exitCodes } from '../../errors.ts';
import { printDocument } from '../../output/document.ts';

export const statusCommand: Command = {
  usage: '[flags]',
  description: `Shows revisions, size, alarms and servers of a store, and how many keys of which kind it has. ${storeHint}`,
  flags: [outputFlag, dataDirFlag, ...storeFlags],
  examples: ['calicoctl datastore status', 'calicoctl datastore status -o json'],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const format = documentFormat(flags);
  return withStore(context, flags, async (store) => {
    const found = await readAll(store);
    if (format === undefined) context.out(printText(found));
    else await printDocument(context, format, found);
    return exitCodes.ok;
  });
}

type Found = Awaited<ReturnType<typeof readAll>>;

async function readAll(store: Store) {
  const status = await store.status();
  const { keys, kinds } = await countKeys(store, status.revision);
  const unfinished = (await readUnfinished(store)) !== undefined;
  return { ...status, keys, leases: (await store.leases()).length, unfinished, kinds };
}

function printText(found: Found): string {
  const used = found.usedBytes === undefined ? '' : ` (${found.usedBytes} in use)`;
  const lines = [
    `Revision:   ${found.revision} (oldest readable: ${found.compacted})`,
    `Size:       ${found.sizeBytes} bytes${used}`,
    `API:        etcd ${found.version}`,
    `Keys:       ${found.keys}`,
    `Leases:     ${found.leases}`,
    `Alarms:     ${found.alarms.length === 0 ? 'none' : found.alarms.join(', ')}`,
    ...found.members.map((member) => `Server:     ${member.endpoint} ${printMember(member)}`),
    ...(found.unfinished ? ['Unfinished: a restore or an import; repeat it'] : []),
    '',
    ...Object.entries(found.kinds).map(([kind, count]) => `${String(count).padStart(10)} ${kind}`),
  ];
  return `${lines.join('\n')}\n`;
}

function printMember(member: Found['members'][number]): string {
  if ('problem' in member) return `does not answer: ${member.problem}`;
  return `etcd ${member.version}, ${member.sizeBytes} bytes${member.isLeader ? ', leader' : ''}`;
}
