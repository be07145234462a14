/**
 * Policies and profiles as chains: one rule of the chain for each alternative of each policy rule, in order. Pure.
 * Allow accepts at once, which ends the stage only; Pass sets the pass bit and returns; a staged policy counts and returns.
 */
import type { Expression } from '../../kernel/netlink/expression.ts';
import type { FelixConfig } from '../model/config.ts';
import type { Policy, PolicyId, ProfileRules, Rule } from '../model/policy.ts';
import { printPolicyId } from '../model/policy.ts';
import type { Marks } from './marks.ts';
import { count, setMark, verdict } from './match.ts';
import type { Direction } from './names.ts';
import { policyCounterName, profileCounterName } from './names.ts';
import { renderLog } from './packet-log.ts';
import type { ListSet, RenderedChain, RenderedRule, RuleOwner } from './rendered.ts';
import type { SetFacts } from './rule-match.ts';
import { renderRuleMatch } from './rule-match.ts';

export interface RenderContext {
  readonly config: FelixConfig;
  readonly marks: Marks;
  readonly factsOf: (setId: string) => SetFacts;
}

/** How a chain is used: `isDropOnly` where an answer cannot be sent (postrouting), `refused` rules the kernel did not take. */
export interface PolicyUse {
  readonly direction: Direction;
  readonly isDropOnly: boolean;
  readonly refused?: ReadonlySet<number>;
}

/** A policy that is not known denies: a missing referent never opens anything. */
export function renderPolicy(
  id: PolicyId,
  policy: Policy | undefined,
  use: PolicyUse,
  context: RenderContext,
): RenderedChain {
  if (policy === undefined) return denyAll(`${printPolicyId(id)} is missing`);
  const rules = use.direction === 'ingress' ? policy.inbound : policy.outbound;
  return renderRules(rules, use, context, policyActions(id, policy, use, context));
}

/** What the rules of a policy do, and what they are called. */
export function policyActions(
  id: PolicyId,
  policy: Policy,
  use: Pick<PolicyUse, 'direction' | 'isDropOnly'>,
  context: RenderContext,
): RulesOwner {
  const owner = { tier: policy.tier, kind: id.kind, namespace: id.namespace, name: id.name };
  const isEarly = policy.isUntracked || policy.isPreDnat;
  return {
    label: printPolicyId(id),
    owned: printPolicyId(id),
    direction: use.direction,
    counterOf: (index) => policyCounterName(id, use.direction, index),
    actions: policy.isStaged
      ? stagedActions
      : {
          allow: [...allowPrelude(policy, context.marks), verdict('accept')],
          deny: [denyExpression(context.config, use.isDropOnly || isEarly)],
          pass: [...setMark(context.marks.pass), verdict('return')],
          log: renderLog(context.config, owner),
        },
  };
}

export function renderProfile(
  name: string,
  profile: ProfileRules | undefined,
  use: PolicyUse,
  context: RenderContext,
): RenderedChain {
  if (profile === undefined) return denyAll(`profile ${name} is missing`);
  const rules = use.direction === 'ingress' ? profile.inbound : profile.outbound;
  return renderRules(rules, use, context, profileActions(name, use, context));
}

/** What the rules of a profile do, and what they are called. */
export function profileActions(
  name: string,
  use: Pick<PolicyUse, 'direction' | 'isDropOnly'>,
  context: RenderContext,
): RulesOwner {
  return {
    label: `profile ${name}`,
    owned: refusedProfile(name),
    direction: use.direction,
    counterOf: (index) => profileCounterName(name, use.direction, index),
    actions: {
      allow: [verdict('accept')],
      deny: [denyExpression(context.config, use.isDropOnly)],
      pass: [verdict('return')],
      log: renderLog(context.config, { tier: '', kind: 'Profile', namespace: '', name }),
    },
  };
}

/** What a profile is called among policies whose rules the kernel refuses; no policy's text begins so. */
export function refusedProfile(profile: string): string {
  return `profile/${profile}`;
}

/** Drop, or the configured answer where one can be sent. */
export function denyExpression(config: FelixConfig, isDropOnly: boolean): Expression {
  return config.filterDenyAction === 'Reject' && !isDropOnly ? { type: 'reject' } : verdict('drop');
}

/** True when the policy has a Pass rule in this direction that can leave its tier. */
export function hasPass(policy: Policy | undefined, direction: Direction): boolean {
  if (policy === undefined || policy.isStaged) return false;
  return (direction === 'ingress' ? policy.inbound : policy.outbound).some((rule) => rule.action === 'pass');
}

const stagedActions: Actions = {
  allow: [verdict('return')],
  deny: [verdict('return')],
  pass: [verdict('return')],
  log: [],
};

/** Accepted before conntrack or before DNAT: later host endpoint stages must know. */
function allowPrelude(policy: Policy, marks: Marks): Expression[] {
  if (policy.isUntracked) return [{ type: 'notrack' }, ...setMark(marks.accept)];
  return policy.isPreDnat ? setMark(marks.accept) : [];
}

type Actions = Readonly<Record<Rule['action'], readonly Expression[]>>;

export interface RulesOwner {
  readonly label: string;
  readonly owned: string;
  readonly direction: Direction;
  readonly counterOf: (index: number) => string;
  readonly actions: Actions;
}

function denyAll(label: string): RenderedChain {
  return { rules: [{ label, expressions: [verdict('drop')] }], setIds: [], lists: [], netSets: [] };
}

function renderRules(
  policyRules: readonly Rule[],
  use: PolicyUse,
  context: RenderContext,
  owner: RulesOwner,
): RenderedChain {
  const rules: RenderedRule[] = [];
  const setIds = new Set<string>();
  const lists = new Map<string, ListSet>();
  const netSets = new Set<string>();
  policyRules.forEach((rule, index) => {
    const label = `${owner.label} ${use.direction} ${index} ${rule.action}`;
    const counter = owner.counterOf(index);
    if (use.refused?.has(index)) {
      const of = { owned: owner.owned, direction: use.direction, index };
      rules.push(...substitute(rule, label, counter, of));
      return;
    }
    const match = renderRuleMatch(rule, context.factsOf);
    for (const id of match.setIds) setIds.add(id);
    for (const list of match.lists) lists.set(list.id, list);
    for (const set of match.netSets) netSets.add(set);
    for (const alternative of match.alternatives) {
      const expressions = [...alternative, count(counter), ...owner.actions[rule.action]];
      const of = { owned: owner.owned, direction: use.direction, index };
      rules.push({ label, expressions, counter, owner: of });
    }
  });
  return { rules, setIds: [...setIds], lists: [...lists.values()], netSets: [...netSets] };
}

/** What stands for a rule that the kernel refuses: never more open than the rule. */
function substitute(rule: Rule, label: string, counter: string, owner: RuleOwner): RenderedRule[] {
  if (rule.action === 'allow' || rule.action === 'log') return [];
  const expressions = [count(counter), verdict('drop')];
  return [{ label: `${label} (refused: drops all)`, expressions, counter, owner }];
}
