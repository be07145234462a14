/** Metadata of every kind: its schema, and the rules for names, namespaces, labels and annotations. Pure. */
import type { Problem } from '../lib/problem.ts';
import { always, boolean, integer, list, listByKeys, object, present, setOf, text } from '../lib/schema.ts';
import type { KindDefinition } from './define.ts';
import { checkAnnotations, checkLabels, stringMap } from './fields/labels.ts';
import { checkSegment, checkSubdomain } from './fields/name.ts';
import { timeSchema } from './fields/time.ts';
import type { Legible } from './legible.ts';
import { memberPath, problemOf } from './read.ts';
import type { ObjectMeta } from './resource.ts';

const ownerReference = object({
  apiVersion: always(text()),
  kind: always(text()),
  name: always(text()),
  uid: always(text()),
  controller: present(boolean()),
  blockOwnerDeletion: present(boolean()),
});

const managedFieldsEntry = object({
  manager: text(),
  operation: text(),
  apiVersion: text(),
  time: present(timeSchema),
  fieldsType: text(),
  fieldsV1: present({ type: 'any' }),
  subresource: text(),
});

/** Kubernetes' ObjectMeta in the order of its encoding. */
export const metadataSchema = object({
  name: text(),
  generateName: text(),
  namespace: text(),
  selfLink: text(),
  uid: text(),
  resourceVersion: text(),
  generation: integer(),
  creationTimestamp: present(timeSchema),
  deletionTimestamp: present(timeSchema),
  deletionGracePeriodSeconds: present(integer()),
  labels: stringMap,
  annotations: stringMap,
  ownerReferences: listByKeys(['uid'], ownerReference),
  finalizers: setOf(text()),
  managedFields: list(managedFieldsEntry),
});

/** Everything wrong with the metadata of a manifest of this kind. */
export function checkMetadata(
  kind: KindDefinition,
  metadata: Legible<ObjectMeta>,
  operation: 'create' | 'update',
): Problem[] {
  return [
    ...checkName(kind, metadata, operation),
    ...checkNamespace(kind, metadata.namespace),
    ...checkLabels(metadata.labels ?? {}, 'metadata.labels'),
    ...checkReservedLabels(kind, metadata.labels ?? {}),
    ...checkAnnotations(metadata.annotations ?? {}, 'metadata.annotations'),
  ];
}

function checkName(kind: KindDefinition, metadata: Legible<ObjectMeta>, operation: 'create' | 'update'): Problem[] {
  const path = 'metadata.name';
  const name = metadata.name ?? null;
  if (name === null) return [];
  if (name === '')
    return [
      problemOf(
        path,
        metadata.generateName === undefined ? 'is required' : 'is required; generateName is not supported',
      ),
    ];
  const message =
    (kind.nameRule === 'segment' ? checkSegment : checkSubdomain)(name) ?? kind.checkName?.(name, operation);
  return message === undefined ? [] : [problemOf(path, message, name)];
}

function checkNamespace(kind: KindDefinition, namespace: string | null | undefined): Problem[] {
  const path = 'metadata.namespace';
  if (namespace === null) return [];
  if (!kind.isNamespaced) {
    return namespace === undefined
      ? []
      : [problemOf(path, `must be absent: ${kind.kind} is not namespaced`, namespace)];
  }
  if (namespace === undefined) return [problemOf(path, 'is required')];
  const message = checkSubdomain(namespace);
  return message === undefined ? [] : [problemOf(path, message, namespace)];
}

function checkReservedLabels(kind: KindDefinition, labels: Legible<Record<string, string>>): Problem[] {
  return (kind.reservedLabels ?? [])
    .filter((label) => labels[label] !== undefined)
    .map((label) => problemOf(memberPath('metadata.labels', label), 'is set by the appliance and must be absent'));
}
