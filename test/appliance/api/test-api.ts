/** An API over a store in memory, with a clock and identities that tests can foretell. */
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { startAuthorizer } from '#appliance/api/access/authorizer.ts';
import { createApi } from '#appliance/api/server.ts';
import { ensureInitialized } from '#appliance/datastore/effects/ensure-initialized.ts';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import { createResources, type Resources } from '#appliance/datastore/resources.ts';
import type { Store } from '#appliance/datastore/store.ts';
import { createIpam } from '#appliance/ipam/ipam.ts';
import { type LogFields, silentLogger } from '#appliance/lib/log.ts';

export const root = '/apis/projectcalico.org/v3';

export interface TestApi {
  readonly app: FastifyInstance;
  readonly store: Store;
  readonly resources: Resources;
  readonly stopping: AbortController;
  /** What was told of changes. */
  readonly audit: LogFields[];
  call(
    method: NonNullable<InjectOptions['method']>,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<LightMyRequestResponse>;
}

/** Starts with the built-in objects in the store. */
export async function createTestApi(): Promise<TestApi> {
  const store = await openMemoryStore();
  let ids = 0;
  const uuid = () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`;
  const stamps = { now: () => new Date('2026-08-01T09:30:00.999Z'), uuid };
  const resources = createResources(store, stamps);
  await ensureInitialized(resources, 'f'.repeat(32));
  const authorizer = startAuthorizer(store, silentLogger);
  const closeStore = store.close.bind(store);
  store.close = async () => {
    await authorizer.close();
    await closeStore();
  };
  const stopping = new AbortController();
  const audit: LogFields[] = [];
  const app = await createApi({
    resources,
    ipam: createIpam(store, stamps),
    authorizer,
    log: silentLogger,
    audit: { ...silentLogger, info: (fields, message) => audit.push({ ...fields, message }) },
    version: '0.0.0',
    stopping: stopping.signal,
    now: () => Date.parse('2026-08-01T09:35:10Z'),
    nameSuffix: () => 'abcde',
    bookmarkIntervalMs: 20,
  });
  return {
    app,
    store,
    resources,
    stopping,
    audit,
    call: (method, path, body, headers = {}) =>
      app.inject({
        method,
        url: path.startsWith('/') ? path : `${root}/${path}`,
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
  };
}

/** A manifest of a global network set. */
export function networkSet(
  name: string,
  labels: Record<string, string> = {},
  spec: object = { nets: ['192.0.2.0/24'] },
) {
  return { kind: 'GlobalNetworkSet', apiVersion: 'projectcalico.org/v3', metadata: { name, labels }, spec };
}

/** A manifest of a network policy. */
export function policy(name: string, namespace: string, spec: object = { selector: 'all()' }) {
  return { kind: 'NetworkPolicy', apiVersion: 'projectcalico.org/v3', metadata: { name, namespace }, spec };
}
