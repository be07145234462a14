/**
 * Policies and profiles as chains: one rule for each alternative of each policy rule, in order. Pure.
 * Allow and Pass go to a chain that sets the mark, and so leave the policy's chain; the endpoint's chain reads the mark. A staged policy counts and returns.
 */
import type { Policy, PolicyId, ProfileRules, Rule } from '../../model/policy.ts';
import { printPolicyId } from '../../model/policy.ts';
import type { LogOwner } from '../packet-log.ts';
import { printLogPrefix } from '../packet-log.ts';
import type { IptablesContext } from './context.ts';
import { denyTarget } from './context.ts';
import type { IptablesChain, IptablesRule, NetList, TableName } from './rule.ts';
import { clearMark, drop, goTo, leave, plainChain, rule, setMark } from './rule.ts';
import { renderRuleMatch } from './rule-match.ts';

export const allowChain = 'cali-allow';
export const passChain = 'cali-pass';
/** LOG keeps 29 characters of its prefix. */
const logPrefixMax = 29;
const logLevelNotice = '5';

/** The chains that set marks: `-g` to one ends the chain it is used in. */
export function renderMarkChains(table: TableName, { marks }: IptablesContext): ReadonlyMap<string, IptablesChain> {
  const untrack = table === 'raw' ? [rule([], ['-j', 'CT', '--notrack'])] : [];
  return new Map([
    [allowChain, plainChain([...untrack, rule([], setMark(marks.accept))])],
    [passChain, plainChain([rule([], setMark(marks.pass))])],
  ]);
}

/** Where the chain stands, and which of its rules the kernel did not take. */
export interface ChainUse {
  readonly table: TableName;
  readonly refused?: ReadonlySet<number> | undefined;
}

/** A policy that is not known denies: a missing referent never opens anything. */
export function renderPolicy(
  id: PolicyId,
  policy: Policy | undefined,
  direction: 'ingress' | 'egress',
  use: ChainUse,
  context: IptablesContext,
): IptablesChain {
  if (policy === undefined) return plainChain([rule([], drop, `${printPolicyId(id)} is missing`)]);
  const owner = { tier: policy.tier, kind: id.kind, namespace: id.namespace, name: id.name };
  return renderRules(direction === 'ingress' ? policy.inbound : policy.outbound, use, context, {
    label: `${printPolicyId(id)} ${direction}`,
    log: owner,
    pass: passChain,
    isStaged: policy.isStaged,
  });
}

export function renderProfile(
  name: string,
  profile: ProfileRules | undefined,
  direction: 'ingress' | 'egress',
  use: ChainUse,
  context: IptablesContext,
): IptablesChain {
  if (profile === undefined) return plainChain([rule([], drop, `profile ${name} is missing`)]);
  return renderRules(direction === 'ingress' ? profile.inbound : profile.outbound, use, context, {
    label: `profile ${name} ${direction}`,
    log: { tier: '', kind: 'Profile', namespace: '', name },
  });
}

interface RulesOwner {
  readonly label: string;
  readonly log: LogOwner;
  /** Where Pass goes; absent: it just leaves the chain. */
  readonly pass?: string;
  readonly isStaged?: boolean;
}

function renderRules(
  policyRules: readonly Rule[],
  use: ChainUse,
  context: IptablesContext,
  owner: RulesOwner,
): IptablesChain {
  const rules: IptablesRule[] = [];
  const setIds = new Set<string>();
  const lists = new Map<string, NetList>();
  policyRules.forEach((policyRule, index) => {
    const label = `${owner.label} ${index} ${policyRule.action}`;
    if (use.refused?.has(index)) {
      if (owner.isStaged !== true) rules.push(...substitute(policyRule, label, index));
      return;
    }
    const match = renderRuleMatch(policyRule, context.family);
    for (const id of match.setIds) setIds.add(id);
    for (const list of match.lists) lists.set(list.id, list);
    for (const words of match.alternatives) {
      rules.push({
        ...renderAction(policyRule.action, words, use.table, context, owner),
        label,
        policyRuleIndex: index,
      });
    }
  });
  return { rules, setIds: [...setIds], lists: [...lists.values()] };
}

function renderAction(
  action: Rule['action'],
  match: readonly string[],
  table: TableName,
  context: IptablesContext,
  { pass, log, isStaged }: RulesOwner,
): IptablesRule {
  if (isStaged === true) return rule(match, action === 'log' ? [] : leave);
  if (action === 'allow') return goTo(allowChain, match);
  if (action === 'deny') return rule(match, denyTarget(table, context));
  if (action === 'pass') return pass === undefined ? rule(match, leave) : goTo(pass, match);
  return rule([...match, ...limitWords(context)], logTarget(log, context));
}

function logTarget(owner: LogOwner, { config }: IptablesContext): string[] {
  const prefix = `${printLogPrefix(config.logPrefix, owner)
    .slice(0, -2)
    .slice(0, logPrefixMax - 2)}: `;
  return ['-j', 'LOG', '--log-prefix', prefix, '--log-level', logLevelNotice];
}

const rateText = /^[1-9]\d*\/(second|minute|hour|day)$/;

function limitWords({ config }: IptablesContext): string[] {
  const { logActionRateLimit: rate, logActionRateLimitBurst: burst } = config;
  if (!rateText.test(rate)) return [];
  return ['-m', 'limit', '--limit', rate, ...(burst > 0 ? ['--limit-burst', String(burst)] : [])];
}

/** What stands for a rule that the kernel refuses: never more open than the rule. */
function substitute({ action }: Rule, label: string, index: number): IptablesRule[] {
  if (action === 'allow' || action === 'log') return [];
  return [rule([], drop, `${label} (refused: drops all)`, index)];
}

/** Both results of policies, as they are before an endpoint's are asked. */
export function clearResults({ marks }: IptablesContext): IptablesRule {
  return rule([], clearMark((marks.accept | marks.pass) >>> 0));
}
