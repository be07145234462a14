/** The API on a real TLS listener, over a store in memory, with service accounts and a clock that a test sets. I/O. */

import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https, { type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { startAuthorizer } from '#appliance/api/access/authorizer.ts';
import { ensureDefaultRoles } from '#appliance/api/access/ensure-default-roles.ts';
import { type ConnectionLimits, listen } from '#appliance/api/listen.ts';
import type { Limits } from '#appliance/api/plugins/limits.ts';
import { createApi } from '#appliance/api/server.ts';
import { ensureInitialized } from '#appliance/datastore/effects/ensure-initialized.ts';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import { createResources } from '#appliance/datastore/resources.ts';
import { createEnrolment } from '#appliance/enrolment/issue.ts';
import { createIpam } from '#appliance/ipam/ipam.ts';
import { type LogFields, type Logger, silentLogger } from '#appliance/lib/log.ts';
import { createAuthority, issueCertificate, type KeyPair } from '#appliance/pki/authority.ts';
import { parseTokenKeys, readTokenKeys } from '#appliance/tokens/keys.ts';
import { createTokens } from '#appliance/tokens/service-account.ts';

export const generousLimits: Limits = {
  ratePerSecond: 0,
  localRatePerSecond: 0,
  failuresPerSecond: 1_000_000,
  watchesMax: 1000,
  bodyBytesMax: 8 * 1024 * 1024,
  responseTimeoutMs: 60_000,
};

export interface TlsAnswer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  readonly body: any;
}

export type Ask = (
  who: RequestOptions & { readonly token?: string },
  method: string,
  path: string,
  body?: unknown,
) => Promise<TlsAnswer>;

export async function createTlsApi(
  t: ExecutionContext,
  options: { readonly limits?: Partial<Limits>; readonly connections?: Partial<ConnectionLimits> } = {},
) {
  const directory = mkdtempSync(join(tmpdir(), 'calico-tls-api-'));
  const file = (name: string) => join(directory, name);
  const lines: LogFields[] = [];
  const log: Logger = { ...silentLogger, child: () => log };
  for (const level of ['error', 'warn', 'info', 'debug', 'trace'] as const)
    log[level] = (fields, message) => void lines.push({ level, ...fields, message });
  /** Stands still when `atMs` is set. */
  const clock: { offsetMs: number; atMs?: number } = { offsetMs: 0 };
  const now = () => (clock.atMs ?? Date.now()) + clock.offsetMs;
  const authority = await createAuthority('ours', { from: new Date(), days: 30 });
  const hosts = [{ type: 'ip', value: '127.0.0.1' }] as const;
  const write = (name: string, pair: KeyPair) => {
    writeFileSync(file(`${name}.crt`), pair.certificate);
    writeFileSync(file(`${name}.key`), pair.key);
  };
  write('ca', authority);
  const issueServer = () =>
    issueCertificate(authority, { commonName: 'api', hosts, usage: 'server' }, { from: new Date(), days: 2 });
  write('api', await issueServer());
  const store = await openMemoryStore();
  const stamps = { now: () => new Date(), uuid: () => crypto.randomUUID() };
  const resources = createResources(store, stamps);
  await ensureInitialized(resources, 'f'.repeat(32));
  const accounts = new Map<string, string>();
  const findServiceAccount = async (namespace: string, name: string) => {
    const uid = accounts.get(`${namespace}/${name}`);
    return uid === undefined ? undefined : { uid };
  };
  let keys = await readTokenKeys(file('token.key'));
  const tokenOptions = {
    keys: () => keys,
    issuer: 'calico-apiserver',
    audience: 'calico-apiserver',
    lifetimeMaxSeconds: 86_400,
    findServiceAccount,
    now,
  };
  const tokens = createTokens(tokenOptions);
  const address = { api: [] as string[] };
  const enrolment = createEnrolment({
    store,
    caFile: file('ca.crt'),
    caKeyFile: file('ca.key'),
    lifetimeSeconds: 3600,
    addresses: async () => ({ api: address.api, etcd: ['https://127.0.0.1:2379'] }),
    now,
  });
  await ensureDefaultRoles(resources);
  const authorizer = startAuthorizer(store, silentLogger);
  await authorizer.settle();
  const stopping = new AbortController();
  const app = await createApi({
    resources,
    authorizer,
    ipam: createIpam(store, stamps),
    log,
    audit: log,
    version: '0.0.0',
    stopping: stopping.signal,
    now,
    nameSuffix: () => 'abcde',
    bookmarkIntervalMs: 1000,
    tokens: { ...tokens, findServiceAccount },
    enrolment,
    limits: { ...generousLimits, ...options.limits },
  });
  const files = { certFile: file('api.crt'), keyFile: file('api.key'), caFile: file('ca.crt') };
  const connections = { max: 100, requestTimeoutMs: 3000, stallTimeoutMs: 1000, drainTimeoutMs: 3000 };
  const listener = await listen({ type: 'https', host: '127.0.0.1', port: 0 }, files, app.routing, log, {
    ...connections,
    ...options.connections,
  });
  address.api.push(listener.address);
  t.teardown(async () => {
    stopping.abort();
    await listener.close();
    await authorizer.close();
    await store.close();
    rmSync(directory, { recursive: true });
  });
  const client = async (commonName: string, organizations: string[], days = 1, from = new Date()) => {
    const pair = await issueCertificate(authority, { commonName, organizations, usage: 'client' }, { from, days });
    return { cert: pair.certificate, key: pair.key };
  };
  const ask: Ask = async ({ token, ...who }, method, path, body) => {
    const headers = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(who.headers as object | undefined),
    };
    const request = https.request(`${listener.address}${path}`, {
      ca: authority.certificate,
      agent: false,
      ...who,
      method,
      headers,
    });
    request.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
    const [response] = await once(request, 'response');
    let text = '';
    for await (const chunk of response) text += chunk;
    return {
      status: response.statusCode,
      headers: response.headers,
      body: text.startsWith('{') ? JSON.parse(text) : text,
    };
  };
  return {
    address: listener.address,
    port: Number(new URL(listener.address).port),
    directory,
    file,
    write,
    authority,
    issueServer,
    store,
    resources,
    accounts,
    tokens,
    tokenOptions,
    enrolment,
    clock,
    lines,
    stopping,
    listener,
    client,
    ask,
    setKeys: async (text: string) => {
      keys = await parseTokenKeys(text);
    },
    keyText: () => readFileSync(file('token.key'), 'utf8'),
  };
}
