/** Feeds a graph and a remembering dataplane from manifests, in whatever order a test wants. */
import type { GraphUpdate } from '#appliance/felix/calc/decode.ts';
import { createGraph, type Graph } from '#appliance/felix/calc/graph.ts';
import { blockKey } from '#appliance/ipam/model/keys.ts';
import { Accumulator, type DataplaneState } from './accumulate.ts';

/** A manifest in short: only what the graph reads. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly spec?: unknown;
}

/** What the store holds: key to value. */
export type StoreState = ReadonlyMap<string, unknown>;

export interface Change {
  readonly key: string;
  readonly value: unknown;
}

const plurals: Readonly<Record<string, string>> = {
  GlobalNetworkPolicy: 'globalnetworkpolicies',
  NetworkPolicy: 'networkpolicies',
  StagedGlobalNetworkPolicy: 'stagedglobalnetworkpolicies',
  StagedNetworkPolicy: 'stagednetworkpolicies',
  StagedKubernetesNetworkPolicy: 'stagedkubernetesnetworkpolicies',
  GlobalNetworkSet: 'globalnetworksets',
  NetworkSet: 'networksets',
  WorkloadEndpoint: 'workloadendpoints',
  HostEndpoint: 'hostendpoints',
  Profile: 'profiles',
  Tier: 'tiers',
  IPPool: 'ippools',
  Node: 'nodes',
};

export function keyOf({ kind, metadata }: Manifest): string {
  // A block is no resource; the scenarios write it as one whose spec is its value.
  if (kind === 'IPAMBlock') return blockKey(metadata.name);
  const path = metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
  return `/calico/resources/v3/projectcalico.org/${plurals[kind] ?? kind}/${path}`;
}

export function storeOf(manifests: readonly Manifest[]): StoreState {
  return new Map(manifests.map((manifest) => [keyOf(manifest), storedValue(manifest)]));
}

/** What the store holds of a manifest. */
export function storedValue({ kind, spec, ...manifest }: Manifest): unknown {
  return kind === 'IPAMBlock' ? spec : { kind, ...manifest, ...(spec === undefined ? {} : { spec }) };
}

/** The changes that lead from one state of the store to another. */
export function changesBetween(before: StoreState, after: StoreState): Change[] {
  const gone = [...before.keys()].filter((key) => !after.has(key)).map((key) => ({ key, value: undefined }));
  const put = [...after].filter(([key, value]) => before.get(key) !== value).map(([key, value]) => ({ key, value }));
  return [...gone, ...put];
}

/** A graph of host `here` whose flushes are applied as they come. */
export class Feed {
  readonly graph: Graph = createGraph({ hostname: 'here' });
  dataplane = new Accumulator();
  #revision = 1;

  /** A dataplane that knows nothing takes the place of the one there was. */
  startOver(): this {
    this.graph.announceAnew();
    this.dataplane = new Accumulator();
    return this;
  }

  update(changes: readonly Change[]): this {
    this.graph.update(changes.map((change): GraphUpdate => ({ ...change, revision: ++this.#revision })));
    return this;
  }

  inSync(): this {
    this.graph.status('in-sync', this.#revision);
    return this;
  }

  /** Flushes in parts of at most `size` messages. */
  flush(size = Number.POSITIVE_INFINITY): this {
    for (
      let part = this.graph.flush(size);
      part !== undefined;
      part = part.isLast ? undefined : this.graph.flush(size)
    ) {
      this.dataplane.apply(part.messages);
    }
    return this;
  }

  state(): DataplaneState {
    return this.dataplane.state();
  }
}

/** What a fresh agent makes of a store. */
export function freshState(store: StoreState): DataplaneState {
  return new Feed().update(changesBetween(new Map(), store)).inSync().flush().state();
}
