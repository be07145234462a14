/** Which kinds of resources the graph follows, how each is read and which parts hear of it. Pure. */
import type { Problem } from '#appliance/lib/problem.ts';
import type { Work } from '#appliance/lib/work.ts';
import type { PolicyKind } from '../model/policy.ts';
import type { ActiveProfiles } from './active-profiles.ts';
import type { ClusterRoutes, Workload } from './cluster-routes.ts';
import type { Conversion } from './convert/fields.ts';
import { convertHostEndpoint } from './convert/host-endpoint.ts';
import { convertIpPool } from './convert/ip-pool.ts';
import { parseResourceKey, parseWorkloadEndpointName, type ResourceKey } from './convert/key.ts';
import { convertKubernetesPolicy } from './convert/kubernetes-policy.ts';
import { convertNetworkSet } from './convert/network-set.ts';
import { convertNode } from './convert/node.ts';
import { convertNodeNetwork } from './convert/node-network.ts';
import { convertPolicy } from './convert/policy.ts';
import { convertProfile, defaultAllowName } from './convert/profile.ts';
import { convertServiceCidrs } from './convert/service-cidrs.ts';
import { convertTier } from './convert/tier.ts';
import { convertWorkloadEndpoint } from './convert/workload-endpoint.ts';
import type { Hosts } from './hosts.ts';
import type { IpPools } from './ip-pools.ts';
import type { IpSetMembers, LabelledContributor } from './ip-set-members.ts';
import type { LocalEndpoint } from './local-endpoint.ts';
import type { LocalEndpoints } from './local-endpoints.ts';
import type { ServiceCidrs } from './service-cidrs.ts';
import type { Encapsulations, TunnelEndpoints } from './tunnel-endpoints.ts';

/** The parts that hear of resources. */
export interface GraphParts {
  readonly sets: IpSetMembers;
  readonly profiles: ActiveProfiles;
  readonly endpoints: LocalEndpoints;
  readonly pools: IpPools;
  readonly services: ServiceCidrs;
  readonly hosts: Hosts;
  readonly routes: ClusterRoutes;
  readonly tunnels: TunnelEndpoints;
  readonly encapsulations: Encapsulations;
}

/** What conversions need to know besides the object. */
export interface GraphContext {
  readonly hostname: string;
  readonly isSourceSpoofingAllowed: boolean;
}

/** `key` is the whole store key. */
export type StoredKey = ResourceKey & { readonly key: string };

export interface GraphKind {
  readonly isNamespaced: boolean;
  /** Takes the present value, undefined for absent, and returns what is wrong with it. Rests only before anything has changed. */
  apply(key: StoredKey, value: unknown): Work<readonly Problem[]>;
}

/** The kinds by the plural in their store keys; others are of no interest. */
export function createKinds(parts: GraphParts, context: GraphContext): ReadonlyMap<string, GraphKind> {
  return new Map<string, GraphKind>([
    ['globalnetworkpolicies', policyKind(parts, 'GlobalNetworkPolicy', false)],
    ['stagedglobalnetworkpolicies', policyKind(parts, 'StagedGlobalNetworkPolicy', false)],
    ['networkpolicies', policyKind(parts, 'NetworkPolicy', true)],
    ['stagednetworkpolicies', policyKind(parts, 'StagedNetworkPolicy', true)],
    ['stagedkubernetesnetworkpolicies', policyKind(parts, 'StagedKubernetesNetworkPolicy', true)],
    ['globalnetworksets', networkSetKind(parts, false)],
    ['networksets', networkSetKind(parts, true)],
    ['workloadendpoints', workloadEndpointKind(parts, context)],
    ['hostendpoints', hostEndpointKind(parts, context)],
    ['profiles', profileKind(parts)],
    ['tiers', tierKind(parts)],
    ['ippools', ipPoolKind(parts)],
    ['bgpconfigurations', bgpConfigurationKind(parts)],
    ['nodes', nodeKind(parts)],
  ]);
}

function policyKind({ endpoints }: GraphParts, kind: PolicyKind, isNamespaced: boolean): GraphKind {
  const convert = kind === 'StagedKubernetesNetworkPolicy' ? convertKubernetesPolicy : convertPolicy;
  return defineKind({
    isNamespaced,
    convert: ({ namespace, name }, value) => convert({ kind, namespace, name }, value),
    accept: ({ namespace, name }, policy) => endpoints.policies.setPolicy({ kind, namespace, name }, policy),
  });
}

function networkSetKind({ sets }: GraphParts, isNamespaced: boolean): GraphKind {
  return defineKind({
    isNamespaced,
    convert: ({ key, namespace }, value) => convertNetworkSet(namespace, value, sets.netsOf(key)),
    accept: ({ key }, contributor) => acceptContributor(sets, key, contributor),
  });
}

