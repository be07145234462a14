/** From what `iptables-save` prints to what `iptables-restore --noflush` needs to make our part of it again. Pure. */
import { chainPrefix } from '../../render/iptables/names.ts';
import { hashPattern } from '../../render/iptables/print-chain.ts';
import { tableNames } from '../../render/iptables/rule.ts';

/** Empty when nothing of it is ours. Counters of chains start at zero. */
export function planRestore(saved: string): string {
  return tableNames.map((table) => planTable(table, linesOf(saved, table))).join('');
}

function linesOf(saved: string, table: string): string[] {
  const start = saved.indexOf(`*${table}\n`);
  if (start < 0) return [];
  const end = saved.indexOf('\nCOMMIT', start);
  return saved.slice(start, end < 0 ? saved.length : end).split('\n');
}

function planTable(table: string, lines: readonly string[]): string {
  const chains = lines
    .filter((line) => line.startsWith(`:${chainPrefix}`))
    .map((line) => `${line.split(' ')[0]} - [0:0]`);
  const rules = lines.filter((line) => line.startsWith(`-A ${chainPrefix}`));
  // each goes to the top of its chain, so the last one first
  const hooks = lines.filter(isHook).map((line) => line.replace('-A ', '-I '));
  if (chains.length === 0 && hooks.length === 0) return '';
  return [`*${table}`, ...chains, ...rules, ...hooks.toReversed(), 'COMMIT', ''].join('\n');
}

/** In one of the kernel's own chains, and ours. */
function isHook(line: string): boolean {
  if (!line.startsWith('-A ') || line.startsWith(`-A ${chainPrefix}`)) return false;
  return hashPattern.test(line) || new RegExp(` -[jg] ${chainPrefix}`).test(line);
}
