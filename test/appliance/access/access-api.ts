/** The API over https on loopback, asked by people and hosts who prove by certificates who they are; roles as the store has them. */
import { once } from 'node:events';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { type Authorizer, startAuthorizer } from '#appliance/api/access/authorizer.ts';
import { ensureDefaultRoles } from '#appliance/api/access/ensure-default-roles.ts';
import { createApi } from '#appliance/api/server.ts';
import { ensureInitialized } from '#appliance/datastore/effects/ensure-initialized.ts';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import { createResources, type Resources } from '#appliance/datastore/resources.ts';
import type { Store } from '#appliance/datastore/store.ts';
import { createIpam } from '#appliance/ipam/ipam.ts';
import { type LogFields, silentLogger } from '#appliance/lib/log.ts';
import { createAuthority, issueCertificate, type KeyPair } from '#appliance/pki/authority.ts';

export const calico = '/apis/projectcalico.org/v3';
export const rbac = '/apis/rbac.authorization.k8s.io/v1';

export interface Answer {
  readonly code: number;
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of an answer is the test's to say
  readonly body: any;
}

/** Somebody who asks. */
export interface Caller {
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** The lines of a watch, until it ends or is closed. */
  watch(
    path: string,
  ): Promise<{ readonly lines: AsyncIterable<{ type: string; object: Answer['body'] }>; close(): void }>;
}

export interface AccessApi extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly store: Store;
  readonly resources: Resources;
  readonly authorizer: Authorizer;
  /** What was denied, as the log has it. */
  readonly denials: LogFields[];
  as(user: string, ...groups: string[]): Promise<Caller>;
}

const validity = { from: new Date(), days: 1 };

/** Starts with the built-in objects and the default roles in the store. */
export async function startAccessApi(): Promise<AccessApi> {
  const store = await openMemoryStore();
  let ids = 0;
  const uuid = () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`;
  const stamps = { now: () => new Date(), uuid };
  const resources = createResources(store, stamps);
  await ensureInitialized(resources, 'f'.repeat(32));
  await ensureDefaultRoles(resources);
  const denials: LogFields[] = [];
  const authorizer = startAuthorizer(store, silentLogger);
  const stopping = new AbortController();
  const app = await createApi({
    resources,
    ipam: createIpam(store, stamps),
    authorizer,
    log: { ...silentLogger, warn: (fields, message) => denials.push({ ...fields, message }) },
    audit: silentLogger,
    version: '0.0.0',
    stopping: stopping.signal,
    now: Date.now,
    nameSuffix: () => 'abcde',
    bookmarkIntervalMs: 60_000,
  });
  const authority = await createAuthority('test', validity);
  const hosts = [{ type: 'ip', value: '127.0.0.1' }] as const;
  const own = await issueCertificate(authority, { commonName: 'api', hosts, usage: 'server' }, validity);
  const options = { cert: own.certificate, key: own.key, ca: authority.certificate, requestCert: true };
  const server = https.createServer(options, app.routing);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await authorizer.settle();
  const { port } = server.address() as AddressInfo;
  const agents: https.Agent[] = [];
  return {
    app,
    store,
    resources,
    authorizer,
    denials,
    async as(commonName, ...organizations) {
      const pair = await issueCertificate(authority, { commonName, organizations, usage: 'client' }, validity);
      const agent = agentOf(authority, pair);
      agents.push(agent);
      return callerOf(agent, port);
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      for (const agent of agents) agent.destroy();
      server.closeAllConnections();
      server.close();
      await authorizer.close();
      await store.close();
    },
  };
}

function agentOf(authority: KeyPair, { certificate, key }: KeyPair): https.Agent {
  return new https.Agent({ cert: certificate, key, ca: authority.certificate, keepAlive: true, maxSockets: 4 });
}

function callerOf(agent: https.Agent, port: number): Caller {
  const open = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const options = { agent, host: '127.0.0.1', port, method, path, headers: { ...type, ...headers } };
    const request = https.request(options);
    request.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = await once(request, 'response');
    return { request, response };
  };
  return {
    async call(method, path, body, headers) {
      const { response } = await open(method, path, body, headers);
      const chunks: Buffer[] = await response.toArray();
      return { code: response.statusCode, body: parse(Buffer.concat(chunks).toString()) };
    },
    async watch(path) {
      const { request, response } = await open('GET', path);
      if (response.statusCode !== 200) throw new Error(`watch: ${response.statusCode}`);
      return { lines: linesOf(response), close: () => request.destroy() };
    },
  };
}

async function* linesOf(response: AsyncIterable<Buffer>) {
  let text = '';
  for await (const chunk of response) {
    text += chunk;
    const lines = text.split('\n');
    text = lines.pop()!;
    for (const line of lines) yield JSON.parse(line);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
