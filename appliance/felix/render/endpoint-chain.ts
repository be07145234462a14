/** List chains and tier chains: the order in which an endpoint's policies and profiles are asked. Pure. Source: felix's endpoint chains. */
import type { Policy, PolicyId } from '../model/policy.ts';
import type { ListChain, TierChain } from './chain-spec.ts';
import { matchKnownFlow } from './known-flow.ts';
import {
  branch,
  clearMark,
  count,
  ctState,
  matchCtState,
  matchMark,
  matchPortRange,
  matchProtocol,
  verdict,
} from './match.ts';
import { tierCounterName } from './names.ts';
import type { RenderContext } from './policy.ts';
import { denyExpression, hasPass } from './policy.ts';
import type { RenderedChain, RenderedRule } from './rendered.ts';
import type { StageKind } from './stage.ts';
import { stageTraits } from './stage.ts';

const UDP = 17;
const IPIP = 4;

/** Counters that chains of endpoints share; they always exist. */
export const endpointCounters = {
  down: 'drop/endpoint-down',
  invalid: 'drop/conntrack-invalid',
  tunnel: 'drop/tunnel-from-workload',
  ingress: 'drop/no-profile-match/ingress',
  egress: 'drop/no-profile-match/egress',
} as const;

export function renderListChain(list: ListChain, context: RenderContext): RenderedChain {
  if (list.isAdminDown) {
    const deny = denyExpression(context.config, stageTraits[list.kind].isDropOnly);
    return plain([drop('endpoint is down', endpointCounters.down, deny)]);
  }
  const rules = renderListStart(list.kind, context);
  for (const tier of list.tiers) rules.push({ label: `tier ${tier.tier}`, expressions: [branch('jump', tier.name)] });
  for (const profile of list.profiles) {
    rules.push({ label: `profile ${profile.profile}`, expressions: [branch('jump', profile.name)] });
  }
  return plain([...rules, ...renderListEnd(list.kind, context)]);
}

/** What is asked before the policies of an endpoint, whichever they are. */
export function renderListStart(kind: StageKind, context: RenderContext): RenderedRule[] {
  const traits = stageTraits[kind];
  const deny = denyExpression(context.config, traits.isDropOnly);
  const rules: RenderedRule[] = traits.isTracked ? renderConntrack(context, deny) : [];
  if (traits.failsafe !== undefined) {
    rules.push({ label: 'failsafe ports', expressions: [branch('jump', traits.failsafe)] });
  }
  if (kind === 'workload-egress') rules.push(...renderTunnelDrops(context, deny));
  return rules;
}

/** What becomes of packets that nothing decided. */
export function renderListEnd(kind: StageKind, { config }: RenderContext): RenderedRule[] {
  const { isClosed, isDropOnly, direction } = stageTraits[kind];
  if (!isClosed) return [];
  return [drop('nothing accepted', endpointCounters[direction], denyExpression(config, isDropOnly))];
}

/** The tier's policies in order; a pass leaves the tier; the end drops when a policy that counts is in it. */
export function renderTierChain(
  tier: TierChain,
  policyOf: (id: PolicyId) => Policy | undefined,
  { config, marks }: RenderContext,
): RenderedChain {
  const rules: RenderedRule[] = [];
  for (const { id, name } of tier.policies) {
    rules.push({ label: `policy ${name}`, expressions: [branch('jump', name)], jumpsTo: name });
    if (!hasPass(policyOf(id), tier.direction)) continue;
    const expressions = [...matchMark(marks.pass), ...clearMark(marks.pass), verdict('return')];
    rules.push({ label: 'passed', expressions });
  }
  const isEnforced = tier.policies.some(({ id }) => policyOf(id)?.isStaged !== true);
  if (tier.doesDrop && isEnforced) {
    const counter = tierCounterName(tier.tier, tier.direction);
    rules.push(drop(`end of tier ${tier.tier} ${tier.direction}`, counter, denyExpression(config, tier.isDropOnly)));
  }
  return plain(rules);
}

/** A chain that refers to no sets. */
export function plain(rules: readonly RenderedRule[]): RenderedChain {
  return { rules, setIds: [], lists: [], netSets: [] };
}

function drop(label: string, counter: string, deny: ReturnType<typeof denyExpression>): RenderedRule {
  return { label, expressions: [count(counter), deny], counter };
}

function renderConntrack(context: RenderContext, deny: ReturnType<typeof denyExpression>): RenderedRule[] {
  const rules: RenderedRule[] = [{ label: 'known flow', expressions: [...matchKnownFlow(context), verdict('accept')] }];
  if (context.config.isConntrackInvalidCheckDisabled) return rules;
  const counter = endpointCounters.invalid;
  const expressions = [...matchCtState(ctState.invalid), count(counter), deny];
  return [...rules, { label: 'invalid packet', expressions, counter }];
}

function renderTunnelDrops({ config }: RenderContext, deny: ReturnType<typeof denyExpression>): RenderedRule[] {
  const counter = endpointCounters.tunnel;
  const rules: RenderedRule[] = [];
  if (!config.areVxlanPacketsFromWorkloadsAllowed) {
    const port = { first: config.vxlanPort, last: config.vxlanPort };
    const expressions = [...matchProtocol(UDP), ...matchPortRange('dst', port), count(counter), deny];
    rules.push({ label: 'VXLAN from a workload', expressions, counter });
  }
  if (!config.areIpipPacketsFromWorkloadsAllowed) {
    const expressions = [...matchProtocol(IPIP), count(counter), deny];
    rules.push({ label: 'IPIP from a workload', expressions, counter });
  }
  return rules;
}
