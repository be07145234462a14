/**
 * The typed client over the REST API: get, list, create, replace, remove. I/O through the transport it is given.
 * Paths follow the Kubernetes style: `/apis/projectcalico.org/v3[/namespaces/NS]/PLURAL[/NAME]`.
 */
import type { Problem } from '#appliance/lib/problem.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import { errorOfAnswer, type Target } from './api-errors.ts';
import type { KindRef } from './kind-refs.ts';
import type { Method, Transport } from './transport.ts';

/** The part of a kind that addressing needs. */
export type KindAddress = Pick<KindRef, 'kind' | 'plural' | 'isNamespaced'>;

export interface ResourceList {
  readonly resourceVersion: string;
  readonly items: readonly Resource[];
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
  list(kind: KindAddress, namespace?: string, revision?: string): Promise<ResourceList>;
  /** The versions of one resource that the store still has; with `limit` the newest of them. */
  history(kind: KindAddress, name: string, namespace?: string, limit?: number): Promise<ResourceHistory>;
  create(kind: KindAddress, resource: Resource): Promise<Resource>;
  /** Writes over the revision in `metadata.resourceVersion`. */
  replace(kind: KindAddress, resource: Resource): Promise<Resource>;
  remove(kind: KindAddress, name: string, namespace?: string, resourceVersion?: string): Promise<void>;
  close(): void;
}

const pageSize = 1000;
const root = '/apis/projectcalico.org/v3';

/** A client that speaks through `transport`. */
export function createClient(transport: Transport): ApiClient {
  const call = async (method: Method, path: string, operation: string, target: Target, body?: unknown) => {
    const answer = await transport.request(method, path, body);
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    throw errorOfAnswer(answer, operation, target);
  };
  return {
    close: () => transport.close(),
    async get(kind, name, namespace, revision) {
      const target = targetOf(kind, name, namespace);
      const path = `${pathOf(kind, namespace, name)}${printQuery(asOf(revision))}`;
      return stamped(kind, await call('GET', path, 'get', target));
    },
    list: (kind, namespace, revision) => listPages(transport, kind, namespace, revision),
    async history(kind, name, namespace, limit) {
      const path = `${pathOf(kind, namespace, name)}/history${printQuery(limit === undefined ? {} : { limit: String(limit) })}`;
      return (await call('GET', path, 'get', targetOf(kind, name, namespace))) as ResourceHistory;
    },
    async create(kind, resource) {
      const { name, namespace } = resource.metadata;
      const target = targetOf(kind, name, namespace);
      return stamped(kind, await call('POST', pathOf(kind, namespace), 'create', target, resource));
    },
    async replace(kind, resource) {
      const { name, namespace } = resource.metadata;
      const target = targetOf(kind, name, namespace);
      return stamped(kind, await call('PUT', pathOf(kind, namespace, name), 'update', target, resource));
    },
    async remove(kind, name, namespace, resourceVersion) {
      const target = targetOf(kind, name, namespace);
      const options =
        resourceVersion === undefined
          ? undefined
          : { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { resourceVersion } };
      await call('DELETE', pathOf(kind, namespace, name), 'delete', target, options);
    },
  };
}

async function listPages(
  transport: Transport,
  kind: KindAddress,
  namespace: string | undefined,
  revision: string | undefined,
): Promise<ResourceList> {
  const items: Resource[] = [];
  let resourceVersion = '';
  let query = printQuery({ limit: String(pageSize), ...asOf(revision) });
  while (true) {
    const answer = await transport.request('GET', `${pathOf(kind, namespace)}${query}`);
    if (answer.status === 410 && query !== '' && revision === undefined) {
      // The pages read so far belong to a revision that is gone; one answer without pages cannot suffer that.
      items.length = 0;
      query = '';
      continue;
    }
    if (answer.status !== 200) throw errorOfAnswer(answer, 'list', targetOf(kind, '', namespace));
    const page = answer.body as { metadata?: { resourceVersion?: string; continue?: string }; items?: unknown[] };
    for (const item of page.items ?? []) items.push(stamped(kind, item));
    resourceVersion = page.metadata?.resourceVersion ?? resourceVersion;
    const token = page.metadata?.continue ?? '';
    if (token === '') return { resourceVersion, items };
    query = printQuery({ limit: String(pageSize), continue: token });
  }
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
  return `${root}${scope}/${kind.plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}

function targetOf(kind: KindAddress, name: string, namespace: string | undefined): Target {
  return { kind: kind.kind, name, namespace: kind.isNamespaced ? namespace : undefined };
}

/** Items of a list may come without kind and apiVersion; printed ones need them, and first. */
function stamped(kind: KindAddress, body: unknown): Resource {
  const given = body as Omit<Resource, 'kind' | 'apiVersion'>;
  const { managedFields: _owners, ...kept } = given.metadata; // the server's to keep, and long: people have not written them
  return { kind: kind.kind, apiVersion: 'projectcalico.org/v3', ...given, metadata: kept };
}
