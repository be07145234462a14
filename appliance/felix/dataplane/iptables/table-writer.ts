/**
 * Brings the four tables of one family to what they are to be, through `iptables-restore --noflush`: one transaction a table. I/O.
 * What the kernel has is read once and then known; what it refuses is traced to the policy's rule it stands in.
 */
import { inSlices } from '../../../kernel/netlink/serial.ts';
import type { Programs } from '../../../kernel/programs.ts';
import type { Logger } from '../../../lib/log.ts';
import { printRule } from '../../render/iptables/print-chain.ts';
import type { TableName } from '../../render/iptables/rule.ts';
import { leave, tableNames } from '../../render/iptables/rule.ts';
import type { ChainOwner, DesiredChain, DesiredTable, Ruleset } from '../../render/iptables/ruleset.ts';
import { countPlaces } from './hits.ts';
import type { KernelTables } from './parse-save.ts';
import { emptyTables, parseTables } from './parse-save.ts';
import type { Origin, PlannedLine } from './plan-table.ts';
import { applied, commit, planTable } from './plan-table.ts';
import type { IptablesTools } from './tools.ts';

export interface TableWriterParts {
  readonly programs: Programs;
  readonly tools: IptablesTools;
  readonly log: Logger;
}

export interface RuleRefusal {
  readonly owner: ChainOwner;
  readonly index: number;
  readonly problem: string;
}

export interface WriteResult {
  /** None: the kernel has it all. */
  readonly refusals: readonly RuleRefusal[];
  readonly lines: number;
}

const lockWaitS = '30';
const attemptsMax = 5;
/** Chains of which each is asked by itself. */
const singlesMax = 4;
/** Trials of what the kernel refuses without saying which line. */
const trialsMax = 200;
const trialChain = 'cali-trial';
const nothing: DesiredTable = { chains: new Map(), hooks: [] };

