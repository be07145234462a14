/** Schemas of the document: each kind, its list, and what all kinds share. Pure. Source: Kubernetes API reference, meta/v1. */
import type { KindDefinition } from '../../resources/define.ts';
import { metadataJsonSchema, openApiSchema } from '../../resources/json-schema.ts';
import { groupVersionKind } from './operation.ts';

/** Every schema of the document, each with its name as `$id`. */
export function componentSchemas(kinds: readonly KindDefinition[]): readonly object[] {
  return [...kinds.flatMap((kind) => [kindSchema(kind), listSchema(kind)]), ...commonSchemas];
}

function kindSchema(kind: KindDefinition): object {
  return { $id: kind.kind, ...openApiSchema(kind), 'x-kubernetes-group-version-kind': [groupVersionKind(kind)] };
}

const text = { type: 'string' };
const optional = (properties: Readonly<Record<string, object>>, more: object = {}) => ({
  type: 'object',
  properties,
  ...more,
});
const listMeta = optional({
  resourceVersion: { ...text, description: 'Revision the list was read at; a watch goes on from it.' },
  continue: { ...text, description: 'Given when there is more.' },
});

function listSchema(kind: KindDefinition): object {
  return {
    $id: `${kind.kind}List`,
    ...optional(
      {
        kind: { ...text, enum: [`${kind.kind}List`] },
        apiVersion: text,
        metadata: listMeta,
        items: { type: 'array', items: { $ref: `${kind.kind}#` } },
      },
      { required: ['kind', 'apiVersion', 'metadata', 'items'] },
    ),
    'x-kubernetes-group-version-kind': [{ ...groupVersionKind(kind), kind: `${kind.kind}List` }],
  };
}

const partialObject = {
  kind: { ...text, enum: ['PartialObjectMetadata'] },
  apiVersion: { ...text, enum: ['meta.k8s.io/v1'] },
  metadata: metadataJsonSchema(),
};

const cell = { description: 'A text, a number, true, false or null.' };

