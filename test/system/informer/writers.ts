/**
 * Writers that create, change and delete network sets through the API, each its own and all of them a few shared ones, and tell every
 * acknowledged change. An answer that never came is settled by reading. I/O.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientServer } from '../clients/server.ts';
import type { Change } from './journal.ts';

/** Both scopes, so that an informer over all namespaces is at work as well. */
export const watchedKinds = ['networksets', 'globalnetworksets'] as const;
export type WatchedKind = (typeof watchedKinds)[number];

interface Place {
  readonly kind: WatchedKind;
  readonly namespace: string;
  readonly name: string;
}

/** Revisions by key. */
type Memory = Map<string, number>;

export interface WriterOptions {
  readonly server: ClientServer;
  readonly changesPerSecond: number;
  readonly random: () => number;
  readonly wrote: (kind: WatchedKind, change: Change) => void;
}

const ownNames = 12;
const sharedNames = 4;
/** A machine that is busy with other things may take long to start a server. */
const unclearMsMax = 180_000;

/** What each writer knows of its own objects: the revision of those that exist. */
export function createMemories(writers: number): Memory[] {
  return Array.from({ length: writers }, () => new Map());
}

/** Writes until `signal` says so; resolves when every change has been told. */
export async function write(options: WriterOptions, memories: readonly Memory[], signal: AbortSignal): Promise<void> {
  const pauseMs = (1000 * memories.length) / options.changesPerSecond;
  const work = async (known: Memory, id: number) => {
    while (!signal.aborted) {
      await changeOne(options, id, known);
      await sleep(pauseMs * 2 * options.random());
    }
  };
  await Promise.all(memories.map(work));
}

async function changeOne(options: WriterOptions, id: number, known: Memory): Promise<void> {
  const pick = (count: number) => Math.floor(options.random() * count);
  const kind = watchedKinds[pick(2)]!;
  const namespace = kind === 'networksets' ? `space-${pick(2)}` : '';
  if (pick(4) === 0) return patchShared(options, { kind, namespace, name: `shared-${pick(sharedNames)}` });
  const place = { kind, namespace, name: `own-${id}-${pick(ownNames)}` };
  const revision = known.get(keyOf(place));
  if (revision === undefined) await put(options, place, known, 'POST');
  else if (pick(3) === 0) await remove(options, place, known, revision);
  else await put(options, place, known, 'PATCH');
}

/** Everybody patches these; the first one creates. Only what was acknowledged counts. */
async function patchShared(options: WriterOptions, place: Place): Promise<void> {
  const change = { metadata: { annotations: { value: String(options.random()) } } };
  const answer = await tryCall(options, 'PATCH', pathOf(place), change);
  const wanted =
    answer?.status === 404 ? await tryCall(options, 'POST', collectionOf(place), bodyOf(options, place)) : answer;
  const revision = revisionOf(wanted?.body);
  if (revision !== undefined) tell(options, place, 'put', revision, revision);
}

async function put(options: WriterOptions, place: Place, known: Memory, method: 'POST' | 'PATCH'): Promise<void> {
  const path = method === 'POST' ? collectionOf(place) : pathOf(place);
  const answer = await tryCall(options, method, path, bodyOf(options, place));
  const revision = revisionOf(answer === undefined ? await settle(options, place) : answer.body);
  if (revision === undefined || revision === known.get(keyOf(place))) return;
  known.set(keyOf(place), revision);
  tell(options, place, 'put', revision, revision);
}

async function remove(options: WriterOptions, place: Place, known: Memory, revision: number): Promise<void> {
  const answer = await tryCall(options, 'DELETE', pathOf(place));
  if (answer === undefined && (await settle(options, place)) !== undefined) return;
  const list = await persist(options, `/${place.kind}?limit=1`);
  known.delete(keyOf(place));
  tell(options, place, 'delete', revision, Number(list.body.metadata.resourceVersion));
}

/** The object as it is after a request whose answer was lost; undefined when there is none. */
async function settle(options: WriterOptions, place: Place): Promise<unknown> {
  const { status, body } = await persist(options, pathOf(place));
  return status === 200 ? body : undefined;
}

/** Asks until the server answers. */
async function persist(options: WriterOptions, path: string) {
  for (const deadline = performance.now() + unclearMsMax; ; await sleep(50)) {
    const answer = await tryCall(options, 'GET', path);
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`no answer to GET ${path}`);
  }
}

/** Undefined when no answer came, or one of a server that is about to go or not yet there. */
async function tryCall({ server }: WriterOptions, method: string, path: string, body?: unknown) {
  try {
    const answer = await server.call(method, path, body);
    return answer.status >= 500 ? undefined : answer;
  } catch {
    return undefined;
  }
}

function tell({ wrote }: WriterOptions, place: Place, type: Change['type'], revision: number, until: number): void {
  wrote(place.kind, { key: keyOf(place), type, revision, until });
}

function bodyOf({ random }: WriterOptions, { namespace, name }: Place) {
  const nets = [`192.0.2.${Math.floor(random() * 256)}`, `198.51.100.${Math.floor(random() * 256)}`];
  return { metadata: { name, ...(namespace !== '' && { namespace }) }, spec: { nets } };
}

function revisionOf(body: unknown): number | undefined {
  const text = (body as { metadata?: { resourceVersion?: string } } | undefined)?.metadata?.resourceVersion;
  return text === undefined ? undefined : Number(text);
}

function keyOf({ namespace, name }: Place): string {
  return `${namespace}/${name}`;
}

function collectionOf({ kind, namespace }: Place): string {
  return namespace === '' ? `/${kind}` : `/namespaces/${namespace}/${kind}`;
}

function pathOf(place: Place): string {
  return `${collectionOf(place)}/${place.name}`;
}
