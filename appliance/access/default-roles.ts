/**
 * The roles and bindings every store is given, as their stored content. Data. Source of the names beginning with `system:` and of `cluster-admin`: Kubernetes.
 * An administrator may add to them, or take them over by setting the annotation to `false`.
 */
import { administrators, authenticated, nodes } from './identity.ts';
import type { PolicyRule } from './rule.ts';

export interface DefaultRole {
  readonly name: string;
  /** The group it is bound to, by a binding of the role's name. */
  readonly group: string;
  readonly rules: readonly PolicyRule[];
}

/** `true`: what is missing is put back at each start. */
export const autoUpdateAnnotation = 'rbac.authorization.kubernetes.io/autoupdate';

const calico = 'projectcalico.org';
const reading = ['get', 'list', 'watch'];
const writing = ['create', 'update', 'patch', 'delete', 'deletecollection'];

/** Everything that tells a client what there is. */
const discoveryPaths = [
  '/version',
  '/livez/*',
  '/readyz/*',
  '/healthz/*',
  '/livez',
  '/readyz',
  '/healthz',
  '/api',
  '/api/*',
  '/apis',
  '/apis/*',
  '/openapi/*',
];

export const defaultRoles: readonly DefaultRole[] = [
  {
    name: 'cluster-admin',
    group: administrators,
    rules: [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['*'], nonResourceURLs: ['*'] },
    ],
  },
  { name: 'system:discovery', group: authenticated, rules: [{ verbs: ['get'], nonResourceURLs: discoveryPaths }] },
  {
    name: 'system:basic-user',
    group: authenticated,
    rules: [
      {
        verbs: ['create'],
        apiGroups: ['authorization.k8s.io'],
        resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
      },
      { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
    ],
  },
  // `*` stands for `tier.networkpolicies` and its like too: all tiers
  {
    name: 'calico-viewer',
    group: 'calico:viewers',
    rules: [
      { verbs: reading, apiGroups: [calico], resources: ['*'] },
      { verbs: reading, apiGroups: [''], resources: ['namespaces', 'events'] },
    ],
  },
  {
    name: 'calico-editor',
    group: 'calico:editors',
    rules: [
      { verbs: [...reading, ...writing], apiGroups: [calico], resources: ['*'] },
      { verbs: [...reading, 'create', 'update', 'patch', 'delete'], apiGroups: [''], resources: ['namespaces'] },
      { verbs: reading, apiGroups: [''], resources: ['events'] },
    ],
  },
  // what a host writes is not for rules to say: `node-rights.ts`
  { name: 'system:node', group: nodes, rules: [{ verbs: reading, apiGroups: [calico], resources: ['*'] }] },
];
