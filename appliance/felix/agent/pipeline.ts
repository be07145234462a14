/**
 * The way from the store's updates to the dataplane: configuration to its resolver, everything to the graph, the graph's flushes on.
 * Stands between `datastore/follow.ts` and a `Dataplane`. I/O only through those.
 */
import { setImmediate } from 'node:timers/promises';
import type { Revision } from '../../datastore/store.ts';
import type { SyncSink, SyncStatus, Update } from '../../datastore/syncer.ts';
import type { Logger } from '../../lib/log.ts';
import type { Work } from '../../lib/work.ts';
import { decodeUpdate, type GraphUpdate } from '../calc/decode.ts';
import { createGraph, type Graph } from '../calc/graph.ts';
import { LargeValues } from '../calc/large-values.ts';
import { printDataplaneConfig } from '../config/decode-process.ts';
import type { ConfigSource, Resolved } from '../config/source.ts';
import type { Dataplane } from '../dataplane/dataplane.ts';
import type { Message } from '../model/messages.ts';
import { createPolicyCounts, type PolicyCounts } from './policy-counts.ts';
import { createSpoofingEndpoints } from './spoofing-endpoints.ts';

export interface PipelineOptions {
  readonly hostname: string;
  readonly config: ConfigSource;
  readonly dataplane: Pick<Dataplane, 'accept'>;
  readonly log: Logger;
  /** Called whenever effective values or their problems are new, the first time in any case, before the dataplane hears of them. */
  readonly onConfig: (resolved: Resolved) => void;
  /** Awaited before each batch; for tests, which have it hang. */
  readonly onBatch?: () => Promise<void>;
}

export interface Pipeline extends SyncSink {
  /** The configuration's own layers are others now; what that changes is told, as soon as anything may be. */
  reconfigure(): Promise<void>;
  readonly status: SyncStatus;
  /** The store's revision up to which the dataplane has been told everything. */
  readonly sentRevision: Revision;
  /** For how long it has been at one thing without a pause; 0 while it waits. */
  readonly busyMs: number;
  /** How much the dataplane keeps. */
  readonly counts: PolicyCounts;
  /** What labels are looked at, and by how many selectors. */
  readonly indexSize: Graph['indexSize'];
  /** The dataplane has forgotten everything: it is told all of it again. To be called from within its `accept()` of a configuration. */
  announceAnew(): void;
  /** Objects in the store that are treated as absent because they are wrong: key -> why. */
  readonly problems: Graph['problems'];
}

/** Messages in one part of a flush. */
const partMessages = 20;
/** After so long the event loop gets its turn. */
const sliceMs = 8;

/**
 * Nothing reaches the dataplane before the first in-sync, nor while the store says it is not ready (locked for a migration):
 * what was enforced stays enforced.
 */
export function createPipeline(options: PipelineOptions): Pipeline {
  const { config, dataplane, log } = options;
  const graph = createGraph({ hostname: options.hostname });
  const spoofing = createSpoofingEndpoints();
  const large = new LargeValues();
  const slice = createSlice();
  const counts = createPolicyCounts();
  let status: SyncStatus = 'wait';
  let isStarted = false;
  let isConfigDirty = true;
  let sentRevision = 0;
  let lastTurn: Promise<void> = Promise.resolve();
  let lastResolved = '';
  let lastConfig = '';

  return {
    get status() {
      return status;
    },
    get counts() {
      return counts.counts;
    },
    get sentRevision() {
      return sentRevision;
    },
    get busyMs() {
      return slice.busyMs;
    },
    get indexSize() {
      return graph.indexSize;
    },
    announceAnew: () => graph.announceAnew(),
    problems: () => new Map([...graph.problems(), ...config.problems]),
    onUpdates: (updates, revision) => inTurn(() => takeUpdates(updates, revision)),
    onStatus: (next, revision) => inTurn(() => takeStatus(next, revision)),
    reconfigure: () =>
      inTurn(async () => {
        isConfigDirty = true;
        if (isStarted) await send(sentRevision);
        slice.end();
      }),
  };

  /** One after the other: a flush in parts must not be cut in two. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    const turn = lastTurn.then(work);
    lastTurn = turn.catch(() => undefined);
    return turn;
  }

  async function takeUpdates(updates: readonly Update[], revision: Revision): Promise<void> {
    slice.begin();
    await options.onBatch?.();
    for (const update of updates) {
      const decoded = decodeUpdate(update, large);
      if (slice.isOver) await slice.next();
      const taking = take(decoded);
      while (!taking.next().done) if (slice.isOver) await slice.next();
      if (slice.isOver) await slice.next();
    }
    graph.update([], revision);
    if (isStarted) await send(revision);
    slice.end();
  }

  async function takeStatus(next: SyncStatus, revision: Revision): Promise<void> {
    if (next !== status) log.info({ status: next, revision }, 'store status');
    status = next;
    if (next !== 'in-sync') return;
    isStarted = true;
    graph.status('in-sync', revision);
    await send(revision);
    slice.end();
  }

  function take(decoded: GraphUpdate): Work {
    if (config.update(decoded)) isConfigDirty = true;
    spoofing.update(decoded);
    return graph.take(decoded);
  }

  /** A big flush goes in parts, so that the event loop gets its turn between them. */
  async function send(revision: Revision): Promise<void> {
    if (!config.isStoreReady) return;
    const settings = isConfigDirty ? configMessages() : [];
    if (settings.length > 0) dataplane.accept({ revision: sentRevision, messages: settings });
    slice.begin();
    for (let part = graph.flush(partMessages); part !== undefined; part = graph.flush(partMessages)) {
      counts.take(part.messages);
      if (part.isLast || part.messages.length > 0) dataplane.accept(part);
      if (part.isLast) break;
      if (slice.isOver) await slice.next();
    }
    sentRevision = Math.max(sentRevision, revision);
  }

  function configMessages(): Message[] {
    isConfigDirty = false;
    const resolved = config.resolve();
    const { problems, values } = resolved;
    const resolvedText = JSON.stringify([problems, ...values]);
    if (resolvedText !== lastResolved) options.onConfig(resolved);
    lastResolved = resolvedText;
    const text = printDataplaneConfig(resolved.config);
    if (text === lastConfig) return [];
    lastConfig = text;
    graph.allowSourceSpoofing(resolved.config.isSourceSpoofingAllowed);
    graph.setRouteSource(resolved.config.routeSource);
    graph.update(spoofing.all());
    return [{ type: 'config-update', config: resolved.config }];
  }
}

/** Says when the event loop is due its turn, and gives it. */
function createSlice() {
  let endsAt = 0;
  let beganAt: number | undefined;
  const begin = () => {
    beganAt = performance.now();
    endsAt = beganAt + sliceMs;
  };
  return {
    begin,
    end() {
      beganAt = undefined;
    },
    get busyMs() {
      return beganAt === undefined ? 0 : performance.now() - beganAt;
    },
    get isOver() {
      return performance.now() >= endsAt;
    },
    async next() {
      await setImmediate();
      begin();
    },
  };
}
