/**
 * StagedKubernetesNetworkPolicy as the graph uses it: a NetworkPolicy of Kubernetes, read as ours. Pure.
 * A rule that cannot be read is left out and the rest stays, as upstream does: each rule only allows.
 */
import { policySelector } from '#appliance/selector/rewrite.ts';
import type { PolicyId } from '../../model/policy.ts';
import { type Conversion, convertResource, type Fields, ProblemList } from './fields.ts';
import { readPeer } from './kubernetes-peer.ts';
import { portGroups } from './kubernetes-ports.ts';
import { readPodSelector } from './kubernetes-selector.ts';
import type { PolicyInput } from './policy.ts';
import { readTypes } from './policy.ts';
import { anySide, type RuleInput } from './rule.ts';

/** All of them are evaluated at this place in tier `default`. */
const kubernetesOrder = 1000;

/** Converts a stored StagedKubernetesNetworkPolicy; one staged for deletion counts as absent. */
export function convertKubernetesPolicy(id: PolicyId, value: unknown): Conversion<PolicyInput> {
  return convertResource(value, ({ spec }) =>
    spec.text('stagedAction') === 'Delete' ? undefined : readPolicy(id.namespace, spec),
  );
}

function readPolicy(namespace: string, spec: Fields): PolicyInput {
  const hasTypes = spec.array('policyTypes').length > 0;
  return {
    tier: 'default',
    order: kubernetesOrder,
    selector: policySelector({ namespace, selector: readPodSelector(spec, 'podSelector') })!,
    ...(hasTypes ? readTypes(spec, 'policyTypes') : { hasIngress: true, hasEgress: false }),
    isStaged: true,
    isUntracked: false,
    isPreDnat: false,
    isAppliedOnForward: false,
    isNeededEverywhere: false,
    inbound: readRules(spec, 'ingress', namespace),
    outbound: readRules(spec, 'egress', namespace),
  };
}

function readRules(spec: Fields, name: 'ingress' | 'egress', namespace: string): readonly RuleInput[] {
  return spec.children(name).flatMap((rule) => {
    const attempt = rule.withList(new ProblemList());
    const rules = readRule(attempt, name === 'ingress' ? 'from' : 'to', namespace);
    if (!attempt.list.isRefused) return rules;
    for (const { path, message, value } of attempt.list.problems)
      spec.list.remark(path, `rule left out: ${message}`, value);
    return [];
  });
}

/** One rule for every protocol and peer; ports are always the destination's. */
function readRule(rule: Fields, peersName: 'from' | 'to', namespace: string): RuleInput[] {
  const peers = rule.children(peersName).map((peer) => readPeer(peer, namespace));
  if (peers.length === 0) peers.push(anySide);
  return portGroups(rule).flatMap(({ protocol, ports }) =>
    peers.map((peer) => ({
      action: 'allow',
      ipVersion: undefined,
      protocol,
      notProtocol: undefined,
      icmp: undefined,
      notIcmp: undefined,
      src: peersName === 'from' ? peer : anySide,
      dst: { ...(peersName === 'from' ? anySide : peer), ports },
    })),
  );
}
