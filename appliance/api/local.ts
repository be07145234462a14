/**
 * The API for this process alone: over a store somebody has opened, without sockets. What a program without a server asks, as the store's
 * administrator: whoever can open the store can do everything anyway. I/O through the store.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { ensureInitialized } from '../datastore/effects/ensure-initialized.ts';
import { createResources } from '../datastore/resources.ts';
import type { Store } from '../datastore/store.ts';
import { createIpam } from '../ipam/ipam.ts';
import { silentLogger } from '../lib/log.ts';
import { administratorsOnly } from './access/authorizer.ts';
import { nameSuffix } from './name-suffix.ts';
import { createApi } from './server.ts';

export interface LocalApi {
  /** Takes requests by `inject()`. */
  readonly app: FastifyInstance;
  /** Creates what every store has from the start. */
  initialize(): Promise<void>;
  /** Ends its watches; the store stays open. */
  close(): Promise<void>;
}

const bookmarkIntervalMs = 60_000;

/** Builds it; nothing is written before somebody asks for it. */
export async function createLocalApi(store: Store, version: string): Promise<LocalApi> {
  const stopping = new AbortController();
  const stamps = { now: () => new Date(), uuid: randomUUID };
  const resources = createResources(store, stamps);
  const app = await createApi({
    resources,
    authorizer: administratorsOnly(),
    ipam: createIpam(store, stamps),
    log: silentLogger,
    audit: silentLogger,
    version,
    stopping: stopping.signal,
    now: Date.now,
    nameSuffix,
    bookmarkIntervalMs,
  });
  return {
    app,
    initialize: () => ensureInitialized(resources, randomUUID().replaceAll('-', '')),
    async close() {
      stopping.abort();
      await app.close();
    },
  };
}
