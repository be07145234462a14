/** The schema of one route: what the document says about it. Pure. Source: the `x-kubernetes-*` extensions kubectl looks for. */
import type { KindDefinition } from '../../resources/define.ts';
import { applyPatchType, jsonPatchType, mergePatchType } from '../plugins/bodies.ts';

export type Action = 'list' | 'get' | 'history' | 'post' | 'put' | 'patch' | 'delete' | 'deletecollection';

/** For fastify, and through it for the document. */
export function operationSchema(kind: KindDefinition, action: Action, url: string): Record<string, unknown> {
  const names = [...url.matchAll(/:(\w+)/g)].map((match) => match[1]!);
  const { body, query } = parts(kind, action);
  return {
    operationId: `${action}${operationName(url)}`,
    summary: summaries[action].replace('KIND', kind.kind),
    tags: [kind.kind],
    'x-kubernetes-action': action === 'history' ? 'get' : action,
    'x-kubernetes-group-version-kind': groupVersionKind(kind),
    ...(names.length > 0 && { params: objectOf(Object.fromEntries(names.map((name) => [name, parameters[name]]))) }),
    ...(query.length > 0 && { querystring: objectOf(Object.fromEntries(query.map((n) => [n, parameters[n]]))) }),
    ...body,
    response: { [action === 'post' ? 201 : 200]: { $ref: resultOf(kind, action) }, default: { $ref: 'Status#' } },
  };
}

/** As the extension has it. */
export function groupVersionKind(kind: KindDefinition) {
  return { group: kind.group, version: kind.version, kind: kind.kind };
}

/** The schema of a successful answer. */
function resultOf(kind: KindDefinition, action: Action): string {
  const special: Partial<Record<Action, string>> = {
    list: `${kind.kind}List#`,
    history: 'ResourceHistory#',
    delete: 'Status#',
    deletecollection: `${kind.kind}List#`,
  };
  return special[action] ?? `${kind.kind}#`;
}

const summaries: Readonly<Record<Action, string>> = {
  list: 'List or watch objects of kind KIND',
  get: 'Read one KIND',
  history: 'Read the versions of a KIND that the store still has',
  post: 'Create a KIND',
  put: 'Replace a KIND',
  patch: 'Change parts of a KIND',
  delete: 'Delete a KIND',
  deletecollection: 'Delete all objects of kind KIND that are selected',
};

const text = (description: string) => ({ type: 'string', description });
const flag = (description: string) => ({ type: 'boolean', description });
const count = (description: string) => ({ type: 'integer', description });

const parameters: Readonly<Record<string, object>> = {
  name: text('Name of the object.'),
  namespace: text('Namespace of the objects.'),
  labelSelector: text('Only objects with these labels.'),
  fieldSelector: text('Only objects with these fields: metadata.name, metadata.namespace, and spec.tier of policies.'),
  limit: count('At most this many objects; more are got with `continue`.'),
  continue: text('Where the list before this one ended.'),
  resourceVersion: text(
    'Lists: not older than this. Watches: what comes after this; "0" or absent begins with all objects. ' +
      'With resourceVersionMatch=Exact: as of this revision.',
  ),
  resourceVersionMatch: { ...text('How resourceVersion is meant.'), enum: ['Exact', 'NotOlderThan'] },
  watch: flag('Answer with a stream of changes, one JSON object a line.'),
  allowWatchBookmarks: flag('Send bookmarks now and then.'),
  timeoutSeconds: count('End the watch after this time.'),
  dryRun: { ...text('Do everything but the write.'), enum: ['All'] },
  fieldValidation: {
    ...text('What to do with unknown fields; Strict when absent.'),
    enum: ['Strict', 'Warn', 'Ignore'],
  },
  fieldManager: text(
    'Who writes: the owner of the fields. To apply it must be given; otherwise it is taken from the client.',
  ),
  force: flag('Of apply patches: take over fields that others own.'),
};

const listing = [
  'labelSelector',
  'fieldSelector',
  'limit',
  'continue',
  'resourceVersion',
  'resourceVersionMatch',
  'watch',
  'allowWatchBookmarks',
  'timeoutSeconds',
];
const writing = ['dryRun', 'fieldValidation', 'fieldManager'];

function parts(kind: KindDefinition, action: Action): { body?: object; query: readonly string[] } {
  switch (action) {
    case 'list':
      return { query: listing };
    case 'get':
      return { query: ['resourceVersion', 'resourceVersionMatch'] };
    case 'history':
      return { query: ['limit'] };
    case 'patch':
      // a type named here is sent: without the strategic one kubectl apply sends merge patches
      return {
        query: [...writing, 'force'],
        body: { consumes: [mergePatchType, jsonPatchType, applyPatchType], body: { $ref: 'Patch#' } },
      };
    case 'delete':
      return { query: ['dryRun'], body: { body: { $ref: 'DeleteOptions#' } } };
    case 'deletecollection':
      return { query: ['labelSelector', 'fieldSelector', 'dryRun'], body: { body: { $ref: 'DeleteOptions#' } } };
    default:
      return { query: writing, body: { body: { $ref: `${kind.kind}#` } } };
  }
}

function objectOf(properties: Record<string, unknown>): object {
  return { type: 'object', properties };
}

/** `/apis/projectcalico.org/v3/namespaces/:namespace/networksets/:name/status` -> `NamespacedNetworksetsNameStatus`. */
function operationName(url: string): string {
  const segments = url.replace(/^\/apis\/[^/]+\/v\d+|^\/api\/v1/, '').replace('/namespaces/:namespace', '/namespaced');
  return segments.replace(/[/:]+(\w)/g, (_, letter: string) => letter.toUpperCase());
}
