/** A dataplane that only remembers: applies messages and refuses any that break what the graph promises. */
import { deepStrictEqual, notDeepStrictEqual, ok } from 'node:assert/strict';
import type { HostEndpoint, WorkloadEndpoint } from '#appliance/felix/model/endpoint.ts';
import { printWorkloadEndpointId } from '#appliance/felix/model/endpoint.ts';
import type {
  ClusterRoute,
  Encapsulation,
  HostMetadata,
  IpPool,
  IpSetType,
  Message,
  TunnelEndpoint,
  WireguardPeer,
} from '#appliance/felix/model/messages.ts';
import { type Policy, type ProfileRules, printPolicyId, type TierPolicies } from '#appliance/felix/model/policy.ts';
import { isMasked, parsePrefix, printPrefix } from '#appliance/lib/ip/address.ts';

export interface DataplaneState {
  readonly sets: Record<string, { type: IpSetType; members: string[] }>;
  readonly policies: Record<string, Policy>;
  readonly profiles: Record<string, ProfileRules>;
  readonly endpoints: Record<string, WorkloadEndpoint | HostEndpoint>;
  readonly pools: Record<string, IpPool>;
  readonly hosts: Record<string, HostMetadata>;
  readonly services?: Record<string, true>;
  readonly routes: Record<string, ClusterRoute>;
  readonly vteps: Record<string, TunnelEndpoint>;
  /** By family and node. */
  readonly peers: Record<string, WireguardPeer>;
  readonly encapsulation: Encapsulation;
}

const noEncapsulation: Encapsulation = { ipip: false, vxlan: false, vxlanV6: false };

/** Of an empty store. */
export function emptyState(): DataplaneState {
  const tables = { sets: {}, policies: {}, profiles: {}, endpoints: {}, pools: {}, hosts: {} };
  return { ...tables, routes: {}, vteps: {}, peers: {}, encapsulation: noEncapsulation };
}

type Table<T> = Map<string, T>;

export class Accumulator {
  readonly #sets: Table<{ type: IpSetType; members: Set<string> }> = new Map();
  readonly #policies: Table<Policy> = new Map();
  readonly #profiles: Table<ProfileRules> = new Map();
  readonly #endpoints: Table<WorkloadEndpoint | HostEndpoint> = new Map();
  readonly #pools: Table<IpPool> = new Map();
  readonly #hosts: Table<HostMetadata> = new Map();
  readonly #services: Table<true> = new Map();
  readonly #routes: Table<ClusterRoute> = new Map();
  readonly #vteps: Table<TunnelEndpoint> = new Map();
  readonly #peers: Table<WireguardPeer> = new Map();
  #encapsulation = noEncapsulation;
  isInSync = false;

  apply(messages: readonly Message[]): void {
    for (const message of messages) this.#applyOne(message);
  }

