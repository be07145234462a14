/**
 * The agent's own socket: `GET /status` says where it stands (`?resetStall=1` begins a new measurement of the event loop), `GET /config` where each setting comes from, `GET /hits` what was counted,
 * `GET /wait?revision=N&timeoutMs=M` answers once the kernel has revision N.
 * Read only, on a unix socket in the run directory. I/O.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Revision } from '../../datastore/store.ts';
import { listenOnUnixSocket } from '../../lib/unix-socket.ts';
import type { Progress } from './progress.ts';

// An import of node:http takes 16 MB: it reads every export, and some load the fetch client.
const { createServer } = process.getBuiltinModule('node:http');

export interface StatusSocketOptions {
  readonly path: string;
  readonly progress: Progress;
  /** Asks the store how far it is: changes elsewhere in the store raise its revision, and nobody tells. */
  readonly requestProgress: () => void;
  /** The whole status as plain data. */
  readonly describe: () => Record<string, unknown>;
  /** What else there is to read, by path: plain data, made when somebody asks. */
  readonly pages?: Readonly<Record<string, () => unknown>>;
  /** Forgets the longest stall of the event loop so far. */
  readonly resetStall: () => void;
}

/** What is on its way already comes sooner than that by itself, and needs no pass of the dataplane for the question alone. */
const askMs = 50;
const timeoutMsMax = 600_000;

/** Each holds a connection open for as long as it waits. */
const connectionsMax = 200;

export async function startStatusSocket(options: StatusSocketOptions): Promise<{ close(): Promise<void> }> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error) => send(response, 500, { message: String(error) }));
  });
  server.maxConnections = connectionsMax;
  await listenOnUnixSocket(server, options.path, 0o660);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(options: StatusSocketOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = URL.parse(`http://agent${request.url}`);
  if (request.method !== 'GET') return send(response, 405, { message: 'only GET' });
  if (url?.pathname === '/status') return answerStatus(options, url.searchParams, response);
  if (url?.pathname === '/wait') return answerWait(options, url.searchParams, response);
  const { pages = {} } = options;
  const page = url !== null && Object.hasOwn(pages, url.pathname) ? pages[url.pathname] : undefined;
  if (page !== undefined) return send(response, 200, await page());
  const paths = ['/status', '/wait?revision=N', ...Object.keys(pages)];
  send(response, 404, { message: `try ${paths.join(', ')}` });
}

function answerStatus(options: StatusSocketOptions, query: URLSearchParams, response: ServerResponse): void {
  send(response, 200, options.describe());
  if (query.get('resetStall') === '1') options.resetStall();
}

async function answerWait(options: StatusSocketOptions, query: URLSearchParams, response: ServerResponse) {
  const revision = integer(query.get('revision') ?? '');
  const timeoutMs = integer(query.get('timeoutMs') ?? '30000');
  if (revision === undefined) return send(response, 400, { message: 'revision: must be a revision of the store' });
  if (timeoutMs === undefined || timeoutMs > timeoutMsMax)
    return send(response, 400, { message: `timeoutMs: must lie within 0 to ${timeoutMsMax}` });
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const isThere = await waitUntil(options, revision, AbortSignal.any([gone.signal, AbortSignal.timeout(timeoutMs)]));
  const { appliedRevision } = options.progress;
  if (isThere) send(response, 200, { appliedRevision });
  else send(response, 504, { message: 'not there yet', appliedRevision });
}

function integer(text: string): number | undefined {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

/** False when the signal comes first. */
async function waitUntil(options: StatusSocketOptions, revision: Revision, signal: AbortSignal): Promise<boolean> {
  const { progress, requestProgress } = options;
  if (revision <= progress.appliedRevision) return true;
  const asking = setInterval(requestProgress, askMs);
  try {
    await progress.waitUntil(revision, signal);
    return true;
  } catch {
    return false;
  } finally {
    clearInterval(asking);
  }
}

/** Nobody may be there any more, which is fine. */
function send(response: ServerResponse, code: number, body: unknown): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(code, { 'content-type': 'application/json' });
  response.end(text);
}
