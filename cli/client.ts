/**
 * The typed client over the REST API: get, list, create, replace, remove. I/O through the transport it is given.
 * Paths follow the Kubernetes style: `/apis/projectcalico.org/v3[/namespaces/NS]/PLURAL[/NAME]`.
 */
import type { Problem } from '#appliance/lib/problem.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import { errorOfAnswer, type Target } from './api-errors.ts';
import type { KindRef } from './kind-refs.ts';
import type { Answer, Method, RequestTypes, Transport } from './transport.ts';

/** The part of a kind that addressing needs. */
export type KindAddress = Pick<KindRef, 'kind' | 'plural' | 'isNamespaced' | 'apiVersion'>;

/** What narrows a list or a watch. */
export interface ListChoice {
  readonly namespace?: string | undefined;
  readonly revision?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Stop after so many. */
  readonly limit?: number | undefined;
  /** How many to ask for at a time; 0 for all at once. */
  readonly chunkSize?: number | undefined;
}

/** How a write is to be done. */
export interface WriteChoice {
  /** Everything but the writing. */
  readonly isDryRun?: boolean | undefined;
  readonly fieldManager?: string | undefined;
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: Resource;
}

export interface ResourceList {
  readonly resourceVersion: string;
  readonly items: readonly Resource[];
}

/** Part of a list, in its order. `isFirst`: it begins here, also when it has begun before, at a revision that is gone now. */
export interface ListPage extends ResourceList {
  readonly isFirst: boolean;
}

/** The versions of one resource, oldest first. */
export interface ResourceHistory {
  readonly metadata: {
    readonly resourceVersion: string;
    /** The oldest revision the store can still read. */
    readonly oldestResourceVersion: string;
    /** True when older versions were left out. */
    readonly isCut: boolean;
  };
  readonly items: readonly ResourceVersion[];
}

/** `object` is absent for a deletion, and for what cannot be read, whose `problems` say why. */
export interface ResourceVersion {
  readonly resourceVersion: string;
  readonly change: 'created' | 'updated' | 'deleted';
  readonly object?: Resource;
  readonly problems?: readonly Problem[];
}

export interface ApiClient {
  /** `revision`: as it was then. */
  get(kind: KindAddress, name: string, namespace?: string, revision?: string): Promise<Resource>;
  /** All resources of a kind, page by page; of all namespaces without one. */
  list(kind: KindAddress, choice?: ListChoice): Promise<ResourceList>;
  /** The same as it comes; the next page is asked for while one is looked at. */
  pages(kind: KindAddress, choice?: ListChoice): AsyncIterable<ListPage>;
  /** Changes after a revision, until the server ends the answer or `signal` is aborted. Throws CLI_EXPIRED when it is gone. */
  watch(kind: KindAddress, choice: ListChoice, revision: string, signal: AbortSignal): AsyncIterable<WatchEvent>;
  /** The versions of one resource that the store still has; with `limit` the newest of them. */
  history(kind: KindAddress, name: string, namespace?: string, limit?: number): Promise<ResourceHistory>;
  create(kind: KindAddress, resource: Resource, choice?: WriteChoice): Promise<Resource>;
  /** Writes over the revision in `metadata.resourceVersion`. */
  replace(kind: KindAddress, resource: Resource, choice?: WriteChoice): Promise<Resource>;
  /** Has the server change part of a resource; `isForced` takes fields over that others own. */
  patch(
    target: { readonly kind: KindAddress; readonly name: string; readonly namespace?: string | undefined },
    type: PatchType,
    change: unknown,
    choice?: WriteChoice & { readonly isForced?: boolean },
  ): Promise<Resource>;
  remove(
    kind: KindAddress,
    name: string,
    namespace?: string,
    resourceVersion?: string,
    choice?: WriteChoice,
  ): Promise<void>;
  /** A plain request to any path, for discovery and reviews. Throws what the answer says when it is no success. */
  raw(method: Method, path: string, body?: unknown, types?: RequestTypes): Promise<unknown>;
  close(): void;
}

const pageSize = 1000;

/** A client that speaks through `transport`; `warn` gets what the server warns of. */
export function createClient(transport: Transport, warn?: (text: string) => void): ApiClient {
  const succeed = (answer: Answer, operation: string, target: Target) => {
    for (const warning of answer.warnings ?? []) warn?.(warning);
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    throw errorOfAnswer(answer, operation, target);
  };
  const call = async (method: Method, path: string, operation: string, target: Target, body?: unknown) =>
    succeed(await transport.request(method, path, body), operation, target);
  return {
    close: () => transport.close(),
    async get(kind, name, namespace, revision) {
      const target = targetOf(kind, name, namespace);
      const path = `${pathOf(kind, namespace, name)}${printQuery(asOf(revision))}`;
      return stamped(kind, await call('GET', path, 'get', target));
    },
    list: async (kind, choice = {}) => joinPages(listPages(transport, kind, choice)),
    pages: (kind, choice = {}) => listPages(transport, kind, choice),
    async *watch(kind, choice, revision, signal) {
      const { watchLines } = await import('./watch-lines.ts');
      const query = { watch: 'true', resourceVersion: revision, allowWatchBookmarks: 'true', ...selectorsOf(choice) };
      const path = `${pathOf(kind, choice.namespace)}${printQuery(query)}`;
      yield* watchLines(transport, path, targetOf(kind, '', choice.namespace), signal);
    },
    async history(kind, name, namespace, limit) {
      const path = `${pathOf(kind, namespace, name)}/history${printQuery(limit === undefined ? {} : { limit: String(limit) })}`;
      return (await call('GET', path, 'get', targetOf(kind, name, namespace))) as ResourceHistory;
    },
    async create(kind, resource, choice) {
      const { name, namespace } = resource.metadata;
      const target = targetOf(kind, name, namespace);
      const path = `${pathOf(kind, namespace)}${printQuery(writeQuery(choice))}`;
      return stamped(kind, await call('POST', path, 'create', target, resource));
    },
    async replace(kind, resource, choice) {
      const { name, namespace } = resource.metadata;
      const target = targetOf(kind, name, namespace);
      const path = `${pathOf(kind, namespace, name)}${printQuery(writeQuery(choice))}`;
      return stamped(kind, await call('PUT', path, 'update', target, resource));
    },
    async patch({ kind, name, namespace }, type, change, choice = {}) {
      const target = targetOf(kind, name, namespace);
      const query = printQuery({ ...writeQuery(choice), ...(choice.isForced === true && { force: 'true' }) });
      const path = `${pathOf(kind, namespace, name)}${query}`;
      const answer = await transport.request('PATCH', path, change, { contentType: patchContentTypes[type] });
      return stamped(kind, succeed(answer, 'patch', target));
    },
    async raw(method, path, body, types) {
      const answer = await transport.request(method, path, body, types);
      return succeed(answer, method.toLowerCase(), { kind: 'path', name: path });
    },
    async remove(kind, name, namespace, resourceVersion, choice) {
      const target = targetOf(kind, name, namespace);
      const options =
        resourceVersion === undefined
          ? undefined
          : { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { resourceVersion } };
      const path = `${pathOf(kind, namespace, name)}${printQuery(writeQuery(choice))}`;
      await call('DELETE', path, 'delete', target, options);
    },
  };
}

