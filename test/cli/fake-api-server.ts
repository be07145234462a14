/**
 * An API server in memory on a unix socket: the REST contract that the client relies on, with revisions and pages. I/O.
 * Knows no kinds: whatever path an object is posted to holds it. `intercept` lets a test answer instead.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Stored {
  metadata: { name: string; namespace?: string; resourceVersion?: string; uid?: string; creationTimestamp?: string };
  [member: string]: unknown;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface FakeApiServer extends AsyncDisposable {
  /** Value for `CALICO_API_SOCKET`. */
  readonly address: string;
  readonly directory: string;
  /** `METHOD path`, in the order they came. */
  readonly requests: string[];
  /** The headers of each request. */
  readonly headers: IncomingHttpHeaders[];
  /** Objects by path; tests may look and change. */
  readonly objects: Map<string, Stored>;
  intercept: ((method: string, path: string) => Answer | undefined) | undefined;
  put(plural: string, object: Record<string, unknown>): void;
}

const root = '/apis/projectcalico.org/v3/';

/** Starts a server of its own; disposing of it removes its directory. */
export async function startFakeApiServer(): Promise<FakeApiServer> {
  const directory = mkdtempSync(join(tmpdir(), 'calico-cli-'));
  const state = {
    objects: new Map<string, Stored>(),
    requests: [] as string[],
    headers: [] as IncomingHttpHeaders[],
    revision: 100,
  };
  const server = createServer((incoming, outgoing) => {
    void answer(incoming, outgoing);
  });
  const fake: FakeApiServer = {
    address: `unix:${directory}/api.sock`,
    directory,
    requests: state.requests,
    headers: state.headers,
    objects: state.objects,
    intercept: undefined,
    put(plural, object) {
      const stored = object as unknown as Stored;
      const scope = stored.metadata.namespace === undefined ? '' : `namespaces/${stored.metadata.namespace}/`;
      state.objects.set(`${root}${scope}${plural}/${stored.metadata.name}`, stamp(stored));
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true });
    },
  };

  function stamp(object: Stored): Stored {
    const revision = String(++state.revision);
    const uid = `00000000-0000-4000-8000-${revision.padStart(12, '0')}`;
    const metadata = { uid, creationTimestamp: '2026-08-01T09:30:00Z', ...object.metadata, resourceVersion: revision };
    return { ...object, metadata };
  }

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://localhost');
    const path = decodeURIComponent(url.pathname);
    const method = incoming.method ?? '';
    let text = '';
    for await (const chunk of incoming) text += chunk;
    state.headers.push(incoming.headers);
    state.requests.push(`${method} ${path}${url.search}`);
    const { status, body } =
      fake.intercept?.(method, path) ?? handle(method, path, url, text === '' ? {} : JSON.parse(text));
    outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  function handle(method: string, path: string, url: URL, body: Stored): Answer {
    if (method === 'POST') return create(`${path}/${body.metadata.name}`, body);
    const isList = /^(?:namespaces\/[^/]+\/)?[^/]+$/.test(path.replace(/^\/apis?(?:\/[^/]+)?\/v\d\w*\//, ''));
    if (method === 'GET' && isList) return list(path, url);
    const present = state.objects.get(path);
    if (present === undefined) return status(404, 'NotFound', `"${path.split('/').at(-1)}" not found`);
    if (method === 'GET') return { status: 200, body: present };
    if (method === 'PUT') return replace(path, body, present);
    state.objects.delete(path);
    return { status: 200, body: { kind: 'Status', status: 'Success' } };
  }

  function create(path: string, body: Stored): Answer {
    if (state.objects.has(path)) return status(409, 'AlreadyExists', `"${body.metadata.name}" already exists`);
    state.objects.set(path, stamp(body));
    return { status: 201, body: state.objects.get(path) };
  }

  function replace(path: string, body: Stored, present: Stored): Answer {
    if (body.metadata.resourceVersion !== present.metadata.resourceVersion) {
      return status(409, 'Conflict', 'the object has been modified');
    }
    state.objects.set(path, stamp(body));
    return { status: 200, body: state.objects.get(path) };
  }

  function list(path: string, url: URL): Answer {
    const plural = path.split('/').at(-1) ?? '';
    const scope = path.slice(root.length, path.length - plural.length);
    const isMember = (key: string) =>
      scope === ''
        ? new RegExp(`^${root}(?:namespaces/[^/]+/)?${plural}/[^/]+$`).test(key)
        : key.startsWith(`${root}${scope}${plural}/`);
    const all = [...state.objects.keys()].filter(isMember).sort();
    const from = Number(url.searchParams.get('continue') ?? '0');
    const to = from + Number(url.searchParams.get('limit') ?? all.length);
    const metadata = { resourceVersion: String(state.revision), ...(to < all.length ? { continue: String(to) } : {}) };
    return { status: 200, body: { metadata, items: all.slice(from, to).map((key) => state.objects.get(key)) } };
  }

  await new Promise<void>((resolve) => server.listen(`${directory}/api.sock`, resolve));
  return fake;
}

/** An error answer. `causes` as `field: message`. */
export function status(code: number, reason: string, message: string, causes: Record<string, string> = {}): Answer {
  const listed = Object.entries(causes).map(([field, text]) => ({ field, message: text }));
  const details = listed.length === 0 ? {} : { details: { causes: listed } };
  return {
    status: code,
    body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message, ...details },
  };
}
