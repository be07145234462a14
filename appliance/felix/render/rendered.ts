/** What rendering yields: rules as expressions, and what they refer to. Pure. */
import { hash } from 'node:crypto';
import type { Expression } from '../../kernel/netlink/expression.ts';

export interface RenderedRule {
  /** For people; `ruleComment()` adds the key. */
  readonly label: string;
  readonly expressions: readonly Expression[];
  /** The named counter among the expressions. */
  readonly counter?: string;
  /** And those of rules that were matched on the way to it. */
  readonly alsoCounts?: readonly string[];
  /** The chain that the rule jumps to, when it says nothing else: such rules are many and alike. */
  readonly jumpsTo?: string;
  /** The policy rule it stands for, for refusals. */
  readonly owner?: RuleOwner;
}

/** One rule of a policy or profile. */
export interface RuleOwner {
  /** The policy as text, or the profile among them. */
  readonly owned: string;
  readonly direction: 'ingress' | 'egress';
  readonly index: number;
}

/** Alternatives of one rule (more than one net or port range), kept in the shared sets under an id of their content. */
export interface ListSet {
  readonly id: string;
  readonly type: 'nets' | 'ports';
  /** Canonical CIDRs, or `first-last` port ranges. */
  readonly members: readonly string[];
}

export interface RenderedChain {
  readonly rules: readonly RenderedRule[];
  /** IP sets whose facts were read: when these change, the chain is rendered anew. */
  readonly setIds: readonly string[];
  readonly lists: readonly ListSet[];
  /** Sets of the kernel named by lookups that exist only while needed. */
  readonly netSets: readonly string[];
}

/** 16 characters of base64url; cut from bytes, since a cut text would keep the whole in memory. */
const keyBytes = 12;

/** 16 characters that differ when two rules differ in anything: the rule's identity across restarts. */
export function ruleKey(rule: RenderedRule): string {
  let text = rule.label;
  for (const expression of rule.expressions) text += `\n${serialise(expression)}`;
  return hash('sha256', text, 'buffer').toString('base64url', 0, keyBytes);
}

const commentBytesMax = 127;

/** The rule's label, cut to fit, and its key: what `nft list` shows and what a fresh start compares. */
export function ruleComment(rule: RenderedRule, key: string): string {
  const room = commentBytesMax - key.length - 1;
  const label = Buffer.from(rule.label);
  return `${
    label.length <= room
      ? rule.label
      : label
          .subarray(0, room)
          .toString('latin1')
          .replace(/[^ -~]/g, '?')
  } ${key}`;
}

/** The key in a comment made by `ruleComment()`. */
export function keyOfComment(comment: string | undefined): string {
  return comment === undefined ? '' : comment.slice(-16);
}

/** All of a value as text. */
export function serialise(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value !== 'object' || value === null) return String(value);
  let text = '';
  for (const [name, part] of Object.entries(value)) text += `${name}=${serialise(part)};`;
  return text;
}
