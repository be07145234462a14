/**
 * The calculation graph: from what is in the store to what this host has to enforce. The only file that knows all its parts. Pure.
 * Output depends on what the store holds now, never on how it got there.
 *
 *   resources -> convert/* -> local endpoints x policies -> active rules -> IP sets x every endpoint and network set -> messages
 */
import { assert } from '#appliance/lib/assert.ts';
import type { Problem } from '#appliance/lib/problem.ts';
import { finish, type Work } from '#appliance/lib/work.ts';
import type { Revision } from '../../datastore/store.ts';
import type { SyncStatus } from '../../datastore/syncer.ts';
import type { FelixConfig } from '../model/config.ts';
import type { Flush, Message } from '../model/messages.ts';
import { ActiveProfiles } from './active-profiles.ts';
import { ActiveRules } from './active-rules.ts';
import { ClusterRoutes } from './cluster-routes.ts';
import { convertBlock, parseBlockKey } from './convert/block.ts';
import { parseResourceKey, pluralOfValue } from './convert/key.ts';
import { defaultAllowName, defaultAllowProfile } from './convert/profile.ts';
import type { GraphUpdate } from './decode.ts';
import { Hosts } from './hosts.ts';
import { IpPools } from './ip-pools.ts';
import { IpSetMembers } from './ip-set-members.ts';
import { createKinds, type GraphKind, type GraphParts, type StoredKey, workloadOf } from './kinds.ts';
import type { IndexSize } from './label-index.ts';
import { LocalEndpoints } from './local-endpoints.ts';
import { ServiceCidrs } from './service-cidrs.ts';
import { Encapsulations, TunnelEndpoints } from './tunnel-endpoints.ts';

export interface GraphOptions {
  /** Endpoints of this host are the local ones. */
  readonly hostname: string;
  /** True when WorkloadSourceSpoofing is `Any`; endpoints that ask for it are absent otherwise. */
  readonly isSourceSpoofingAllowed?: boolean;
}

/** A flush or a part of one. Parts carry the revision of the flush before; only the last has the one now reached. */
export interface GraphFlush extends Flush {
  readonly isLast: boolean;
}

export interface Graph {
  /** Takes a batch; `revision` says that everything up to it has been delivered. Not allowed between parts of a flush. */
  update(updates: readonly GraphUpdate[], revision?: Revision): void;
  /** Takes one update as work that may rest; nothing else may be asked of the graph before it is done. */
  take(update: GraphUpdate): Work;
  /** Nothing is flushed before the first `in-sync`; what comes later changes nothing. */
  status(status: SyncStatus, revision?: Revision): void;
  /**
   * What has changed since the last flush, referents first; undefined when nothing has, not even the revision. A part ends early,
   * perhaps without a message, where the work is long.
   */
  flush(maxMessages?: number): GraphFlush | undefined;
  /** Holds for what `update` is told from now on: whoever changes it tells the endpoints that ask for spoofing again. */
  allowSourceSpoofing(isAllowed: boolean): void;
  /** The next flush has everything, `in-sync` last, as if nothing had been flushed before. Not allowed between parts of a flush. */
  announceAnew(): void;
  /** Where routes to other hosts come from. */
  setRouteSource(source: FelixConfig['routeSource']): void;
  /** What is wrong with stored objects, by store key. */
  problems(): ReadonlyMap<string, readonly Problem[]>;
  /** Rows held by all parts but for what an empty store needs: 0 when everything was deleted and flushed. */
  rows(): number;
  /** Items whose labels are looked at for IP sets, and the selectors they are held against. */
  readonly indexSize: IndexSize;
}

/** A graph for one host, empty and not in sync. */
export function createGraph(options: GraphOptions): Graph {
  return new CalculationGraph(options);
}

