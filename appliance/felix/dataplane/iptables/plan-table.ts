/**
 * The lines of iptables-restore that bring one table from what the kernel has to what it is to have, and where each line comes from. Pure.
 * A chain that differs is written whole: it is one transaction, in which packets see the old rules or the new ones.
 */
import type { BuiltinChain, Hook } from '../../render/iptables/base.ts';
import { hashRule, printRule } from '../../render/iptables/print-chain.ts';
import type { TableName } from '../../render/iptables/rule.ts';
import type { ChainOwner, DesiredTable } from '../../render/iptables/ruleset.ts';
import type { PlaceCounts, RuleCount } from './hits.ts';
import type { BuiltinRule, KernelTable } from './parse-save.ts';

/** Whose fault it is when the kernel refuses a line. */
export type Origin =
  | { readonly type: 'policy-rule'; readonly owner: ChainOwner; readonly index: number; readonly chain: string }
  | { readonly type: 'removal'; readonly chain: string }
  | { readonly type: 'other'; readonly chain: string };

export interface PlannedLine {
  readonly text: string;
  readonly origin?: Origin;
}

export interface TablePlan {
  readonly lines: readonly PlannedLine[];
  /** Chains that are written, with their rules. */
  readonly changed: readonly string[];
}

/** Ends a table's lines, and is what does them. */
export const commit = 'COMMIT';
const builtinChains: readonly BuiltinChain[] = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];

/**
 * Nothing when the table is as it is to be. `stuck`: chains of ours that others' rules lead to, and so cannot go. `counts`: what policies' rules have
 * counted, so that those that are written anew go on from there.
 */
export function planTable(
  table: TableName,
  desired: DesiredTable,
  kernel: KernelTable,
  stuck: ReadonlySet<string>,
  counts: PlaceCounts = new Map(),
): TablePlan {
  const changed = [...desired.chains].filter(([name, { hashes }]) => !isEqual(hashes, kernel.chains.get(name)));
  const surplus = [...kernel.chains.keys()].filter((name) => !desired.chains.has(name));
  const gone = surplus.filter((name) => !stuck.has(name));
  const emptied = surplus.filter((name) => stuck.has(name) && kernel.chains.get(name)?.length !== 0);
  const hooks = builtinChains.map((chain) => planHooks(table, chain, desired.hooks, kernel.builtins.get(chain) ?? []));
  const body: PlannedLine[] = [
    ...changed.map(([name]) => declaration(name)),
    ...[...gone, ...emptied].map(declaration),
    ...changed.flatMap(([name, chain]) => ruleLines(name, chain, counts.get(name))),
    ...hooks.flat(),
    ...gone.map((chain): PlannedLine => ({ text: `-X ${chain}`, origin: { type: 'removal', chain } })),
  ];
  const lines = body.length === 0 ? [] : [{ text: `*${table}` }, ...body, { text: commit }];
  return { lines, changed: changed.map(([name]) => name) };
}

function isEqual(a: readonly string[], b: readonly string[] | undefined): boolean {
  return a === b || (b !== undefined && a.length === b.length && a.every((text, i) => text === b[i]));
}

/** Makes the chain, or empties it. */
function declaration(chain: string): PlannedLine {
  return { text: `:${chain} - [0:0]`, origin: { type: 'other', chain } };
}

type DesiredChain = DesiredTable['chains'] extends ReadonlyMap<string, infer Chain> ? Chain : never;

/** The first of the rules that stand for one of a policy takes over what all of them had counted. */
function ruleLines(
  name: string,
  { rules, chain, owner }: DesiredChain,
  counts: ReadonlyMap<number, RuleCount> | undefined,
): PlannedLine[] {
  const taken = new Set<number>();
  return rules.map((text, i) => {
    const index = chain.rules[i]?.policyRuleIndex;
    if (owner === undefined || index === undefined) {
      return { text: `-A ${name} ${text}`, origin: { type: 'other', chain: name } };
    }
    const count = taken.has(index) ? undefined : counts?.get(index);
    taken.add(index);
    const counted = count === undefined ? '' : `-c ${count.packets} ${count.bytes} `;
    return { text: `-A ${name} ${counted}${text}`, origin: { type: 'policy-rule', owner, index, chain: name } };
  });
}

interface PrintedHook {
  readonly place: Hook['place'];
  readonly hash: string;
  readonly text: string;
}

export function printHooks(table: TableName, chain: BuiltinChain, hooks: readonly Hook[]): PrintedHook[] {
  const mine = hooks.filter((hook) => hook.chain === chain);
  return mine.map(({ place, rule }, i) => {
    const hash = hashRule(rule, `${table} ${chain} ${i} ${place}`);
    return { place, hash, text: printRule(rule, hash) };
  });
}

function planHooks(
  table: TableName,
  chain: BuiltinChain,
  hooks: readonly Hook[],
  present: readonly BuiltinRule[],
): PlannedLine[] {
  const wanted = printHooks(table, chain, hooks);
  const ours = present.filter(({ isOurs }) => isOurs);
  const tops = wanted.filter(({ place }) => place === 'top');
  const isTop = tops.every(({ hash }, i) => present[i]?.hash === hash);
  const isSame = isEqual(
    wanted.map(({ hash }) => hash),
    ours.map(({ hash = '' }) => hash),
  );
  if (isTop && isSame) return [];
  const line = (text: string): PlannedLine => ({ text, origin: { type: 'other', chain } });
  return [
    ...ours.map(({ text }) => line(`-D ${chain} ${text}`)),
    ...[...tops].reverse().map(({ text }) => line(`-I ${chain} ${text}`)),
    ...wanted.filter(({ place }) => place === 'end').map(({ text }) => line(`-A ${chain} ${text}`)),
  ];
}

/** What the kernel has once the plan is done. Others' rules in its own chains stand behind ours on top. */
export function applied(
  table: TableName,
  desired: DesiredTable,
  kernel: KernelTable,
  stuck: ReadonlySet<string>,
): KernelTable {
  const chains = new Map<string, readonly string[]>();
  for (const [name, { hashes }] of desired.chains) chains.set(name, hashes);
  for (const name of stuck) if (kernel.chains.has(name) && !chains.has(name)) chains.set(name, []);
  const builtins = new Map<string, readonly BuiltinRule[]>();
  for (const chain of builtinChains) {
    const wanted = printHooks(table, chain, desired.hooks);
    const present = kernel.builtins.get(chain) ?? [];
    const ours = (place: Hook['place']) =>
      wanted.filter((hook) => hook.place === place).map(({ text, hash }) => ({ text, hash, isOurs: true }));
    const isUnchanged = planHooks(table, chain, desired.hooks, present).length === 0;
    const others = present.filter(({ isOurs }) => !isOurs);
    builtins.set(chain, isUnchanged ? present : [...ours('top'), ...others, ...ours('end')]);
  }
  return { chains, builtins };
}
