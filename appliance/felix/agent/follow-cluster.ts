/**
 * Follows what the graph needs of the store: resources, and apart from them IPAM's blocks, since a host may watch the one and the other but not
 * what lies between. Calls of the sink never overlap, and it is in sync when both are. I/O through the store.
 * The revision told is that of the resources: a block's change tells none.
 */
import { type Follower, followStore } from '../../datastore/follow.ts';
import type { Store } from '../../datastore/store.ts';
import type { SyncSink, Update } from '../../datastore/syncer.ts';
import { blockPrefixes } from '../../ipam/model/keys.ts';
import { Serial } from '../../kernel/netlink/serial.ts';
import type { Logger } from '../../lib/log.ts';

export interface FollowClusterOptions {
  readonly store: Store;
  readonly sink: SyncSink;
  readonly log: Logger;
}

export interface ClusterFollower
  extends Pick<Follower, 'connection' | 'losses' | 'keys' | 'done' | 'requestProgress' | 'close'> {}

const resourcesPrefix = '/calico/resources/v3/projectcalico.org/';

/** Starts following; the sink hears `wait` first. */
export function followCluster({ store, sink, log }: FollowClusterOptions): ClusterFollower {
  const calls = new Serial();
  const closed = Promise.withResolvers<void>();
  const blocksListed = Promise.withResolvers<void>();
  const blocks = followStore({
    store,
    prefixes: blockPrefixes,
    log: log.child({ part: 'ipam' }),
    sink: {
      onUpdates: (updates) => calls.run(async () => sink.onUpdates(updates.map(withoutRevision), 0)),
      async onStatus(status) {
        if (status === 'in-sync') blocksListed.resolve();
      },
    },
  });
  const resources = followStore({
    store,
    prefixes: [resourcesPrefix],
    log,
    sink: {
      onUpdates: (updates, revision) => calls.run(async () => sink.onUpdates(updates, revision)),
      async onStatus(status, revision) {
        if (status === 'in-sync') await Promise.race([blocksListed.promise, closed.promise]);
        await calls.run(async () => sink.onStatus(status, revision));
      },
    },
  });
  const done = Promise.all([resources.done, blocks.done]).then(() => undefined);
  return {
    get connection() {
      return resources.connection;
    },
    get losses() {
      return resources.losses;
    },
    keys: () => resources.keys(),
    done,
    requestProgress: () => resources.requestProgress(),
    async close() {
      closed.resolve();
      await Promise.all([resources.close(), blocks.close()]);
    },
  };
}

function withoutRevision(update: Update): Update {
  return { ...update, revision: 0 };
}
