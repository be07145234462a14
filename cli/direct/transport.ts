/**
 * Requests without a server: the same API in this process, over an etcd that flags, environment or file name. Loaded only when a command
 * goes straight to the store; what it answers is what an API server over that store would. I/O.
 */
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { LocalApi } from '#appliance/api/local.ts';
import { createLocalApi } from '#appliance/api/local.ts';
import { openStore } from '#appliance/datastore/registry.ts';
import type { Store } from '#appliance/datastore/store.ts';
import { hasCode } from '#appliance/lib/errors.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import type { FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { findStore } from '../datastore/address.ts';
import { cliError, errorText } from '../errors.ts';
import type { Answer, Method, RequestTypes, Transport } from '../transport.ts';

/** Somebody waits at a terminal. */
const requestTimeoutMs = 5_000;

/** Opens the store. Throws CLI_UNREACHABLE, or CLI_CONFIG for settings that cannot be used. */
export async function openDirectTransport(
  context: CliContext,
  flags: FlagValues,
  log?: (line: string) => void,
): Promise<Transport> {
  const target = await findStore(context, flags);
  const store = await openStore({ ...target, requestTimeoutMs, log: silentLogger }).catch((error) => {
    throw cliError('CLI_UNREACHABLE', errorText(error));
  });
  const api = await createLocalApi(store, readVersion());
  const asking = askFirst(api);
  let unreachable: unknown;
  return {
    async request(method, path, body, types = {}) {
      // a store that did not answer is not waited for again
      if (unreachable !== undefined) throw unreachable;
      if (method !== 'GET') await asking.initialized();
      const started = performance.now();
      const answer = await send(api, method, path, body, types).catch((error) => {
        unreachable = hasCode(error, 'CLI_UNREACHABLE') ? error : undefined;
        throw error;
      });
      log?.(`${method} ${path} ${answer.status} ${(performance.now() - started).toFixed(1)} ms`);
      return answer;
    },
    async stream(path, signal) {
      const answer = await api.app.inject({ method: 'GET', url: path, payloadAsStream: true });
      const body = answer.stream();
      signal.addEventListener('abort', () => body.destroy(), { once: true });
      return { status: answer.statusCode, lines: linesOf(body) };
    },
    close: () => closeAll(api, store),
  };
}

/** Before the first change the store is initialised, once; a user who may not do that may still do what was asked. */
function askFirst(api: LocalApi) {
  let initializing: Promise<void> | undefined;
  return {
    initialized() {
      initializing ??= api.initialize().catch(() => undefined);
      return initializing;
    },
  };
}

async function send(api: LocalApi, method: Method, path: string, body: unknown, types: RequestTypes): Promise<Answer> {
  const sent = body === undefined ? {} : { 'content-type': types.contentType ?? 'application/json' };
  const answer = await api.app.inject({
    method,
    url: path,
    headers: { accept: types.accept ?? 'application/json', 'user-agent': 'calicoctl', ...sent },
    ...(body !== undefined && { payload: JSON.stringify(body) }),
  });
  const parsed: unknown = answer.payload === '' ? undefined : JSON.parse(answer.payload);
  if (answer.statusCode === 503)
    throw cliError('CLI_UNREACHABLE', String((parsed as { message?: string } | undefined)?.message));
  const warnings = warningsOf(answer.headers.warning);
  return { status: answer.statusCode, body: parsed, ...(warnings.length > 0 && { warnings }) };
}

/** `299 - "text"`, several separated by commas. */
function warningsOf(header: unknown): string[] {
  const texts = Array.isArray(header) ? header.join(', ') : String(header ?? '');
  return [...texts.matchAll(/\b299 \S+ ("(?:[^"\\]|\\.)*")/g)].map(([, quoted]) => JSON.parse(quoted!) as string);
}

async function* linesOf(body: Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of body) {
      const parts = (rest + decoder.decode(chunk as Buffer, { stream: true })).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) if (part !== '') yield part;
    }
  } catch {
    return; // whoever reads has seen enough
  }
  if (rest.trim() !== '') yield rest;
}

/** A command is over: nobody waits for this, and nothing of it keeps the process. */
function closeAll(api: LocalApi, store: Store): void {
  void api
    .close()
    .finally(() => store.close())
    .catch(() => undefined);
}

function readVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
