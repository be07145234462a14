/**
 * HTTP to the API server: JSON in, JSON out, over a few connections that stay open for the life of the command. I/O.
 * Node's http module is taken through `getBuiltinModule`: importing it the usual way fills all its exports and costs 25 ms.
 */
import { readFileSync } from 'node:fs';
import type { Agent, RequestOptions } from 'node:http';
import type { ApiSettings } from './config.ts';
import { cliError, errorText } from './errors.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Transport {
  /** Sends one request. Throws CLI_UNREACHABLE when no answer comes back. */
  request(method: Method, path: string, body?: unknown): Promise<Answer>;
  close(): void;
}

/** How many requests are under way at once; more would only queue in the server. */
export const connectionsMax = 16;

const answerTimeoutMs = 60_000;

/** Opens nothing yet: the first request connects. `log` gets a line per request. */
export function createTransport(settings: ApiSettings, log?: (line: string) => void): Transport {
  const { endpoint } = settings;
  const http = endpoint.isEncrypted ? process.getBuiltinModule('node:https') : process.getBuiltinModule('node:http');
  const agent: Agent = new http.Agent({ keepAlive: true, maxSockets: connectionsMax, scheduling: 'lifo' });
  const base: RequestOptions = {
    ...(endpoint.socketPath === undefined
      ? { host: endpoint.host, port: endpoint.port }
      : { socketPath: endpoint.socketPath, host: 'localhost' }),
    ...identity(settings),
    agent,
    timeout: answerTimeoutMs,
  };
  return {
    close: () => agent.destroy(),
    async request(method, path, body) {
      const started = performance.now();
      const answer = await send(http.request, { ...base, method, path }, settings, body);
      log?.(`${method} ${path} ${answer.status} ${(performance.now() - started).toFixed(1)} ms`);
      return answer;
    },
  };
}

/** Certificates and the bearer token, read once. */
function identity(settings: ApiSettings): Record<string, unknown> {
  const read = (file: string) => {
    try {
      return readFileSync(file);
    } catch (error) {
      throw cliError('CLI_CONFIG', errorText(error));
    }
  };
  return {
    ...(settings.caFile === undefined ? {} : { ca: read(settings.caFile) }),
    ...(settings.certFile === undefined ? {} : { cert: read(settings.certFile) }),
    ...(settings.keyFile === undefined ? {} : { key: read(settings.keyFile) }),
    ...(settings.tokenFile === undefined
      ? {}
      : { auth: undefined, headers: { authorization: `Bearer ${read(settings.tokenFile).toString('utf8').trim()}` } }),
  };
}

function send(
  request: typeof import('node:http').request,
  options: RequestOptions,
  settings: ApiSettings,
  body: unknown,
): Promise<Answer> {
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const headers = {
    accept: 'application/json',
    ...(options.headers as Record<string, string> | undefined),
    ...(payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(payload.length) }),
  };
  const { address } = settings.endpoint;
  return new Promise((resolve, reject) => {
    const unreachable = (error: unknown) =>
      reject(cliError('CLI_UNREACHABLE', `cannot reach the API server at ${address}: ${errorText(error)}`));
    const outgoing = request({ ...options, headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', unreachable);
      incoming.on('end', () => {
        try {
          resolve({ status: incoming.statusCode ?? 0, body: parseBody(Buffer.concat(chunks).toString('utf8')) });
        } catch (error) {
          reject(cliError('CLI_FAILED', `${address} does not answer like a Calico API server: ${errorText(error)}`));
        }
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${answerTimeoutMs / 1000} s`)));
    outgoing.on('error', unreachable);
    outgoing.end(payload);
  });
}

function parseBody(text: string): unknown {
  return text === '' ? undefined : JSON.parse(text);
}
