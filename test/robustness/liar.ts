/** A store in memory that breaks one promise now and then, to see that the suite notices. Every lie is told to clients or watchers only. I/O. */
import { storeErrors } from '#appliance/datastore/errors.ts';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import type { RangeResult, Store, Watch, WatchBatch, WatchEvent } from '#appliance/datastore/store.ts';
import type { Target, TestedStore } from './target.ts';

type ClientLie = (honest: Store) => Partial<TestedStore>;
type WatchLie = (batch: WatchBatch) => readonly WatchBatch[];

/** Every so many times a lie is told. */
const every = 9;
const often = () => {
  let count = 0;
  return () => ++count % every === 0;
};

/** Lies about answers. */
export const clientLies: Readonly<Record<string, ClientLie>> = {
  'a read of the past': (honest) => {
    const isDue = often();
    return {
      async range(request) {
        const answer = await honest.range(request);
        const past = answer.revision - 3;
        if (request.revision || past < 2 || !isDue()) return answer;
        return { ...(await honest.range({ ...request, revision: past })), revision: past };
      },
    };
  },
  'a read that misses a key': (honest) => {
    const isDue = often();
    const without = (answer: RangeResult) => ({ ...answer, entries: answer.entries.slice(1) });
    return { range: async (request) => (isDue() ? without(await honest.range(request)) : honest.range(request)) };
  },
  'a write acknowledged and not done': (honest) => {
    const isDue = often();
    return {
      async put(key, value, options) {
        if (!isDue()) return honest.put(key, value, options);
        return { revision: (await honest.range({ key })).revision + 1 };
      },
    };
  },
  'a write done twice': (honest) => {
    const isDue = often();
    return {
      async put(key, value, options) {
        if (isDue()) await honest.put(key, value, options);
        return honest.put(key, value, options);
      },
    };
  },
  'a write refused and done': (honest) => {
    const isDue = often();
    return {
      async put(key, value, options) {
        const done = await honest.put(key, value, options);
        if (isDue()) throw storeErrors.fail('STORE_UNAVAILABLE', 'a lie', { details: { maybeApplied: false } });
        return done;
      },
    };
  },
  'a condition nobody checked': (honest) => {
    const isDue = often();
    return { txn: (request) => honest.txn(isDue() ? { ...request, compare: [] } : request) };
  },
  'a lease that ends early': (honest) => ({
    async leaseGrant(ttlSeconds) {
      const lease = await honest.leaseGrant(ttlSeconds);
      setTimeout(() => void honest.leaseRevoke(lease.id).catch(() => undefined), 150);
      return lease;
    },
  }),
};

/** Lies about events. */
export const watchLies: Readonly<Record<string, WatchLie>> = {
  'an event that is not told': ({ revision, events }) => [{ revision, events: events.slice(1) }],
  'an event told twice': (batch) => [batch, batch],
  'events out of order': ({ revision, events }) => [{ revision, events: [...events].reverse() }],
  'part of a revision': ({ revision, events }) => [
    { revision, events: events.slice(0, -1) },
    { revision, events: events.slice(-1) },
  ],
  'progress ahead of events': (batch) => [{ revision: batch.revision + 2, events: [] }, batch],
  'a wrong previous value': ({ revision, events }) => [{ revision, events: events.map(withOtherPrevious) }],
  'a compaction that never was': () => {
    throw storeErrors.fail('STORE_COMPACTED', 'a lie');
  },
};

/** A target that tells this lie, or none. */
export async function openLiar(lie?: ClientLie, watchLie?: WatchLie): Promise<Target> {
  const honest = await openMemoryStore({ retention: false });
  const store: TestedStore = { ...bound(honest), ...lie?.(honest) };
  if (watchLie !== undefined) store.watch = async (...args) => lying(await honest.watch(...args), watchLie);
  const server = {
    kill: nothing,
    start() {},
    ready: nothing,
    freeze() {},
    thaw() {},
    fillDisk: nothing,
    freeDisk: nothing,
  };
  return {
    name: 'a liar',
    servers: [server],
    links: [],
    connect: () => ({ ...store, close: nothing }),
    [Symbol.asyncDispose]: () => honest.close(),
  };
}

async function nothing(): Promise<void> {}

function bound(honest: Store): TestedStore {
  return {
    range: (request) => honest.range(request),
    txn: (request) => honest.txn(request),
    put: (...args) => honest.put(...args),
    delete: (...args) => honest.delete(...args),
    watch: (...args) => honest.watch(...args),
    compact: (revision) => honest.compact(revision),
    leaseGrant: (...args) => honest.leaseGrant(...args),
    leaseRevoke: (id) => honest.leaseRevoke(id),
    leaseKeepAlive: (id) => honest.leaseKeepAlive(id),
    leases: () => honest.leases(),
    close: nothing,
  };
}

/** Only batches with several events give each lie something to twist. */
function lying(watch: Watch, lie: WatchLie): Watch {
  async function* batches(): AsyncGenerator<WatchBatch> {
    let count = 0;
    for await (const batch of watch) {
      const isDue = batch.events.length > 1 && ++count % 3 === 0;
      yield* isDue ? lie(batch) : [batch];
    }
  }
  return {
    [Symbol.asyncIterator]: batches,
    requestProgress: () => watch.requestProgress(),
    close: () => watch.close(),
  };
}

function withOtherPrevious(event: WatchEvent): WatchEvent {
  return event.prev === undefined ? event : { ...event, prev: { ...event.prev, version: event.prev.version + 1 } };
}
