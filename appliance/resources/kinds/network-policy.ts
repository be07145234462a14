/** NetworkPolicy. Pure. */
import { defineKind } from '../define.ts';
import { policyTraits } from '../fields/policy.ts';
import { apiVersion } from '../resource.ts';

export const networkPolicy = defineKind({
  ...policyTraits({ isGlobal: false, isStaged: false }),
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  singular: 'networkpolicy',
  aliases: ['networkpolicy', 'networkpolicies', 'policy', 'policies', 'np', 'pol', 'pols'],
  shortNames: ['cnp', 'caliconetworkpolicy'],
  description: 'Policy for the endpoints of one namespace: which packets they may receive and send.',
  example: {
    kind: 'NetworkPolicy',
    apiVersion,
    metadata: { name: 'db-in', namespace: 'prod' },
    spec: {
      order: 10.5,
      selector: "app == 'db'",
      ingress: [
        { action: 'Allow', protocol: 'TCP', source: { selector: "app == 'web'" }, destination: { ports: [5432] } },
        { action: 'Deny', source: { notNets: ['10.77.0.0/16'] } },
      ],
      types: ['Ingress'],
    },
  },
});