const commonSchemas: readonly object[] = [
  {
    $id: 'MergePatch',
    type: 'object',
    description: 'A JSON merge patch (RFC 7386): null removes, lists are replaced.',
  },
  {
    $id: 'ApplyPatch',
    type: 'object',
    description:
      'The fields its manager wants to own, as a manifest: server-side apply. What the path says may be left out.',
  },
  {
    $id: 'JsonPatch',
    type: 'array',
    description: 'A JSON patch (RFC 6902).',
    maxItems: 10_000,
    items: {
      ...optional({
        op: { ...text, enum: ['add', 'remove', 'replace', 'move', 'copy', 'test'] },
        path: { ...text, pattern: '^(/[^\\n]*)?$', description: 'A JSON pointer: /spec/order.' },
        from: { ...text, pattern: '^(/[^\\n]*)?$' },
        value: { description: 'Any JSON.' },
      }),
      required: ['op', 'path'],
    },
  },
  {
    $id: 'DeleteOptions',
    description: 'Propagation and grace are taken and mean nothing here: there is nothing to wait for.',
    ...optional({
      dryRun: { type: 'array', items: { ...text, enum: ['All'] } },
      preconditions: optional({ uid: text, resourceVersion: text }),
    }),
  },
  {
    $id: 'Table',
    description: 'What `kubectl get` prints; asked for by Accept.',
    ...optional(
      {
        kind: { ...text, enum: ['Table'] },
        apiVersion: { ...text, enum: ['meta.k8s.io/v1'] },
        metadata: listMeta,
        columnDefinitions: {
          type: 'array',
          items: optional(
            {
              name: text,
              type: { ...text, enum: ['string', 'integer', 'number', 'boolean', 'date'] },
              format: text,
              description: text,
              priority: { type: 'integer', minimum: 0 },
            },
            { required: ['name', 'type', 'format', 'description', 'priority'] },
          ),
        },
        rows: {
          type: 'array',
          items: optional(
            { cells: { type: 'array', items: cell }, object: { type: 'object' } },
            { required: ['cells'] },
          ),
        },
      },
      { required: ['kind', 'apiVersion', 'metadata', 'columnDefinitions', 'rows'] },
    ),
  },
  { $id: 'PartialObjectMetadata', ...optional(partialObject, { required: Object.keys(partialObject) }) },
  {
    $id: 'PartialObjectMetadataList',
    ...optional(
      {
        kind: { ...text, enum: ['PartialObjectMetadataList'] },
        apiVersion: { ...text, enum: ['meta.k8s.io/v1'] },
        metadata: listMeta,
        items: { type: 'array', items: { $ref: 'PartialObjectMetadata#' } },
      },
      { required: ['kind', 'apiVersion', 'metadata', 'items'] },
    ),
  },
  {
    $id: 'WatchEvent',
    description:
      'One line of a watch. The object of ERROR is a Status, that of BOOKMARK has no more than a resourceVersion.',
    ...optional(
      {
        type: { ...text, enum: ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'] },
        object: { type: 'object', description: 'In the form that was asked for.' },
      },
      { required: ['type', 'object'] },
    ),
  },
  {
    $id: 'ResourceHistory',
    description: 'The versions of one object, oldest first.',
    ...optional(
      {
        kind: { ...text, enum: ['ResourceHistory'] },
        apiVersion: text,
        metadata: optional(
          {
            resourceVersion: { ...text, description: 'Read up to here.' },
            oldestResourceVersion: { ...text, description: 'The oldest revision the store can still read.' },
            isCut: { type: 'boolean', description: 'True when older versions were left out.' },
          },
          { required: ['resourceVersion', 'oldestResourceVersion', 'isCut'] },
        ),
        items: {
          type: 'array',
          items: optional(
            {
              resourceVersion: text,
              change: { ...text, enum: ['created', 'updated', 'deleted'] },
              object: { type: 'object', description: 'As it was then; absent for a deletion.' },
              problems: {
                type: 'array',
                description: 'Why the stored object cannot be read.',
                items: optional({ path: text, message: text }, { required: ['path', 'message'] }),
              },
            },
            { required: ['resourceVersion', 'change'] },
          ),
        },
      },
      { required: ['kind', 'apiVersion', 'metadata', 'items'] },
    ),
  },
  {
    $id: 'Status',
    description: 'What became of a request, in a form programs can read.',
    ...optional(
      {
        kind: { ...text, enum: ['Status'] },
        apiVersion: { ...text, enum: ['v1'] },
        metadata: { type: 'object' },
        status: { ...text, enum: ['Success', 'Failure'] },
        message: text,
        reason: { ...text, description: 'One word for programs: NotFound, AlreadyExists, Conflict, Invalid, ...' },
        details: optional({
          name: text,
          group: text,
          kind: text,
          uid: text,
          causes: {
            type: 'array',
            items: optional({ reason: text, message: text, field: text }, { required: ['reason', 'message'] }),
          },
        }),
        code: { type: 'integer', minimum: 200, maximum: 599 },
      },
      { required: ['kind', 'apiVersion', 'status'] },
    ),
  },
  {
    $id: 'VersionInfo',
    ...optional(
      { major: text, minor: text, gitVersion: text, calicoVersion: text, platform: text },
      { required: ['major', 'minor', 'gitVersion'] },
    ),
  },
  {
    $id: 'Discovery',
    type: 'object',
    description: "Kubernetes' discovery: groups, versions, resources and their verbs.",
  },
  { $id: 'IpamAnswer', type: 'object', description: 'What the books of addresses say, or what was done to them.' },
  { $id: 'EnrolmentAnswer', type: 'object', description: 'A certificate, an authority, or join tokens.' },
  {
    $id: 'Review',
    description:
      'A question of `kubectl auth`: may I (SelfSubjectAccessReview), what may I (SelfSubjectRulesReview), who am I (SelfSubjectReview).',
    ...optional({
      kind: text,
      apiVersion: text,
      metadata: { type: 'object' },
      spec: { type: 'object' },
      status: { type: 'object' },
    }),
  },
];
