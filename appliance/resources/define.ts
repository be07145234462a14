/**
 * What a kind is: one value from which validation, defaults, REST, OpenAPI, table columns, store keys and reference pages follow.
 * Pure. A kind is added by one file in `kinds/` and one line in `registry.ts`.
 */
import type { Problem } from '../lib/problem.ts';
import type { ObjectSchema } from '../lib/schema.ts';
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
  readonly hasStatus: boolean;
  /** One paragraph for the reference page and OpenAPI. */
  readonly description: string;
  /** Schema of `spec`; property order is the order of encoding. Objects are closed. */
  readonly spec: ObjectSchema;
  readonly status?: ObjectSchema;
  /** Fills what upstream fills before storing (schema defaults, `types`, tier label, ...). Changes its argument, which is sound. */
  readonly applyDefaults?: (resource: Resource) => void;
  /** Fills what upstream fills after reading from the store. Changes its argument. */
  readonly applyReadDefaults?: (resource: Resource) => void;
  /** Everything a schema cannot say, over what was given (no defaults yet) and could be read. */
  readonly check?: (subject: Subject) => Problem[];
  /** Labels the appliance sets itself and refuses in manifests. */
  readonly reservedLabels?: readonly string[];
  /** Rule for metadata.name beyond the subdomain rule; returns a message, or undefined. */
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

/** Completes a definition: a kind with a status schema has a status. */
export function defineKind(definition: Omit<KindDefinition, 'hasStatus'>): KindDefinition {
  return { ...definition, hasStatus: definition.status !== undefined };
}
