/**
 * The programs of iptables a host has: two variants, of which one writes to nf_tables and one to the older x_tables. I/O.
 * Debian and others name them iptables-nft and iptables-legacy; where there is just iptables, its version says which it is.
 */
import type { Programs } from '../../../kernel/programs.ts';
import type { FelixConfig } from '../../model/config.ts';
import type { Family } from '../../render/match.ts';

export type IptablesVariant = 'nft' | 'legacy';

/** The programs of one family. */
export interface IptablesTools {
  readonly save: string;
  readonly restore: string;
  /** Speaks of single chains and rules. */
  readonly single: string;
}

export type VariantTools = Readonly<Record<Family, IptablesTools>>;

const versionWords = { nft: '(nf_tables)', legacy: '(legacy)' } as const;

/** The variant's programs; undefined when the host does not have them. */
export async function findTools(programs: Programs, variant: IptablesVariant): Promise<VariantTools | undefined> {
  for (const infix of [`-${variant}`, '']) {
    const { code, stdout } = await programs.run(`iptables${infix}-restore`, ['--version']);
    // The older variant says nothing of itself in early releases.
    const isIt = stdout.includes(versionWords[variant]) || (variant === 'legacy' && !stdout.includes('('));
    if (code === 0 && isIt) return { 4: toolsOf('iptables', infix), 6: toolsOf('ip6tables', infix) };
  }
  return undefined;
}

function toolsOf(program: string, infix: string): IptablesTools {
  return { save: `${program}${infix}-save`, restore: `${program}${infix}-restore`, single: `${program}${infix}` };
}

/**
 * The variant to use: the one that is asked for, or else the one in which others keep more rules, so that all rules of a host lie in one place;
 * with none anywhere, nf_tables. Undefined when there is no iptables that can be used.
 */
export async function chooseVariant(
  programs: Programs,
  wanted: FelixConfig['iptablesBackend'],
): Promise<{ readonly variant: IptablesVariant; readonly tools: VariantTools } | undefined> {
  if (wanted !== 'Auto') {
    const variant = wanted === 'NFT' ? 'nft' : 'legacy';
    const tools = await findTools(programs, variant);
    return tools && { variant, tools };
  }
  const [nft, legacy] = await Promise.all([findTools(programs, 'nft'), findTools(programs, 'legacy')]);
  const [nftRules, legacyRules] = [await countForeignRules(programs, nft), await countForeignRules(programs, legacy)];
  if (nft !== undefined && nftRules >= legacyRules) return { variant: 'nft', tools: nft };
  if (legacy !== undefined && legacyRules >= 0) return { variant: 'legacy', tools: legacy };
  return undefined;
}

/** Rules that are not ours, of both families; -1 when the variant cannot be used. */
async function countForeignRules(programs: Programs, tools: VariantTools | undefined): Promise<number> {
  if (tools === undefined) return -1;
  let count = 0;
  for (const { save } of Object.values(tools)) {
    const { code, stdout } = await programs.run(save, []);
    if (code !== 0) return -1;
    count += stdout.split('\n').filter((line) => line.startsWith('-A ') && !line.includes('cali:')).length;
  }
  return count;
}
