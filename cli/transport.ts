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
  /** What the server warns of. */
  readonly warnings?: readonly string[];
}

/** Types other than plain JSON: what is sent, and what is asked for. */
export interface RequestTypes {
  readonly contentType?: string;
  readonly accept?: string;
}

/** An answer that goes on: its lines as they come, ending when the server ends them or `signal` is aborted. */
export interface LineStream {
  readonly status: number;
  readonly lines: AsyncIterable<string>;
}

export interface Transport {
  /** Sends one request. Throws CLI_UNREACHABLE when no answer comes back. */
  request(method: Method, path: string, body?: unknown, types?: RequestTypes): Promise<Answer>;
  /** A GET whose answer has no end. Throws CLI_UNREACHABLE when none begins. */
  stream(path: string, signal: AbortSignal): Promise<LineStream>;
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
    // without TLS there is no name to send: finding out whether the host would be one costs 9 ms, for Node's expression of an IPv6 address
    ...(endpoint.isEncrypted ? {} : { servername: '' }),
    ...identity(settings),
    agent,
    timeout: answerTimeoutMs,
  };
  return {
    close: () => agent.destroy(),
    async stream(path, signal) {
      const { openLines } = await import('./line-stream.ts');
      log?.(`GET ${path} (stream)`);
      return openLines(http.request, { ...base, agent: new http.Agent(), path, timeout: 0 }, signal);
    },
    async request(method, path, body, types) {
      const started = performance.now();
      const answer = await send(http.request, { ...base, method, path }, settings, body, types);
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
    ...given('ca', settings.ca ?? (settings.caFile === undefined ? undefined : read(settings.caFile))),
    ...given('cert', settings.cert ?? (settings.certFile === undefined ? undefined : read(settings.certFile))),
    ...given('key', settings.key ?? (settings.keyFile === undefined ? undefined : read(settings.keyFile))),
    ...(settings.tokenFile === undefined && settings.token === undefined
      ? {}
      : {
          auth: undefined,
          headers: { authorization: `Bearer ${settings.token ?? tokenIn(read(settings.tokenFile!))}` },
        }),
  };
}

function given(name: string, value: unknown): Record<string, unknown> {
  return value === undefined ? {} : { [name]: value };
}

function tokenIn(file: Buffer): string {
  return file.toString('utf8').trim();
}

function send(
  request: typeof import('node:http').request,
  options: RequestOptions,
  settings: ApiSettings,
  body: unknown,
  types: RequestTypes = {},
): Promise<Answer> {
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const contentType = types.contentType ?? 'application/json';
  const headers = {
    accept: types.accept ?? 'application/json',
    ...(options.headers as Record<string, string> | undefined),
    ...(payload === undefined ? {} : { 'content-type': contentType, 'content-length': String(payload.length) }),
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
          const warnings = parseWarnings(incoming.headers.warning);
          const body = parseBody(Buffer.concat(chunks).toString('utf8'));
          resolve({ status: incoming.statusCode ?? 0, body, ...(warnings.length > 0 && { warnings }) });
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

/** `299 - "text"`, several separated by commas. */
function parseWarnings(header: string | undefined): string[] {
  return [...(header ?? '').matchAll(/\b299 \S+ ("(?:[^"\\]|\\.)*")/g)].map((match) => {
    try {
      return String(JSON.parse(match[1]!));
    } catch {
      return match[1]!;
    }
  });
}
