/**
 * Our part of iptables and IP sets as text that makes it again: what the programs print of it, and nothing of others'. I/O. One transaction a table and
 * family; hooks go to the top, where the agent looks for them first. Rules of one variant only: a host has those of one backend at a time.
 */
import type { Programs } from '../../../kernel/programs.ts';
import { isRecord } from '../../../lib/is-record.ts';
import { isOurSet } from '../../render/iptables/names.ts';
import { findTools, type IptablesVariant, type VariantTools } from '../iptables/tools.ts';
import { planRestore } from './iptables-text.ts';

const lockWaitS = '5';
const variants = ['nft', 'legacy'] as const;
const families = [4, 6] as const;

/** As it is kept: what `ipset restore` and each family's `restore` read. */
interface IptablesCopy {
  readonly variant: IptablesVariant;
  readonly sets: string;
  readonly 4: string;
  readonly 6: string;
}

/** Undefined when there is nothing of ours. Throws what a program says against it. */
export async function copyIptables(programs: Programs): Promise<Buffer | undefined> {
  const found = await findOurs(programs);
  if (found === undefined) return undefined;
  const saved = await output(programs, 'ipset', ['save']);
  const lines = saved.split('\n').filter((line) => isOurSet(line.split(' ')[1] ?? ''));
  const copy: IptablesCopy = { ...found, sets: lines.map((line) => `${line}\n`).join('') };
  return Buffer.from(JSON.stringify(copy));
}

/** The variant that has rules of ours, with what makes them again. */
async function findOurs(programs: Programs): Promise<Omit<IptablesCopy, 'sets'> | undefined> {
  for (const variant of variants) {
    const tools = await findTools(programs, variant);
    if (tools === undefined) continue;
    const [v4, v6] = [await readOurs(programs, tools, 4), await readOurs(programs, tools, 6)];
    if (v4 !== '' || v6 !== '') return { variant, 4: v4, 6: v6 };
  }
  return undefined;
}

/** A kernel without this variant has nothing of it. */
async function readOurs(programs: Programs, tools: VariantTools, family: 4 | 6): Promise<string> {
  const { code, stdout } = await programs.run(tools[family].save, []);
  return code === 0 ? planRestore(stdout) : '';
}

/** Undefined when it is there now; EEXIST when something of ours was there already; else what a program said. */
export async function applyIptablesCopy(programs: Programs, bytes: Uint8Array): Promise<string | undefined> {
  const copy = parseCopy(bytes);
  if (copy === undefined) return 'is not what iptables would read';
  if ((await findOurs(programs)) !== undefined) return 'EEXIST';
  const tools = await findTools(programs, copy.variant);
  if (tools === undefined) return `needs iptables (${copy.variant}), which is not installed`;
  const sets = await programs.run('ipset', ['-exist', 'restore'], { input: copy.sets });
  if (copy.sets !== '' && sets.code !== 0) return `is refused by ipset: ${sets.stderr.trim()}`;
  for (const family of families) {
    const { restore } = tools[family];
    const { code, stderr } = await programs.run(restore, ['--noflush', '--wait', lockWaitS], { input: copy[family] });
    if (copy[family] !== '' && code !== 0) return `is refused by ${restore}: ${stderr.trim()}`;
  }
  return undefined;
}

function parseCopy(bytes: Uint8Array): IptablesCopy | undefined {
  try {
    const copy: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    const isWhole =
      isRecord(copy) &&
      variants.some((variant) => variant === copy.variant) &&
      [copy.sets, copy[4], copy[6]].every((text) => typeof text === 'string');
    return isWhole ? (copy as unknown as IptablesCopy) : undefined;
  } catch {
    // bytes of something else: the same to a reader
    return undefined;
  }
}

async function output(programs: Programs, program: string, words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await programs.run(program, words);
  if (code !== 0) throw new Error(`${program}: ${stderr.trim()}`);
  return stdout;
}