async function joinPages(pages: AsyncIterable<ListPage>): Promise<ResourceList> {
  const items: Resource[] = [];
  let resourceVersion = '';
  for await (const page of pages) {
    if (page.isFirst) items.length = 0;
    for (const item of page.items) items.push(item);
    resourceVersion = page.resourceVersion;
  }
  return { resourceVersion, items };
}

async function* listPages(transport: Transport, kind: KindAddress, choice: ListChoice): AsyncGenerator<ListPage> {
  const { namespace, revision, limit = Number.POSITIVE_INFINITY, chunkSize = pageSize } = choice;
  const target = targetOf(kind, '', namespace);
  const ask = (query: Readonly<Record<string, string>>) => {
    const answer = transport.request(
      'GET',
      `${pathOf(kind, namespace)}${printQuery({ ...query, ...selectorsOf(choice) })}`,
    );
    answer.catch(() => undefined); // who waits for it hears of it; nobody does when the list is given up before
    return answer;
  };
  let wanted = limit;
  const pageLimit = () => {
    const size = wanted === Number.POSITIVE_INFINITY ? chunkSize : Math.min(chunkSize || wanted, wanted);
    return size > 0 ? { limit: String(size) } : {};
  };
  let isFirst = true;
  let isWhole = false;
  let next: Promise<Answer> | undefined = ask({ ...pageLimit(), ...asOf(revision) });
  while (next !== undefined) {
    const answer: Answer = await next;
    if (answer.status === 410 && !isWhole && revision === undefined) {
      // The pages read so far belong to a revision that is gone; one answer without pages cannot suffer that.
      isFirst = true;
      isWhole = true;
      wanted = limit;
      next = ask({});
      continue;
    }
    if (answer.status !== 200) throw errorOfAnswer(answer, 'list', target);
    const page = answer.body as { metadata?: { resourceVersion?: string; continue?: string }; items?: unknown[] };
    const items = (page.items ?? []).slice(0, wanted);
    wanted -= items.length;
    const token = page.metadata?.continue ?? '';
    next = token === '' || wanted === 0 ? undefined : ask({ ...pageLimit(), continue: token });
    yield {
      isFirst,
      resourceVersion: page.metadata?.resourceVersion ?? '',
      items: items.map((item) => stamped(kind, item)),
    };
    isFirst = false;
  }
}

const patchContentTypes: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml', // JSON is YAML
};

function selectorsOf({ labelSelector, fieldSelector }: ListChoice): Readonly<Record<string, string>> {
  return {
    ...(labelSelector !== undefined && { labelSelector }),
    ...(fieldSelector !== undefined && { fieldSelector }),
  };
}

function writeQuery({ isDryRun, fieldManager }: WriteChoice = {}): Readonly<Record<string, string>> {
  return { ...(isDryRun === true && { dryRun: 'All' }), ...(fieldManager !== undefined && { fieldManager }) };
}

/** The query that reads at a revision. */
function asOf(revision: string | undefined): Readonly<Record<string, string>> {
  return revision === undefined ? {} : { resourceVersion: revision, resourceVersionMatch: 'Exact' };
}

function printQuery(parameters: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(parameters).toString();
  return text === '' ? '' : `?${text}`;
}

function pathOf(kind: KindAddress, namespace: string | undefined, name?: string): string {
  const scope = kind.isNamespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${rootOf(kind.apiVersion ?? 'projectcalico.org/v3')}${scope}/${kind.plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}

/** `v1` is the core group, at a path of its own. */
export function rootOf(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function targetOf(kind: KindAddress, name: string, namespace: string | undefined): Target {
  return { kind: kind.kind, name, namespace: kind.isNamespaced ? namespace : undefined };
}

/** Items of a list may come without kind and apiVersion; printed ones need them, and first. */
function stamped(kind: KindAddress, body: unknown): Resource {
  const given = body as Omit<Resource, 'kind' | 'apiVersion'>;
  const apiVersion = kind.apiVersion ?? 'projectcalico.org/v3';
  const { managedFields: _owners, ...kept } = given.metadata; // the server's to keep, and long: people have not written them
  return { kind: kind.kind, apiVersion, ...given, metadata: kept };
}
