/**
 * What a kind is: one value from which validation, defaults, REST, OpenAPI, table columns, store keys and reference pages follow.
 * Pure. A kind is added by one file in `kinds/` and one line in `registry.ts`.
 */
import type { Problem } from '../lib/problem.ts';
import type { ObjectSchema, Schema } from '../lib/schema.ts';
import type { Subject } from './legible.ts';
import type { Resource } from './resource.ts';

/** A table column as calicoctl prints it. `cell` returns the exact text. */
export interface Column {
  /** Upper-case heading, as upstream. */
  readonly heading: string;
  readonly cell: (resource: Resource, context: ColumnContext) => string;
}

export interface ColumnContext {
  /** AS number of BGPConfiguration `default`, when known. */
  readonly defaultAsNumber?: number | undefined;
}

/** A column of the Kubernetes Table form. `priority` 0 always shown, 1 with `-o wide`. */
export interface TableColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly description: string;
  readonly priority: 0 | 1;
  readonly cell: (resource: Resource) => string | number | boolean | null;
}

export interface KindDefinition {
  readonly kind: string;
  /** API group; empty for Kubernetes' core group. */
  readonly group: string;
  readonly version: string;
  /** Path segment in etcd and REST. */
  readonly plural: string;
  readonly singular: string;
  readonly isNamespaced: boolean;
  /** Exact words calicoctl takes, lower case; empty when calicoctl does not know the kind. */
  readonly aliases: readonly string[];
  /** kubectl's short names. */
  readonly shortNames: readonly string[];
  /** calicoctl and REST refuse writes. */
  readonly isReadOnly?: boolean;
  /** No `deletecollection`, as Kubernetes has none for namespaces. */
  readonly isDeletedSingly?: boolean;
  readonly hasStatus: boolean;
  /** One paragraph for the reference page and OpenAPI. */
  readonly description: string;
  /** Schema of `spec`; property order is the order of encoding. Objects are closed. */
  readonly spec: ObjectSchema;
  readonly status?: ObjectSchema;
  /** What stands beside `metadata` in kinds that have no `spec` (theirs is empty, and their resources have none). */
  readonly members?: ObjectSchema;
  /** Fills what upstream fills before storing (schema defaults, `types`, tier label, ...). Changes its argument, which is sound. */
  readonly applyDefaults?: (resource: Resource) => void;
  /** Fields of `spec` that the defaults infer from others. */
  readonly inferred?: readonly string[];
  /** What is likely not meant, though it is allowed; told beside the answer to a write. Of a sound resource with its defaults. */
  readonly warn?: (resource: Resource) => Problem[];
  /** Fills what upstream fills after reading from the store. Changes its argument. */
  readonly applyReadDefaults?: (resource: Resource) => void;
  /** Everything a schema cannot say, over what was given (no defaults yet) and could be read. Of kinds with members these are its `spec`. */
  readonly check?: (subject: Subject) => Problem[];
  /** Labels the appliance sets itself and refuses in manifests. */
  readonly reservedLabels?: readonly string[];
  /** `segment`: whatever fits between two slashes of a path, as Kubernetes names roles; otherwise the subdomain rule. */
  readonly nameRule?: 'segment';
  /** Rule for metadata.name beyond that; returns a message, or undefined. */
  readonly checkName?: (name: string, operation: 'create' | 'update') => string | undefined;
  /** calicoctl's columns: `-o ps` and `-o wide`; `extra` headings for custom-columns only. */
  readonly columns: {
    readonly ps: readonly Column[];
    readonly wide: readonly Column[];
    readonly extra?: readonly Column[];
  };
  readonly tableColumns: readonly TableColumn[];
  /** A manifest that applies as it is. */
  readonly example: Resource;
}

/** Calico's group, in which nearly all kinds are. */
export const calicoGroup = 'projectcalico.org';

type Given = Omit<KindDefinition, 'hasStatus' | 'group' | 'version'> & { readonly group?: string };

/** Completes a definition: a kind with a status schema has a status; of Calico's group there is version 3, of all others version 1. */
export function defineKind(definition: Given): KindDefinition {
  const { group = calicoGroup } = definition;
  const version = group === calicoGroup ? 'v3' : 'v1';
  return { ...definition, group, version, hasStatus: definition.status !== undefined };
}

/** As manifests write it: `projectcalico.org/v3`, `v1`. */
export function apiVersionOf({ group, version }: Pick<KindDefinition, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}

/** The members of a resource behind `metadata`, in the order of encoding. */
export function membersOf(kind: KindDefinition): Readonly<Record<string, Schema>> {
  if (kind.members !== undefined) return kind.members.properties;
  return { spec: kind.spec, ...(kind.status && { status: kind.status }) };
}
