/** Small worlds for tests of the dataplane: a configuration with Felix's defaults, and makers of messages. */
import { decodeConfig } from '#appliance/felix/config/decode.ts';
import type { FelixConfig } from '#appliance/felix/model/config.ts';
import type { HostEndpoint, WorkloadEndpoint } from '#appliance/felix/model/endpoint.ts';
import type { Message } from '#appliance/felix/model/messages.ts';
import type { Policy, PolicyId, Rule, TierPolicies } from '#appliance/felix/model/policy.ts';

export const sampleConfig: FelixConfig = {
  ...decodeConfig(new Map()).config,
  failsafeInbound: [{ protocol: 6, port: 22 }],
  failsafeOutbound: [{ protocol: 17, port: 53, net: '10.0.0.0/8' }],
  endpointStatusPath: '',
  reportingIntervalMs: 0,
  routeRefreshIntervalMs: 0,
  nftablesRefreshIntervalMs: 0,
  interfaceRefreshIntervalMs: 0,
};

export function config(changes: Partial<FelixConfig> = {}): Message {
  return { type: 'config-update', config: { ...sampleConfig, ...changes } };
}

export const inSync: Message = { type: 'in-sync' };

export function policyId(name: string): PolicyId {
  return { kind: 'GlobalNetworkPolicy', namespace: '', name };
}

export function rule(action: Rule['action'], match: Partial<Rule> = {}): Rule {
  return { action, src: {}, dst: {}, ...match };
}

export function policy(name: string, rules: Partial<Policy> = {}): Message {
  return { type: 'policy-update', id: policyId(name), policy: samplePolicy(rules) };
}

export function samplePolicy(rules: Partial<Policy> = {}): Policy {
  return {
    tier: 'default',
    isStaged: false,
    isUntracked: false,
    isPreDnat: false,
    inbound: [],
    outbound: [],
    ...rules,
  };
}

export function tier(ingress: readonly string[], egress: readonly string[] = [], name = 'default'): TierPolicies {
  return { name, defaultAction: 'Deny', ingress: ingress.map(policyId), egress: egress.map(policyId) };
}

export function workload(name: string, endpoint: Partial<WorkloadEndpoint> = {}): Message {
  return {
    type: 'workload-endpoint-update',
    id: { orchestrator: 'o', workload: `default/${name}`, endpoint: 'eth0' },
    endpoint: {
      isActive: true,
      interfaceName: `cali-${name}`,
      profiles: [],
      ipv4Nets: [],
      ipv6Nets: [],
      nats: [],
      allowSpoofedSourcePrefixes: [],
      tiers: [],
      ...endpoint,
    },
  };
}

export function workloadGone(name: string): Message {
  return { type: 'workload-endpoint-remove', id: { orchestrator: 'o', workload: `default/${name}`, endpoint: 'eth0' } };
}

export function hostEndpoint(name: string, endpoint: Partial<HostEndpoint> = {}): Message {
  return {
    type: 'host-endpoint-update',
    id: { name },
    endpoint: {
      interfaceName: '',
      expectedIps: [],
      profiles: [],
      tiers: [],
      untrackedTiers: [],
      preDnatTiers: [],
      forwardTiers: [],
      ...endpoint,
    },
  };
}

export function ipSet(id: string, ...members: readonly string[]): Message {
  const setType = members.some((member) => member.includes(',')) ? 'ip-port' : 'net';
  return { type: 'ip-set-update', id, setType, members };
}

export const allowAllProfile: Message = {
  type: 'profile-update',
  name: 'allow',
  profile: { inbound: [rule('allow')], outbound: [rule('allow')] },
};