export class TableWriter {
  readonly #parts: TableWriterParts;
  readonly #stuck: Record<TableName, Set<string>> = {
    raw: new Set(),
    mangle: new Set(),
    nat: new Set(),
    filter: new Set(),
  };
  #kernel: KernelTables = emptyTables();
  #commits = 0;
  #restores = 0;

  constructor(parts: TableWriterParts) {
    this.#parts = parts;
  }

  /** Transactions of ours, one a table; undefined while one is under way. A restore that failed counts none, though it may have made some. */
  get commits(): number | undefined {
    return this.#restores > 0 ? undefined : this.#commits;
  }

  /** What could not go before is tried again. */
  async read(): Promise<void> {
    await this.#read();
    for (const stuck of Object.values(this.#stuck)) stuck.clear();
  }

  /** All rules with their counters, as `iptables-save` prints them. */
  async readCounters(): Promise<string> {
    const { programs, tools } = this.#parts;
    const { code, stdout, stderr } = await programs.run(tools.save, ['-c']);
    if (code !== 0) throw new Error(`${tools.save}: ${stderr.trim()}`);
    return stdout;
  }

  async #read(): Promise<void> {
    const { programs, tools } = this.#parts;
    const { code, stdout, stderr } = await programs.run(tools.save, []);
    if (code !== 0) throw new Error(`${tools.save}: ${stderr.trim()}`);
    this.#kernel = await inSlices(parseTables(stdout));
  }

  /** Whether anything of ours is there. */
  get isClean(): boolean {
    return tableNames.every(
      (table) => planTable(table, nothing, this.#kernel[table], this.#stuck[table]).lines.length === 0,
    );
  }

  /** Throws when the kernel takes nothing and it is no policy's fault. */
  async write(ruleset: Ruleset): Promise<WriteResult> {
    for (let attempt = 1; ; attempt++) {
      const lines = (await Promise.all(tableNames.map((table) => this.#plan(table, ruleset)))).flat();
      if (lines.length === 0) return { refusals: [], lines: 0 };
      const problem = await this.#restore(lines);
      if (problem === undefined) {
        this.#take(ruleset);
        return { refusals: [], lines: lines.length };
      }
      const blamed = problem.lines.flatMap((line) => lines[line - 1]?.origin ?? []);
      const refusals = blamed.flatMap((origin) => refusalOf(origin, problem.text));
      if (refusals.length > 0) {
        await this.#read();
        return { refusals, lines: 0 };
      }
      if (attempt === attemptsMax) return { refusals: await this.#search(ruleset, problem.text), lines: 0 };
      await this.#read();
      this.#setAside(blamed, lines);
    }
  }

  /** Takes everything of ours out. */
  async remove(): Promise<void> {
    await this.read();
    await this.write({
      tables: { raw: nothing, mangle: nothing, nat: nothing, filter: nothing },
      setIds: new Set(),
      lists: new Map(),
    });
  }

  async #plan(table: TableName, ruleset: Ruleset): Promise<readonly PlannedLine[]> {
    const desired = ruleset.tables[table];
    const [kernel, stuck] = [this.#kernel[table], this.#stuck[table]];
    const { lines, changed } = planTable(table, desired, kernel, stuck);
    const hasCounts = (name: string) =>
      desired.chains.get(name)?.owner !== undefined && (kernel.chains.get(name)?.length ?? 0) > 0;
    const counting = changed.filter(hasCounts);
    if (counting.length === 0) return lines;
    const text = await this.#countsOf(table, counting);
    return planTable(table, desired, kernel, stuck, countPlaces(text)).lines;
  }

  /** Of a few chains one by one, which is quicker in a large table. What cannot be read has counted nothing. */
  async #countsOf(table: TableName, chains: readonly string[]): Promise<string> {
    const { programs, tools } = this.#parts;
    const single = (chain: string) => ['--wait', lockWaitS, '-t', table, '-v', '-S', chain];
    const results =
      chains.length > singlesMax
        ? [await programs.run(tools.save, ['-c', '-t', table])]
        : await Promise.all(chains.map((chain) => programs.run(tools.single, single(chain))));
    return results.map(({ code, stdout }) => (code === 0 ? stdout : '')).join('\n');
  }

  #take(ruleset: Ruleset): void {
    const take = (table: TableName) => applied(table, ruleset.tables[table], this.#kernel[table], this.#stuck[table]);
    this.#kernel = { raw: take('raw'), mangle: take('mangle'), nat: take('nat'), filter: take('filter') };
  }

  /** A chain that somebody else's rule leads to cannot go: it stays, empty. */
  #setAside(blamed: readonly Origin[], lines: readonly PlannedLine[]): void {
    for (const origin of blamed) {
      if (origin.type !== 'removal') continue;
      const at = lines.findIndex((line) => line.origin === origin);
      const table = lines
        .slice(0, at)
        .findLast(({ text }) => text.startsWith('*'))
        ?.text.slice(1);
      this.#stuck[table as TableName].add(origin.chain);
      this.#parts.log.warn({ table, chain: origin.chain }, 'a chain of ours cannot go: a rule of another leads to it');
    }
  }

  async #restore(lines: readonly PlannedLine[]): Promise<Problem | undefined> {
    const { programs, tools } = this.#parts;
    const input = `${lines.map(({ text }) => text).join('\n')}\n`;
    this.#restores += 1;
    const { code, stderr } = await programs.run(tools.restore, ['--noflush', '--wait', lockWaitS], { input });
    this.#restores -= 1;
    if (code === 0) {
      this.#commits += lines.filter(({ text }) => text === commit).length;
      return undefined;
    }
    const text = stderr.trim() || `${tools.restore} ended with code ${code}`;
    return { text, lines: Array.from(stderr.matchAll(/\bline:? (\d+)/g), ([, line]) => Number(line)) };
  }

  /** The kernel refused something and named no line of a policy: each policy's rules are tried on a chain nobody comes by. */
  async #search(ruleset: Ruleset, text: string): Promise<RuleRefusal[]> {
    const refusals: RuleRefusal[] = [];
    const trials = { left: trialsMax };
    for (const table of tableNames) {
      const { changed } = planTable(table, ruleset.tables[table], this.#kernel[table], this.#stuck[table]);
      const rules = changed.flatMap((name) => trialRules(ruleset.tables[table].chains.get(name)));
      for (const rule of await this.#culprits(table, rules, trials)) refusals.push({ ...rule, problem: text });
    }
    if (refusals.length === 0) throw new Error(`${this.#parts.tools.restore}: ${text}`);
    return refusals;
  }

  async #culprits(table: TableName, rules: readonly TrialRule[], trials: { left: number }): Promise<TrialRule[]> {
    if (rules.length === 0 || trials.left-- <= 0 || (await this.#isTaken(table, rules))) return [];
    if (rules.length === 1) return [...rules];
    const half = rules.length >> 1;
    const first = await this.#culprits(table, rules.slice(0, half), trials);
    return [...first, ...(await this.#culprits(table, rules.slice(half), trials))];
  }

  async #isTaken(table: TableName, rules: readonly TrialRule[]): Promise<boolean> {
    const open = [{ text: `*${table}` }, { text: `:${trialChain} - [0:0]` }];
    const added = rules.map(({ text }) => ({ text: `-A ${trialChain} ${text}` }));
    const problem = await this.#restore([...open, ...added, { text: commit }]);
    await this.#restore([...open, { text: `-X ${trialChain}` }, { text: commit }]);
    return problem === undefined;
  }
}

interface Problem {
  readonly text: string;
  /** Counted from 1. */
  readonly lines: readonly number[];
}

interface TrialRule {
  readonly owner: ChainOwner;
  readonly index: number;
  readonly text: string;
}

/** A policy's rules, leading nowhere: the chains they lead to may not be there. */
function trialRules(desired: DesiredChain | undefined): TrialRule[] {
  const owner = desired?.owner;
  if (desired === undefined || owner === undefined) return [];
  return desired.chain.rules.flatMap((rule, i) => {
    const { policyRuleIndex: index, leadsTo, target } = rule;
    const trial = { ...rule, target: leadsTo === undefined ? target : leave };
    return index === undefined ? [] : [{ owner, index, text: printRule(trial, desired.hashes[i] as string) }];
  });
}

function refusalOf(origin: Origin, problem: string): RuleRefusal[] {
  return origin.type === 'policy-rule' ? [{ owner: origin.owner, index: origin.index, problem }] : [];
}
