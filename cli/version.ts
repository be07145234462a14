/** What this client is: the Calico release whose API and manifests it speaks. Pure. */

/** Compared with `spec.calicoVersion` of ClusterInformation. */
export const calicoVersion = 'v3.32.0';
