/**
 * Rules of iptables as data: what a rule matches and does, as the words iptables takes, and the chains they stand in. Pure.
 * `print-chain.ts` makes lines of them; nothing here is quoted yet. Source: iptables-extensions(8).
 */
import type { Family } from '../match.ts';

export type TableName = 'raw' | 'mangle' | 'nat' | 'filter';
export const tableNames: readonly TableName[] = ['raw', 'mangle', 'nat', 'filter'];

export interface IptablesRule {
  /** For people; printed as a comment of its own. */
  readonly label?: string;
  readonly match: readonly string[];
  readonly target: readonly string[];
  /** The chain of ours that the target is. */
  readonly leadsTo?: string;
  /** The policy rule it stands for, for refusals. */
  readonly policyRuleIndex?: number;
}

/** A list of nets in a rule, kept as an IP set under the hash of its content. */
export interface NetList {
  readonly id: string;
  /** Canonical CIDRs, sorted, never /0, of one family. */
  readonly nets: readonly string[];
}

export interface IptablesChain {
  readonly rules: readonly IptablesRule[];
  /** Ids of IP sets the rules name, lists included. */
  readonly setIds: readonly string[];
  readonly lists: readonly NetList[];
}

/** A chain that names no sets. */
export function plainChain(rules: readonly IptablesRule[]): IptablesChain {
  return { rules, setIds: [], lists: [] };
}

export const drop: readonly string[] = ['-j', 'DROP'];
export const accept: readonly string[] = ['-j', 'ACCEPT'];
export const leave: readonly string[] = ['-j', 'RETURN'];

export function reject(family: Family): readonly string[] {
  return ['-j', 'REJECT', '--reject-with', family === 4 ? 'icmp-admin-prohibited' : 'icmp6-adm-prohibited'];
}

export function rule(
  match: readonly string[],
  target: readonly string[],
  label?: string,
  policyRuleIndex?: number,
): IptablesRule {
  return {
    match,
    target,
    ...(label === undefined ? {} : { label }),
    ...(policyRuleIndex === undefined ? {} : { policyRuleIndex }),
  };
}

/** Comes back after the chain. */
export function jump(chain: string, match: readonly string[] = [], label?: string): IptablesRule {
  return { ...rule(match, ['-j', chain], label), leadsTo: chain };
}

/** After the chain goes on behind the rule that jumped here. */
export function goTo(chain: string, match: readonly string[] = [], label?: string): IptablesRule {
  return { ...rule(match, ['-g', chain], label), leadsTo: chain };
}

export function markText(mark: number): string {
  return `0x${mark.toString(16)}`;
}

/** All bits of `mark` are set. */
export function hasMark(mark: number): string[] {
  return ['-m', 'mark', '--mark', `${markText(mark)}/${markText(mark)}`];
}

/** No bit of `mark` is set. */
export function lacksMark(mark: number): string[] {
  return ['-m', 'mark', '--mark', `0x0/${markText(mark)}`];
}

export function setMark(mark: number): string[] {
  return ['-j', 'MARK', '--set-xmark', `${markText(mark)}/${markText(mark)}`];
}

export function clearMark(mark: number): string[] {
  return ['-j', 'MARK', '--set-xmark', `0x0/${markText(mark)}`];
}

export function flowState(...states: readonly ('ESTABLISHED' | 'RELATED' | 'INVALID' | 'DNAT')[]): string[] {
  return ['-m', 'conntrack', '--ctstate', states.join(',')];
}
