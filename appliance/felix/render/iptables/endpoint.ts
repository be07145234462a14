/**
 * The chain of one endpoint in one stage: the order in which its policies and profiles are asked. Pure. Source: felix's endpoint chains.
 * A policy's answer is in the marks when its chain returns; each jump but the first few is made only while there is none.
 */
import type { Policy, PolicyId } from '../../model/policy.ts';
import type { ListChain, TierChain } from '../chain-spec.ts';
import { stageTraits } from '../stage.ts';
import type { IptablesContext } from './context.ts';
import { allowTarget, denyTarget } from './context.ts';
import { knownFlow } from './known-flow.ts';
import { policyChain, profileChain } from './names.ts';
import { clearResults } from './policy.ts';
import type { IptablesChain, IptablesRule, TableName } from './rule.ts';
import { clearMark, flowState, hasMark, jump, lacksMark, leave, plainChain, rule, setMark } from './rule.ts';

/** Jumps between two looks at whether the packet is accepted already. */
const jumpsBetweenLooks = 5;

export interface EndpointUse {
  readonly table: TableName;
  readonly policyOf: (id: PolicyId) => Policy | undefined;
}

export function renderEndpointChain(list: ListChain, use: EndpointUse, context: IptablesContext): IptablesChain {
  const { table } = use;
  const traits = stageTraits[list.kind];
  const deny = denyTarget(table, context);
  if (list.isAdminDown) return plainChain([rule([], deny, 'endpoint is down')]);
  const rules: IptablesRule[] = traits.isTracked ? renderConntrack(table, deny, context) : [];
  if (traits.failsafe !== undefined) {
    rules.push(jump(traits.direction === 'ingress' ? 'cali-failsafe-in' : 'cali-failsafe-out'));
  }
  rules.push(clearResults(context));
  if (list.kind === 'workload-egress') rules.push(...renderTunnelDrops(deny, context));
  for (const tier of list.tiers) rules.push(...renderTier(tier, use, context));
  if (isForward(list) && list.tiers.length === 0) rules.push(rule([], setMark(context.marks.accept)));
  for (const { profile, direction } of list.profiles) {
    rules.push(jump(profileChain(profile, direction)), leaveIfAccepted(context));
  }
  if (traits.isClosed) rules.push(rule([], deny, 'nothing accepted'));
  return plainChain(rules);
}

function isForward({ kind }: ListChain): boolean {
  return kind === 'forward-ingress' || kind === 'forward-egress';
}

function leaveIfAccepted({ marks }: IptablesContext): IptablesRule {
  return rule(hasMark(marks.accept), leave, 'accepted');
}

/** Where an allowed packet goes on, its mark tells those that follow. */
function renderConntrack(table: TableName, deny: readonly string[], context: IptablesContext): IptablesRule[] {
  const allow = allowTarget(table, context);
  const flow = knownFlow(context);
  const rules = allow === leave ? [rule(flow, setMark(context.marks.accept))] : [];
  rules.push(rule(flow, allow, 'known flow'));
  if (context.config.isConntrackInvalidCheckDisabled) return rules;
  return [...rules, rule(flowState('INVALID'), deny, 'invalid packet')];
}

function renderTunnelDrops(deny: readonly string[], { config }: IptablesContext): IptablesRule[] {
  const rules: IptablesRule[] = [];
  if (!config.areVxlanPacketsFromWorkloadsAllowed) {
    const match = ['-p', '17', '-m', 'multiport', '--dports', String(config.vxlanPort)];
    rules.push(rule(match, deny, 'VXLAN from a workload'));
  }
  if (!config.areIpipPacketsFromWorkloadsAllowed) rules.push(rule(['-p', '4'], deny, 'IPIP from a workload'));
  return rules;
}

/** The tier's policies in order; a pass leaves the tier; the end drops when a policy that counts is in it. */
function renderTier(tier: TierChain, { table, policyOf }: EndpointUse, context: IptablesContext): IptablesRule[] {
  const { marks } = context;
  if (tier.policies.length === 0) return [];
  const undecided = lacksMark((marks.accept | marks.pass) >>> 0);
  const rules: IptablesRule[] = [rule([], clearMark(marks.pass), `start of tier ${tier.tier}`)];
  tier.policies.forEach(({ id, direction }, i) => {
    rules.push(jump(policyChain(id, direction), i === 0 ? [] : undecided));
    if (i % jumpsBetweenLooks === jumpsBetweenLooks - 1) rules.push(leaveIfAccepted(context));
  });
  if (tier.policies.length % jumpsBetweenLooks !== 0) rules.push(leaveIfAccepted(context));
  if (tier.doesDrop && tier.policies.some(({ id }) => policyOf(id)?.isStaged !== true)) {
    rules.push(rule(lacksMark(marks.pass), denyTarget(table, context), `end of tier ${tier.tier}`));
  }
  return rules;
}
