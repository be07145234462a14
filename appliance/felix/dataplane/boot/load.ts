/**
 * Before the network comes up: makes the table that was enforced when the host was last seen, in one transaction. What is there already is left alone;
 * what cannot be read or is refused is told, and the one before it is taken; when there is none, everything but failsafe ports is closed. I/O.
 */
import type { Kernel } from '../../../kernel/kernel.ts';
import type { Programs } from '../../../kernel/programs.ts';
import type { FelixConfig } from '../../model/config.ts';
import { fallbackTable } from './fallback.ts';
import { readSavedFiles, type SavedFile } from './ruleset-files.ts';
import { parseSaved } from './saved-ruleset.ts';

export interface BootLoad {
  readonly kernel: Pick<Kernel, 'nft'>;
  readonly directory: string;
  readonly table: string;
  /** Of iptables, where it is the backend. */
  readonly openPrograms: () => Promise<Programs>;
  /** Asked only when nothing else is left. */
  readonly failsafes: () => Promise<Pick<FelixConfig, 'failsafeInbound' | 'failsafeOutbound'>>;
  /** A line for people. */
  readonly say: (line: string) => void;
}

/** `none`: this host has not enforced anything. Throws when the kernel takes nothing at all. */
export type BootOutcome = 'loaded' | 'none' | 'present' | 'fallback';

export async function loadAtBoot(load: BootLoad): Promise<BootOutcome> {
  const files = readSavedFiles(load.directory);
  if (files.length === 0) return 'none';
  for (const file of files) {
    const problem = await tryFile(load, file);
    if (problem === undefined) return 'loaded';
    if (problem === 'EEXIST') return 'present';
    load.say(`${file.path} ${problem}`);
  }
  const result = await load.kernel.nft.apply(fallbackTable(load.table, await load.failsafes()));
  if (!result.ok) throw new Error(`the kernel takes no rules: ${result.refusals[0]?.message}`);
  load.say(
    'no saved ruleset can be used: everything but failsafe ports is closed until the agent knows what to enforce',
  );
  return 'fallback';
}

/** Undefined when it is enforced now; EEXIST when something of ours was there already; else what is wrong. */
async function tryFile(load: BootLoad, { path, content }: SavedFile): Promise<string | undefined> {
  const saved = parseSaved(content);
  if (!saved.ok) return saved.problem;
  const { form, savedAt, version } = saved.facts;
  try {
    const problem = await (form === 'nftables' ? applyTable(load, saved.table) : applyIptables(load, saved.table));
    if (problem === undefined)
      load.say(`${path} of ${savedAt} is enforced (${form}, ${saved.table.length} bytes, written by ${version})`);
    return problem;
  } catch (error) {
    return `cannot be used: ${(error as Error).message}`;
  }
}

async function applyTable({ kernel, table }: BootLoad, copy: Buffer): Promise<string | undefined> {
  const refusal = await kernel.nft.applyCopy(table, copy);
  if (refusal?.code === 'EEXIST' && refusal.index === 0) return 'EEXIST';
  return refusal && `is refused by the kernel: ${refusal.message} (${refusal.code})`;
}

/** What few hosts need is loaded by those. */
async function applyIptables({ openPrograms }: BootLoad, copy: Buffer): Promise<string | undefined> {
  const [{ applyIptablesCopy }, programs] = [await import('./iptables-copy.ts'), await openPrograms()];
  try {
    return await applyIptablesCopy(programs, copy);
  } finally {
    programs.close();
  }
}
