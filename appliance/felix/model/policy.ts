/** Policies, profiles and tiers as the dataplane sees them: selectors resolved to IP set ids, names to numbers. Pure types. */

export type PolicyKind =
  | 'NetworkPolicy'
  | 'GlobalNetworkPolicy'
  | 'StagedNetworkPolicy'
  | 'StagedGlobalNetworkPolicy'
  | 'StagedKubernetesNetworkPolicy';

/** `namespace` is empty for global kinds. */
export interface PolicyId {
  readonly kind: PolicyKind;
  readonly namespace: string;
  readonly name: string;
}

const shortKinds: Readonly<Record<PolicyKind, string>> = {
  NetworkPolicy: 'np',
  GlobalNetworkPolicy: 'gnp',
  StagedNetworkPolicy: 'snp',
  StagedGlobalNetworkPolicy: 'sgnp',
  StagedKubernetesNetworkPolicy: 'sknp',
};

/** `np/prod/db-in`, `gnp/web-in`, `sgnp/try-1`: unique, and a map key. */
export function printPolicyId(id: PolicyId): string {
  return id.namespace === ''
    ? `${shortKinds[id.kind]}/${id.name}`
    : `${shortKinds[id.kind]}/${id.namespace}/${id.name}`;
}

export interface Policy {
  readonly tier: string;
  /** Counted but never enforced. */
  readonly isStaged: boolean;
  readonly isUntracked: boolean;
  readonly isPreDnat: boolean;
  readonly inbound: readonly Rule[];
  readonly outbound: readonly Rule[];
}

export interface ProfileRules {
  readonly inbound: readonly Rule[];
  readonly outbound: readonly Rule[];
}

/** Inclusive. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export interface IcmpMatch {
  readonly type: number;
  readonly code?: number;
}

/**
 * All present criteria hold at once; entries of `nets` and `ports` are alternatives; several set ids of one side must all match.
 * Numeric ports and named-port sets of the same side are alternatives. Absent or empty means "any".
 * Nets are canonical and masked. A family with no entry in a list that is not empty (also a negated one) does not match at all.
 */
export interface Rule {
  readonly action: 'allow' | 'deny' | 'pass' | 'log';
  readonly ipVersion?: 4 | 6;
  /** IP protocol numbers. */
  readonly protocol?: number;
  readonly notProtocol?: number;
  readonly icmp?: IcmpMatch;
  readonly notIcmp?: IcmpMatch;
  readonly src: RuleSide;
  readonly dst: RuleSide;
}

export interface RuleSide {
  readonly nets?: readonly string[];
  readonly notNets?: readonly string[];
  readonly ports?: readonly PortRange[];
  readonly notPorts?: readonly PortRange[];
  /** ip-port sets. */
  readonly namedPortSets?: readonly string[];
  readonly notNamedPortSets?: readonly string[];
  /** net sets: all must match. */
  readonly sets?: readonly string[];
  /** net sets: none may match. */
  readonly notSets?: readonly string[];
  /** ip-port sets of services (destination): all must match. */
  readonly serviceSets?: readonly string[];
}

/** A tier as it applies to one endpoint: only policies that match the endpoint and have the direction, in order. */
export interface TierPolicies {
  readonly name: string;
  readonly defaultAction: 'Deny' | 'Pass';
  readonly ingress: readonly PolicyId[];
  readonly egress: readonly PolicyId[];
}