  /** Everything announced and not taken back; keys and members in order. */
  state(): DataplaneState {
    const sets = [...this.#sets].map(
      ([id, set]) => [id, { type: set.type, members: [...set.members].sort() }] as const,
    );
    return {
      sets: sorted(new Map(sets)),
      policies: sorted(this.#policies),
      profiles: sorted(this.#profiles),
      endpoints: sorted(this.#endpoints),
      pools: sorted(this.#pools),
      hosts: sorted(this.#hosts),
      ...(this.#services.size === 0 ? {} : { services: sorted(this.#services) }),
      routes: sorted(this.#routes),
      vteps: sorted(this.#vteps),
      peers: sorted(this.#peers),
      encapsulation: this.#encapsulation,
    };
  }

  #applyOne(message: Message): void {
    switch (message.type) {
      case 'ip-set-update':
        ok(!this.#sets.has(message.id), `set ${message.id} is announced twice`);
        this.#sets.set(message.id, { type: message.setType, members: new Set() });
        this.#addMembers(message.id, message.members);
        break;
      case 'ip-set-delta':
        ok(message.added.length + message.removed.length > 0, 'an empty delta');
        this.#removeMembers(message.id, message.removed);
        this.#addMembers(message.id, message.added);
        break;
      case 'ip-set-remove':
        for (const owner of [...this.#policies.values(), ...this.#profiles.values()]) {
          ok(!setsOf(owner).has(message.id), `set ${message.id} is removed while in use`);
        }
        take(this.#sets, message.id);
        break;
      case 'policy-update':
        this.#checkSets(message.policy);
        put(this.#policies, printPolicyId(message.id), message.policy);
        break;
      case 'policy-remove':
        for (const endpoint of this.#endpoints.values()) {
          ok(!policiesOf(endpoint).has(printPolicyId(message.id)), 'a policy is removed while in use');
        }
        take(this.#policies, printPolicyId(message.id));
        break;
      case 'profile-update':
        this.#checkSets(message.profile);
        put(this.#profiles, message.name, message.profile);
        break;
      case 'profile-remove':
        for (const endpoint of this.#endpoints.values())
          ok(!endpoint.profiles.includes(message.name), 'profile in use');
        take(this.#profiles, message.name);
        break;
      case 'workload-endpoint-update':
        this.#putEndpoint(`w/${printWorkloadEndpointId(message.id)}`, message.endpoint);
        break;
      case 'workload-endpoint-remove':
        take(this.#endpoints, `w/${printWorkloadEndpointId(message.id)}`);
        break;
      case 'host-endpoint-update':
        this.#putEndpoint(`h/${message.id.name}`, message.endpoint);
        break;
      case 'host-endpoint-remove':
        take(this.#endpoints, `h/${message.id.name}`);
        break;
      case 'ip-pool-update':
        put(this.#pools, message.id, message.pool);
        break;
      case 'ip-pool-remove':
        take(this.#pools, message.id);
        break;
      case 'service-cidr-update':
        put(this.#services, message.cidr, true);
        break;
      case 'service-cidr-remove':
        take(this.#services, message.cidr);
        break;
      case 'host-metadata-update':
        put(this.#hosts, message.host, message.metadata);
        break;
      case 'host-metadata-remove':
        take(this.#hosts, message.host);
        break;
      case 'route-update':
        put(this.#routes, message.route.destination, message.route);
        break;
      case 'route-remove':
        take(this.#routes, message.destination);
        break;
      case 'vtep-update':
        put(this.#vteps, message.vtep.node, message.vtep);
        break;
      case 'vtep-remove':
        take(this.#vteps, message.node);
        break;
      case 'wireguard-peer-update':
        put(this.#peers, `${message.peer.family} ${message.peer.node}`, message.peer);
        break;
      case 'wireguard-peer-remove':
        take(this.#peers, `${message.family} ${message.node}`);
        break;
      case 'encapsulation':
        notDeepStrictEqual(message.encapsulation, this.#encapsulation, 'the encapsulation is sent again unchanged');
        this.#encapsulation = message.encapsulation;
        break;
      case 'in-sync':
        ok(!this.isInSync, 'in-sync twice');
        this.isInSync = true;
        break;
      default:
        throw new Error(`unexpected ${message.type}`);
    }
  }

  #addMembers(id: string, members: readonly string[]): void {
    const set = this.#sets.get(id);
    ok(set, `no set ${id}`);
    for (const member of members) {
      ok(!set.members.has(member), `${member} is added twice to ${id}`);
      checkMember(set.type, member);
      set.members.add(member);
    }
  }

  #removeMembers(id: string, members: readonly string[]): void {
    for (const member of members) ok(this.#sets.get(id)?.members.delete(member), `${member} is not in ${id}`);
  }

  #checkSets(owner: ProfileRules): void {
    for (const [id, type] of setsOf(owner)) deepStrictEqual(this.#sets.get(id)?.type, type, `set ${id} is missing`);
  }

  #putEndpoint(key: string, endpoint: WorkloadEndpoint | HostEndpoint): void {
    for (const id of policiesOf(endpoint)) ok(this.#policies.has(id), `policy ${id} is missing`);
    for (const name of endpoint.profiles) ok(this.#profiles.has(name), `profile ${name} is missing`);
    put(this.#endpoints, key, endpoint);
  }
}

function checkMember(type: IpSetType, member: string): void {
  if (type === 'net') {
    const prefix = parsePrefix(member);
    ok(prefix && isMasked(prefix) && prefix.length > 0 && printPrefix(prefix) === member, `bad member ${member}`);
  } else {
    ok(/^[0-9a-f.:]+,\d+:\d+$/.test(member), `bad member ${member}`);
  }
}

function setsOf({ inbound, outbound }: ProfileRules): Map<string, IpSetType> {
  const found = new Map<string, IpSetType>();
  for (const { src, dst } of [...inbound, ...outbound]) {
    for (const side of [src, dst]) {
      for (const id of [...(side.sets ?? []), ...(side.notSets ?? [])]) found.set(id, 'net');
      const pairs = [side.namedPortSets, side.notNamedPortSets, side.serviceSets];
      for (const id of pairs.flatMap((list) => list ?? [])) found.set(id, 'ip-port');
    }
  }
  return found;
}

function policiesOf(endpoint: WorkloadEndpoint | HostEndpoint): Set<string> {
  const lists: (readonly TierPolicies[])[] = [endpoint.tiers];
  if ('forwardTiers' in endpoint) lists.push(endpoint.untrackedTiers, endpoint.preDnatTiers, endpoint.forwardTiers);
  return new Set(lists.flat().flatMap((tier) => [...tier.ingress, ...tier.egress].map(printPolicyId)));
}

function put<T>(table: Table<T>, key: string, value: T): void {
  if (table.has(key)) notDeepStrictEqual(table.get(key), value, `${key} is sent again unchanged`);
  table.set(key, value);
}

function take<T>(table: Table<T>, key: string): void {
  ok(table.delete(key), `${key} is removed but was never announced`);
}

function sorted<T>(table: Table<T>): Record<string, T> {
  return Object.fromEntries([...table].sort(([a], [b]) => (a < b ? -1 : 1)));
}
