/** The envelope every kind shares. Pure types. Source: Kubernetes API conventions; metadata as in reference pages of Calico. */

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
}

export interface Resource {
  kind: string;
  apiVersion: string;
  metadata: ObjectMeta;
  spec: Record<string, unknown>;
  status?: Record<string, unknown>;
}
