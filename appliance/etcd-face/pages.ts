/** What etcd's client port says over plain HTTP: `/health`, `/version` and `/metrics`. I/O through the store. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Store, StoreStatus } from '../datastore/store.ts';
import type { Logger } from '../lib/log.ts';

export interface PagesOptions {
  readonly store: Store;
  readonly log: Logger;
  /** Streams that are open. */
  readonly openStreams: () => number;
}

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Answers one request; fails only towards the client. */
export function createPages(options: PagesOptions): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    respond(request, options).then(
      ({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body),
      (error: unknown) => {
        options.log.error({ error: String(error) }, 'page failed');
        response.writeHead(500).end();
      },
    );
  };
}

async function respond(request: IncomingMessage, options: PagesOptions): Promise<Page> {
  const path = (request.url ?? '').split('?')[0];
  if (!['/health', '/version', '/metrics'].includes(path ?? '')) return text(404, '404 page not found\n');
  if (request.method !== 'GET' && request.method !== 'HEAD') return text(405, 'Method Not Allowed\n');
  const status = await options.store.status().catch((error: unknown) => String(error));
  if (path === '/health') return health(status);
  if (typeof status === 'string') return text(503, `${status}\n`);
  if (path === '/version') return json(200, { etcdserver: status.version, etcdcluster: status.version });
  return { status: 200, type: 'text/plain; version=0.0.4', body: metrics(status, options.openStreams()) };
}

/** Not healthy: no answer from the store, or an alarm. */
function health(status: StoreStatus | string): Page {
  if (typeof status === 'string') return json(503, { health: 'false', reason: status });
  const [alarm] = status.alarms;
  return alarm === undefined
    ? json(200, { health: 'true', reason: '' })
    : json(503, { health: 'false', reason: `ALARM ${alarm}` });
}

/** Those of etcd's that dashboards and alerts for etcd use. */
function metrics(status: StoreStatus, openStreams: number): string {
  const { rss } = process.memoryUsage();
  return [
    gauge('etcd_server_has_leader', 'Whether or not a leader exists.', 1),
    gauge('etcd_server_is_leader', 'Whether or not this member is a leader.', 1),
    gauge('etcd_mvcc_db_total_size_in_bytes', 'Size of the database on disk.', status.sizeBytes),
    status.usedBytes === undefined
      ? ''
      : gauge('etcd_mvcc_db_total_size_in_use_in_bytes', 'Size of the database in use.', status.usedBytes),
    gauge('etcd_debugging_mvcc_current_revision', 'The newest revision.', status.revision),
    gauge('etcd_debugging_mvcc_compact_revision', 'The oldest readable revision.', status.compacted),
    gauge('etcd_face_open_streams', 'Open watch, keep-alive and snapshot streams.', openStreams),
    gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', rss),
  ].join('');
}

function gauge(name: string, help: string, value: number): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}\n`;
}

function json(status: number, value: object): Page {
  return { status, type: 'application/json', body: JSON.stringify(value) };
}

function text(status: number, body: string): Page {
  return { status, type: 'text/plain; charset=utf-8', body };
}
