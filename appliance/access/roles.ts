/** The roles that are always there, and who has them. Data. */
import { administrators, authenticated, type Identity, nodeOf, nodes } from './identity.ts';
import type { PolicyRule } from './rule.ts';

/** A role somebody has: what it allows, in all namespaces. */
export interface Grant {
  readonly role: string;
  readonly rules: readonly PolicyRule[];
}

const group = 'projectcalico.org';
const reading = ['get', 'list', 'watch'];
const writing = ['create', 'update', 'patch', 'delete', 'deletecollection'];

const clusterAdmin: Grant = {
  role: 'cluster-admin',
  rules: [
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
    { verbs: ['*'], nonResourceURLs: ['*'] },
  ],
};

/** What a client has to know before it can do anything. */
const discovery: Grant = {
  role: 'system:discovery',
  rules: [
    {
      verbs: ['get'],
      nonResourceURLs: [
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
      ],
    },
    {
      verbs: ['create'],
      apiGroups: ['authorization.k8s.io', 'authentication.k8s.io'],
      resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews', 'selfsubjectreviews'],
    },
  ],
};

const viewer: Grant = { role: 'calico-viewer', rules: [{ verbs: reading, apiGroups: [group], resources: ['*'] }] };

const editor: Grant = {
  role: 'calico-editor',
  rules: [{ verbs: [...reading, ...writing], apiGroups: [group], resources: ['*'] }],
};

/** A host reads everything and writes the node of its own name. Its agent writes status and endpoints through the etcd face, by rules of its own. */
function nodeGrant(name: string): Grant {
  return {
    role: 'system:node',
    rules: [
      { verbs: reading, apiGroups: [group], resources: ['*'] },
      { verbs: ['update', 'patch'], apiGroups: [group], resources: ['nodes'], resourceNames: [name] },
    ],
  };
}

const grantsByGroup: Readonly<Record<string, Grant>> = {
  [administrators]: clusterAdmin,
  [authenticated]: discovery,
  'calico:viewers': viewer,
  'calico:editors': editor,
};

/** The roles an identity has by its groups. */
export function grantsOf(identity: Identity): readonly Grant[] {
  const byGroup = identity.groups.flatMap((name) => (Object.hasOwn(grantsByGroup, name) ? [grantsByGroup[name]!] : []));
  const node = identity.groups.includes(nodes) ? nodeOf(identity) : undefined;
  return node === undefined ? byGroup : [...byGroup, nodeGrant(node)];
}
