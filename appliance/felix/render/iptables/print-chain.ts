/**
 * Chains as lines of iptables-restore. Each rule carries, as its first comment, a hash of all rules up to it: the test of whether a rule in the
 * kernel is ours and as we want it. Pure. Source: iptables-restore(8), xt_comment; felix's rule hashes.
 */
import { hash } from 'node:crypto';
import type { IptablesChain, IptablesRule } from './rule.ts';

const hashLength = 16;
const commentMax = 200;
const plainWord = /^[A-Za-z0-9_.,:;/@%+=!-]+$/;
/** Finds the hash in a line of iptables-save. */
export const hashPattern = /--comment "?cali:([A-Za-z0-9_-]{16})/;

export interface PrintedChain {
  /** In order; what iptables-save must show. */
  readonly hashes: readonly string[];
  /** Without the chain's name: what follows `-A NAME`. */
  readonly rules: readonly string[];
}

export function printChain(name: string, { rules }: IptablesChain): PrintedChain {
  const hashes: string[] = [];
  const lines: string[] = [];
  let last = name;
  for (const rule of rules) {
    last = hashRule(rule, last);
    hashes.push(last);
    lines.push(printRule(rule, last));
  }
  return { hashes, rules: lines };
}

/** `before`: the hash of the rule above, or what the first one belongs to. */
export function hashRule({ match, target, label = '' }: IptablesRule, before: string): string {
  return hash('sha256', JSON.stringify([before, label, match, target]), 'base64url').slice(0, hashLength);
}

/** Comments are matches too, asked in their place: they come last, so that only packets that match the rest pay for them. */
export function printRule({ match, target, label }: IptablesRule, key: string): string {
  const words = ['-m', 'comment', '--comment', `cali:${key}`];
  if (label !== undefined) words.push('-m', 'comment', '--comment', printLabel(label));
  return [...match, ...words, ...target].map(quote).join(' ');
}

function printLabel(label: string): string {
  return label.replace(/[^ -~]|["\\`$]/g, '_').slice(0, commentMax);
}

/** A word as iptables-restore splits them: in double quotes, inside which a backslash takes the next character as it is. */
function quote(word: string): string {
  if (plainWord.test(word)) return word;
  return `"${word.replace(/[^ -~]/g, '_').replace(/["\\]/g, '\\$&')}"`;
}
