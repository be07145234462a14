/** The schema of one route: what the document says about it. Pure. Source: the `x-kubernetes-*` extensions kubectl looks for. */
import type { KindDefinition } from '../../resources/define.ts';
import { applyPatchType, jsonPatchType, mergePatchType } from '../plugins/bodies.ts';
import { selectableFields } from '../query/field-selector.ts';
import { parameters } from './parameters.ts';

export type Action = 'list' | 'get' | 'history' | 'post' | 'put' | 'patch' | 'delete' | 'deletecollection';

/** For fastify, and through it for the document. */
export function operationSchema(kind: KindDefinition, action: Action, url: string): Record<string, unknown> {
  const names = [...url.matchAll(/:(\w+)/g)].map((match) => match[1]!);
  const query = queryNames(action);
  return {
    operationId: `${action}${operationName(url)}`,
    summary: summaries[action].replace('KIND', kind.kind),
    tags: [kind.kind],
    'x-kubernetes-action': action === 'history' ? 'get' : action,
    'x-kubernetes-group-version-kind': groupVersionKind(kind),
    'x-calico-failures': action,
    ...(names.length > 0 && { params: objectOf(Object.fromEntries(names.map((name) => [name, parameters[name]]))) }),
    ...(query.length > 0 && { querystring: objectOf(Object.fromEntries(query.map((n) => [n, parameterOf(kind, n)]))) }),
    ...bodyOf(kind, action),
    response: responsesOf(kind, action),
  };
}

/** What a parameter means for a kind. */
function parameterOf(kind: KindDefinition, name: string): object | undefined {
  if (name !== 'fieldSelector') return parameters[name];
  const fields = selectableFields(kind).join(', ');
  return { ...parameters[name], description: `${parameters[name]?.description} Fields: ${fields}.` };
}

/** As the extension has it. */
export function groupVersionKind(kind: KindDefinition) {
  return { group: kind.group, version: kind.version, kind: kind.kind };
}

/** Parameters in the query that mean something to an action. */
export function queryNames(action: Action): readonly string[] {
  return queries[action];
}

const selecting = ['labelSelector', 'fieldSelector'];
const listing = ['limit', 'continue', 'resourceVersion', 'resourceVersionMatch'];
const watching = ['watch', 'allowWatchBookmarks', 'sendInitialEvents', 'timeoutSeconds'];
const writing = ['dryRun', 'fieldValidation', 'fieldManager'];

const queries: Readonly<Record<Action, readonly string[]>> = {
  list: [...selecting, ...listing, ...watching],
  get: ['resourceVersion', 'resourceVersionMatch'],
  history: ['limit'],
  post: writing,
  put: writing,
  patch: [...writing, 'force'],
  delete: ['dryRun'],
  deletecollection: [...selecting, 'dryRun'],
};

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

const json = 'application/json';
/** Forms a client asks for in Accept; the answer's type is application/json in all of them. */
const tableType = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const metadataType = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
const watchType = 'application/json;stream=watch';

function responsesOf(kind: KindDefinition, action: Action): Record<string, object> {
  const result = resultOf(kind, action);
  const forms: Record<string, string> = { [json]: result };
  if (['list', 'get', 'post', 'put', 'patch'].includes(action)) {
    forms[tableType] = 'Table#';
    forms[metadataType] = action === 'list' ? 'PartialObjectMetadataList#' : 'PartialObjectMetadata#';
  }
  if (action === 'list') forms[watchType] = 'WatchEvent#';
  const content = Object.fromEntries(Object.entries(forms).map(([type, $ref]) => [type, { schema: { $ref } }]));
  const made = action === 'patch' ? { '201': { description: 'The object as it was made by applying.', content } } : {};
  return { [action === 'post' ? '201' : '200']: { description: successes[action], content }, ...made };
}

const successes: Readonly<Record<Action, string>> = {
  list: 'The objects; with `watch=true` a stream of events, one JSON object a line.',
  get: 'The object.',
  history: 'The versions, oldest first.',
  post: 'The object as it was stored.',
  put: 'The object as it is now.',
  patch: 'The object as it is now.',
  delete: 'What was deleted.',
  deletecollection: 'The objects that were deleted.',
};

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

function bodyOf(kind: KindDefinition, action: Action): object {
  const of = (forms: Readonly<Record<string, object>>) => ({
    body: { content: Object.fromEntries(Object.entries(forms).map(([type, schema]) => [type, { schema }])) },
  });
  const whole = { $ref: `${kind.kind}#` };
  switch (action) {
    case 'post':
    case 'put':
      return of({ [json]: whole, 'application/yaml': whole });
    case 'patch':
      // a type named here is sent: without the strategic one kubectl apply sends merge patches
      return of({
        [mergePatchType]: { $ref: 'MergePatch#' },
        [jsonPatchType]: { $ref: 'JsonPatch#' },
        [applyPatchType]: { $ref: 'ApplyPatch#' },
      });
    case 'delete':
    case 'deletecollection':
      return of({ [json]: { $ref: 'DeleteOptions#' } });
    default:
      return {};
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