class CalculationGraph implements Graph {
  readonly #parts: GraphParts;
  readonly #rules: ActiveRules;
  readonly #kinds: ReadonlyMap<string, GraphKind>;
  readonly #problems = new Map<string, readonly Problem[]>();
  readonly #emptyRows: number;
  #revision = 0;
  #flushedRevision = 0;
  #isInSync = false;
  #isInSyncSent = false;
  readonly #context: { readonly hostname: string; isSourceSpoofingAllowed: boolean };
  /** The rest of a flush that was handed out in part. */
  #rest: Generator<Message | undefined> | undefined;

  constructor({ hostname, isSourceSpoofingAllowed = false }: GraphOptions) {
    const sets = new IpSetMembers();
    this.#rules = new ActiveRules(sets);
    const profiles = new ActiveProfiles(this.#rules);
    profiles.setProfile(defaultAllowName, defaultAllowProfile());
    const endpoints = new LocalEndpoints(this.#rules, profiles);
    this.#parts = {
      sets,
      profiles,
      endpoints,
      pools: new IpPools(),
      services: new ServiceCidrs(),
      hosts: new Hosts(),
      routes: new ClusterRoutes(hostname),
      tunnels: new TunnelEndpoints(hostname),
      encapsulations: new Encapsulations(),
    };
    this.#context = { hostname, isSourceSpoofingAllowed };
    this.#kinds = createKinds(this.#parts, this.#context);
    this.#emptyRows = this.#countRows();
  }

  update(updates: readonly GraphUpdate[], revision = 0): void {
    for (const update of updates) finish(this.take(update));
    this.#revision = Math.max(this.#revision, revision);
  }

  *take(update: GraphUpdate): Work {
    assert(this.#rest === undefined, 'no update between the parts of a flush');
    yield* this.#apply(update);
    this.#revision = Math.max(this.#revision, update.revision);
  }

  status(status: SyncStatus, revision = 0): void {
    if (status === 'in-sync') this.#isInSync = true;
    this.#revision = Math.max(this.#revision, revision);
  }

  flush(maxMessages = Number.POSITIVE_INFINITY): GraphFlush | undefined {
    if (!this.#isInSync) return undefined;
    if (this.#rest === undefined && this.#isUpToDate()) return undefined;
    const rest = this.#rest ?? this.#messages();
    const messages: Message[] = [];
    while (messages.length < maxMessages) {
      const next = rest.next();
      if (next.done) return this.#finish(messages);
      if (next.value !== undefined) messages.push(next.value);
      else if (maxMessages < Number.POSITIVE_INFINITY) break;
    }
    this.#rest = rest;
    return { revision: this.#flushedRevision, messages, isLast: false };
  }

  allowSourceSpoofing(isAllowed: boolean): void {
    this.#context.isSourceSpoofingAllowed = isAllowed;
  }

  announceAnew(): void {
    assert(this.#rest === undefined, 'nothing is forgotten between the parts of a flush');
    const { sets, profiles, endpoints, pools, hosts, routes, tunnels, encapsulations, services } = this.#parts;
    const others = [pools, hosts, routes, tunnels, encapsulations, services];
    for (const part of [sets, endpoints.policies, profiles, endpoints, ...others]) part.forgetSent();
    this.#isInSyncSent = false;
  }

  setRouteSource(source: FelixConfig['routeSource']): void {
    assert(this.#rest === undefined, 'no change between the parts of a flush');
    const { routes, sets } = this.#parts;
    const workloads = sets.eachContributor().flatMap(([key, nets]) => {
      const workload = workloadOf(key, nets);
      return workload === undefined ? [] : [[key, workload] as const];
    });
    routes.setSource(source, workloads);
  }

  problems(): ReadonlyMap<string, readonly Problem[]> {
    return this.#problems;
  }

  get indexSize() {
    return this.#parts.sets.indexSize;
  }

  rows(): number {
    return this.#countRows() - this.#emptyRows;
  }

  *#apply({ key, value, unreadable }: GraphUpdate): Work {
    const parsed = parseResourceKey(key);
    const kind = parsed && this.#kinds.get(parsed.plural);
    if (parsed === undefined) return this.#applyBlock({ key, value, unreadable });
    if (kind === undefined) return;
    const isWellFormed = kind.isNamespaced === (parsed.namespace !== '');
    const problems = isWellFormed ? yield* applyOwn(kind, { key, ...parsed }, value) : badKey(value);
    this.#note(key, problems, unreadable);
  }

  /** Blocks are no resources: their values have no kind and no metadata. */
  #applyBlock({
    key,
    value,
    unreadable,
  }: Pick<GraphUpdate, 'key' | 'value'> & { unreadable: string | undefined }): void {
    const cidr = parseBlockKey(key);
    if (cidr === undefined) return;
    const { value: block, problems } = convertBlock(cidr, value);
    this.#parts.routes.setBlock(cidr, block);
    this.#note(key, problems, unreadable);
  }

  #note(key: string, problems: readonly Problem[], unreadable: string | undefined): void {
    const all = unreadable === undefined ? problems : [{ path: '', message: unreadable }, ...problems];
    if (all.length === 0) this.#problems.delete(key);
    else this.#problems.set(key, all);
  }

  /** The order a dataplane may rely on: what is referred to comes before what refers to it, and goes after it. */
  *#messages(): Generator<Message | undefined> {
    const { sets, profiles, endpoints, pools, hosts, routes, tunnels, encapsulations, services } = this.#parts;
    yield* sets.takeUpdates();
    yield* endpoints.policies.takeUpdates();
    yield* profiles.takeUpdates();
    yield* endpoints.takeUpdates();
    yield* endpoints.takeRemovals();
    yield* profiles.takeRemovals();
    yield* endpoints.policies.takeRemovals();
    yield* sets.takeRemovals();
    yield* routes.settle();
    yield* routes.takeRemovals();
    yield* tunnels.takeVtepRemovals();
    yield* tunnels.takeVtepUpdates();
    yield* routes.takeUpdates();
    yield* tunnels.takePeerRemovals();
    yield* tunnels.takePeerUpdates();
    yield* hosts.takeRemovals();
    yield* hosts.takeUpdates();
    yield* pools.takeRemovals();
    yield* pools.takeUpdates();
    yield* services.takeRemovals();
    yield* services.takeUpdates();
    yield* encapsulations.takeUpdates();
    if (this.#isInSyncSent) return;
    this.#isInSyncSent = true;
    yield { type: 'in-sync' };
  }

  #finish(messages: readonly Message[]): GraphFlush | undefined {
    const isPart = this.#rest !== undefined;
    const isNews = isPart || messages.length > 0 || this.#revision > this.#flushedRevision;
    this.#rest = undefined;
    this.#flushedRevision = this.#revision;
    return isNews ? { revision: this.#revision, messages, isLast: true } : undefined;
  }

  #isUpToDate(): boolean {
    const { sets, profiles, endpoints, pools, hosts, routes, tunnels, encapsulations, services } = this.#parts;
    const others = [pools, hosts, routes, tunnels, encapsulations, services];
    const parts = [sets, endpoints.policies, profiles, endpoints, ...others];
    return this.#isInSyncSent && this.#revision === this.#flushedRevision && !parts.some((part) => part.hasPending);
  }

  #countRows(): number {
    const { sets, profiles, endpoints, pools, hosts, routes, tunnels, encapsulations, services } = this.#parts;
    const others = [pools, hosts, routes, tunnels, encapsulations, services];
    const parts = [sets, this.#rules, endpoints.policies, profiles, endpoints, ...others];
    return parts.reduce((sum, part) => sum + part.rows, 0);
  }
}

/** Something of another kind under a key of this one counts as absent: read as this one it would mean something nobody wrote. */
function* applyOwn(kind: GraphKind, key: StoredKey, value: unknown): Work<readonly Problem[]> {
  if (value === undefined || pluralOfValue(value) === key.plural) return yield* kind.apply(key, value);
  return [
    ...(yield* kind.apply(key, undefined)),
    { path: 'kind', message: 'is not the kind of the key it is stored under' },
  ];
}

function badKey(value: unknown): readonly Problem[] {
  return value === undefined ? [] : [{ path: '', message: 'stored under a key that is not one of its kind' }];
}
