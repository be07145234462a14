/**
 * The forms an answer can have, each written piece by piece so that a long list never stands in memory as one text.
 * Pure. Source: Kubernetes API concepts, "Receiving resources as Tables".
 */
import { unreachable } from '../../lib/assert.ts';
import { apiVersionOf, type KindDefinition } from '../../resources/define.ts';
import type { Resource } from '../../resources/resource.ts';
import type { FormName } from '../query/accept.ts';
import { tableForm } from './table.ts';

export interface ListMeta {
  readonly resourceVersion: string;
  readonly continue?: string;
}

export interface Form {
  /** Forms of the same name print the same of a resource at any time; absent when that depends on the clock. */
  readonly share?: string;
  /** One resource on its own, also in a watch event. */
  readonly one: (resource: Resource) => string;
  /** What stands before the items of a list; items are separated by commas. */
  readonly open: string;
  readonly item: (resource: Resource) => string;
  /** What stands behind the items. */
  readonly close: (meta: ListMeta) => string;
  /** The object of a bookmark event. */
  readonly bookmark: (resourceVersion: string, annotations?: Record<string, string>) => string;
}

/** The form of a kind. */
export function formOf(
  name: FormName,
  kind: KindDefinition,
  includeObject: 'None' | 'Metadata' | 'Object',
  now: () => number,
): Form {
  switch (name) {
    case 'object':
      return objectForm(kind);
    case 'partial':
      return partialForm();
    case 'table':
      return tableForm(kind, includeObject, now);
    default:
      return unreachable(name, 'form');
  }
}

/** The metadata of a resource alone. */
export function partialObject(resource: Resource): object {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: resource.metadata };
}

function objectForm(kind: KindDefinition): Form {
  const apiVersion = apiVersionOf(kind);
  const empty = kind.members === undefined ? { spec: {} } : {};
  const print = (resource: Resource) => JSON.stringify(resource);
  return {
    share: 'object',
    one: print,
    open: `{"kind":"${kind.kind}List","apiVersion":"${apiVersion}","items":[`,
    item: print,
    close: (metadata) => `],"metadata":${JSON.stringify(metadata)}}`,
    bookmark: (resourceVersion, annotations) =>
      JSON.stringify({ kind: kind.kind, apiVersion, metadata: { resourceVersion, annotations }, ...empty }),
  };
}

function partialForm(): Form {
  const print = (resource: Resource) => JSON.stringify(partialObject(resource));
  return {
    share: 'partial',
    one: print,
    open: '{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","items":[',
    item: print,
    close: (metadata) => `],"metadata":${JSON.stringify(metadata)}}`,
    bookmark: (resourceVersion, annotations) =>
      JSON.stringify({
        kind: 'PartialObjectMetadata',
        apiVersion: 'meta.k8s.io/v1',
        metadata: { resourceVersion, annotations },
      }),
  };
}
