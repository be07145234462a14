/**
 * The way from the store's updates to the dataplane: configuration to its resolver, everything to the graph, the graph's flushes on.
 * Stands between `datastore/follow.ts` and a `Dataplane`. I/O only through those.
 */
import type { Revision } from '../../datastore/store.ts';
import type { SyncSink, SyncStatus, Update } from '../../datastore/syncer.ts';
import type { Logger } from '../../lib/log.ts';
import { createGraph, type Graph } from '../calc/graph.ts';
import type { ConfigSource, Resolved } from '../config/source.ts';
import type { Dataplane } from '../dataplane/dataplane.ts';
import type { Message } from '../model/messages.ts';

export interface PipelineOptions {
  readonly hostname: string;
  readonly config: ConfigSource;
  readonly dataplane: Dataplane;
  readonly log: Logger;
  /** Called whenever the effective configuration is new, before the dataplane hears of it. */
  readonly onConfig: (resolved: Resolved) => void;
}

export interface Pipeline extends SyncSink {
  readonly status: SyncStatus;
  /** The store's revision up to which the dataplane has been told everything. */
  readonly sentRevision: Revision;
  /** Objects in the store that are treated as absent because they are wrong: key -> why. */
  readonly problems: Graph['problems'];
}

/**
 * Nothing reaches the dataplane before the first in-sync, nor while the store says it is not ready (locked for a migration):
 * what was enforced stays enforced.
 */
export function createPipeline(options: PipelineOptions): Pipeline {
  const { config, dataplane, log } = options;
  const graph = createGraph({ hostname: options.hostname });
  let status: SyncStatus = 'wait';
  let isStarted = false;
  let isConfigDirty = true;
  let sentRevision = 0;
  let lastConfig = '';

  return {
    get status() {
      return status;
    },
    get sentRevision() {
      return sentRevision;
    },
    problems: () => graph.problems(),
    onUpdates(updates, revision) {
      for (const update of updates) if (config.update(update.key, parse(update))) isConfigDirty = true;
      graph.update(updates);
      if (isStarted) send(revision);
    },
    onStatus(next, revision) {
      if (next !== status) log.info({ status: next, revision }, 'store');
      status = next;
      if (next !== 'in-sync') return;
      if (!isStarted) graph.inSync();
      isStarted = true;
      send(revision);
    },
  };

  function send(revision: Revision): void {
    if (!config.isStoreReady) return;
    const messages: Message[] = [...configMessages(), ...graph.flush()];
    sentRevision = revision;
    dataplane.accept({ revision, messages });
  }

  function configMessages(): Message[] {
    if (!isConfigDirty) return [];
    isConfigDirty = false;
    const resolved = config.resolve();
    const text = JSON.stringify(resolved.config);
    if (text === lastConfig) return [];
    lastConfig = text;
    options.onConfig(resolved);
    return [{ type: 'config-update', config: resolved.config }];
  }
}

function parse(update: Update): unknown {
  if (update.value === undefined || !/\/(felixconfigurations|clusterinformations|nodes)\//.test(update.key))
    return undefined;
  try {
    return JSON.parse(update.value.toString('utf8'));
  } catch {
    return undefined; // what cannot be read is absent; the graph reports it
  }
}