function workloadEndpointKind(parts: GraphParts, context: GraphContext): GraphKind {
  return defineKind({
    isNamespaced: true,
    convert: ({ namespace, name }, value) => convertWorkloadEndpoint({ namespace, name, ...context }, value),
    accept({ key }, input) {
      acceptEndpoint(parts, key, input, input?.local && { type: 'workload', ...input.local });
      if (parts.routes.areWorkloadsWanted) parts.routes.setWorkload(key, input && workloadOf(key, input.nets));
    },
  });
}

/** By its key, which begins with its host; undefined for what is no workload. */
export function workloadOf(key: string, nets: readonly string[]): Workload | undefined {
  const parsed = parseResourceKey(key);
  const node = parsed?.plural === 'workloadendpoints' ? parseWorkloadEndpointName(parsed.name)?.[0] : undefined;
  return node === undefined ? undefined : { node, nets };
}

function hostEndpointKind(parts: GraphParts, { hostname }: GraphContext): GraphKind {
  return defineKind({
    isNamespaced: false,
    convert: ({ name }, value) => convertHostEndpoint(name, hostname, value),
    accept: ({ key }, input) => acceptEndpoint(parts, key, input, input?.local && { type: 'host', ...input.local }),
  });
}

function profileKind({ sets, profiles, endpoints }: GraphParts): GraphKind {
  return defineKind({
    isNamespaced: false,
    convert: (_, value) => convertProfile(value),
    accept: ({ name }, profile) => {
      if (name === defaultAllowName) return;
      sets.setProfileLabels(name, profile?.labels);
      endpoints.policies.setProfileLabels(name, profile?.labels);
      profiles.setProfile(name, profile);
    },
  });
}

function tierKind({ endpoints }: GraphParts): GraphKind {
  return defineKind({
    isNamespaced: false,
    convert: (_, value) => convertTier(value),
    accept: ({ name }, tier) => endpoints.setTier(name, tier),
  });
}

/** Only the cluster's own object speaks of services. */
function bgpConfigurationKind({ services }: GraphParts): GraphKind {
  return defineKind({
    isNamespaced: false,
    convert: (_, value) => convertServiceCidrs(value),
    accept: ({ name }, cidrs) => {
      if (name === 'default') services.setCidrs(cidrs ?? []);
    },
  });
}

function ipPoolKind({ pools, routes, encapsulations }: GraphParts): GraphKind {
  return defineKind({
    isNamespaced: false,
    convert: (_, value) => convertIpPool(value),
    accept: ({ name }, pool) => {
      for (const part of [pools, routes, encapsulations]) part.setPool(name, pool);
    },
  });
}

function nodeKind({ hosts, routes, tunnels }: GraphParts): GraphKind {
  return defineKind({
    isNamespaced: false,
    convert({ name }, value) {
      const host = convertNode(value);
      const network = convertNodeNetwork(name, value);
      const isAbsent = host.value === undefined || network.value === undefined;
      const seen = new Set(host.problems.map(({ path }) => path));
      const problems = [...host.problems, ...network.problems.filter(({ path }) => !seen.has(path))];
      return { value: isAbsent ? undefined : { host: host.value, network: network.value }, problems };
    },
    accept: ({ name }, node) => {
      hosts.setHost(name, node?.host);
      for (const part of [routes, tunnels]) part.setNode(name, node?.network);
    },
  });
}

const absent = { value: undefined, problems: [] };

interface KindSteps<T> {
  readonly isNamespaced: boolean;
  readonly convert: (key: StoredKey, value: unknown) => Conversion<T> | Work<Conversion<T>>;
  readonly accept: (key: StoredKey, value: T | undefined) => void;
}

function defineKind<T>({ isNamespaced, convert, accept }: KindSteps<T>): GraphKind {
  return {
    isNamespaced,
    *apply(key, value) {
      const converting = value === undefined ? absent : convert(key, value);
      const conversion = 'next' in converting ? yield* converting : converting;
      accept(key, conversion.value);
      return conversion.problems;
    },
  };
}

function acceptContributor(sets: IpSetMembers, key: string, contributor: LabelledContributor | undefined): void {
  if (contributor === undefined) sets.removeContributor(key);
  else sets.setContributor(key, contributor);
}

function acceptEndpoint(
  { sets, endpoints }: GraphParts,
  key: string,
  input: LabelledContributor | undefined,
  local: LocalEndpoint | undefined,
): void {
  acceptContributor(sets, key, input);
  if (local === undefined || input === undefined) endpoints.removeEndpoint(key);
  else endpoints.setEndpoint(key, local, input.labels);
}
