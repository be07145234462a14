/** What `iptables-save` and `ipset save` print, as far as it is ours or stands beside ours. Pure. */
import { chainPrefix, isOurSet } from '../../render/iptables/names.ts';
import { hashPattern } from '../../render/iptables/print-chain.ts';
import type { TableName } from '../../render/iptables/rule.ts';
import { tableNames } from '../../render/iptables/rule.ts';
import type { KernelSet } from './set-state.ts';

/** A rule in one of the kernel's own chains. */
export interface BuiltinRule {
  /** What follows `-A CHAIN`: with `-D CHAIN` before it, it deletes the rule. */
  readonly text: string;
  /** Ours when it has a hash of ours, or leads to a chain of ours. */
  readonly isOurs: boolean;
  readonly hash?: string;
}

export interface KernelTable {
  /** Our chains -> hashes of their rules in order; a rule without a hash has the empty one. */
  readonly chains: Map<string, readonly string[]>;
  readonly builtins: Map<string, readonly BuiltinRule[]>;
}

export type KernelTables = Readonly<Record<TableName, KernelTable>>;

const leadsToUs = new RegExp(` -[jg] ${chainPrefix}`);

export function emptyTables(): KernelTables {
  const empty = (): KernelTable => ({ chains: new Map(), builtins: new Map() });
  return { raw: empty(), mangle: empty(), nat: empty(), filter: empty() };
}

/** Rests now and then. Tables that are not there are empty. */
export function* parseTables(text: string): Generator<undefined, KernelTables> {
  const tables = emptyTables();
  let table: KernelTable | undefined;
  let lines = 0;
  for (const line of eachLine(text)) {
    if (line.startsWith('*')) table = tableOf(tables, line.slice(1));
    else if (table !== undefined && line.startsWith(':')) declare(table, line.slice(1, line.indexOf(' ')));
    else if (table !== undefined && line.startsWith('-A ')) addRule(table, line);
    if (++lines % 1000 === 0) yield;
  }
  return tables;
}

function tableOf(tables: KernelTables, text: string): KernelTable | undefined {
  const name = tableNames.find((each) => each === text);
  return name === undefined ? undefined : tables[name];
}

function declare(table: KernelTable, chain: string): void {
  if (chain.startsWith(chainPrefix)) table.chains.set(chain, []);
}

function addRule(table: KernelTable, line: string): void {
  const end = line.indexOf(' ', 3);
  const chain = line.slice(3, end);
  const hash = hashPattern.exec(line)?.[1];
  const ours = table.chains.get(chain) as string[] | undefined;
  if (ours !== undefined) ours.push(hash ?? '');
  else {
    const isOurs = hash !== undefined || leadsToUs.test(line);
    const rule = { text: line.slice(end + 1), isOurs, ...(hash === undefined ? {} : { hash }) };
    table.builtins.set(chain, [...(table.builtins.get(chain) ?? []), rule]);
  }
}

function* eachLine(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    yield text.slice(start, end);
    start = end + 1;
  }
}

const protocolNumbers: Readonly<Record<string, string>> = { tcp: '6', udp: '17', sctp: '132', udplite: '136' };

/** Our sets by name. Rests now and then. */
export function* parseSets(text: string): Generator<undefined, Map<string, KernelSet>> {
  const sets = new Map<string, KernelSet>();
  let lines = 0;
  for (const line of eachLine(text)) {
    const [verb, name = '', rest = '', ...options] = line.split(' ');
    if (verb === 'create' && isOurSet(name)) sets.set(name, createdSet(rest, options));
    else if (verb === 'add') (sets.get(name)?.members as Set<string> | undefined)?.add(numbered(rest));
    if (++lines % 1000 === 0) yield;
  }
  return sets;
}

function createdSet(type: string, options: readonly string[]): KernelSet {
  const maxElements = Number(options[options.indexOf('maxelem') + 1] ?? '');
  return { type, maxElements, members: new Set() };
}

/** `10.0.0.1,tcp:80` -> `10.0.0.1,6:80`: names of protocols depend on the machine's list of them. */
function numbered(member: string): string {
  return member.replace(/,([a-z]+):(\d+)$/, (whole, name: string, port: string) => {
    const number = protocolNumbers[name];
    return number === undefined ? whole : `,${number}:${port}`;
  });
}
