/**
 * The agent's own socket: `GET /status` says where it stands, `GET /wait?revision=N&timeoutMs=M` answers once the kernel has revision N.
 * Read only, on a unix socket in the run directory. I/O.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Revision } from '../../datastore/store.ts';
import { listenOnUnixSocket } from '../../lib/unix-socket.ts';
import type { Progress } from './progress.ts';

export interface StatusSocketOptions {
  readonly path: string;
  readonly progress: Progress;
  /** Asks the store how far it is: changes elsewhere in the store raise its revision, and nobody tells. */
  readonly requestProgress: () => void;
  /** The whole status as plain data. */
  readonly describe: () => Record<string, unknown>;
}

const askAgainMs = 100;

export async function startStatusSocket(options: StatusSocketOptions): Promise<{ close(): Promise<void> }> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error) => send(response, 500, { message: String(error) }));
  });
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
  const url = new URL(request.url ?? '/', 'http://agent');
  if (request.method !== 'GET') return send(response, 405, { message: 'only GET' });
  if (url.pathname === '/status') return send(response, 200, options.describe());
  if (url.pathname !== '/wait') return send(response, 404, { message: 'try /status or /wait?revision=N' });
  const revision = Number(url.searchParams.get('revision'));
  const timeoutMs = Number(url.searchParams.get('timeoutMs') ?? 30_000);
  if (!Number.isSafeInteger(revision) || revision < 0)
    return send(response, 400, { message: 'revision: not a number' });
  if (!(timeoutMs >= 0 && timeoutMs <= 600_000))
    return send(response, 400, { message: 'timeoutMs: not within 0..600000' });
  try {
    await waitUntil(options, revision, AbortSignal.timeout(timeoutMs));
    send(response, 200, { appliedRevision: options.progress.appliedRevision });
  } catch {
    send(response, 504, { message: 'not there yet', appliedRevision: options.progress.appliedRevision });
  }
}

async function waitUntil(options: StatusSocketOptions, revision: Revision, signal: AbortSignal): Promise<void> {
  const { progress, requestProgress } = options;
  if (revision <= progress.appliedRevision) return;
  requestProgress();
  const asking = setInterval(requestProgress, askAgainMs);
  try {
    await progress.waitUntil(revision, signal);
  } finally {
    clearInterval(asking);
  }
}

function send(response: ServerResponse, code: number, body: Record<string, unknown>): void {
  response.writeHead(code, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}
