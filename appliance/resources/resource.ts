/** The envelope every kind shares. Pure types. Source: Kubernetes API conventions; metadata as in reference pages of Calico. */

/** Of Calico's kinds; `apiVersionOf()` tells that of any. */
export const apiVersion = 'projectcalico.org/v3';

export interface ObjectMeta {
  name: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  /** Decimal text of the store's mod revision; never stored. */
  resourceVersion?: string;
  generation?: number;
  /** RFC 3339 UTC, whole seconds. */
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: unknown[];
  finalizers?: string[];
  /** Who owns which field; absent while nobody has applied from the server's side. */
  managedFields?: ManagedFieldsEntry[];
}

/** What one manager owns, as Kubernetes' clients know it. */
export interface ManagedFieldsEntry {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  time?: string;
  fieldsType: 'FieldsV1';
  fieldsV1: Record<string, unknown>;
  subresource?: string;
}

export interface Resource {
  kind: string;
  apiVersion: string;
  metadata: ObjectMeta;
  /** Absent in kinds that have members instead (roles, bindings, service accounts): code that takes any kind asks its definition first. */
  spec: Record<string, unknown>;
  status?: Record<string, unknown>;
}
