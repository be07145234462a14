/** NetworkPolicy. Pure. */
import { defineKind } from '../define.ts';
import { checkNetworkPolicyName } from '../fields/name.ts';
import {
  applyPolicyDefaults,
  applyTierLabel,
  checkPolicy,
  type PolicyFlavour,
  policyColumns,
  policySchema,
  policyTableColumns,
} from '../fields/policy.ts';
import { apiVersion } from '../resource.ts';

const flavour: PolicyFlavour = { isGlobal: false, isStaged: false };

export const networkPolicy = defineKind({
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  singular: 'networkpolicy',
  isNamespaced: true,
  aliases: ['networkpolicy', 'networkpolicies', 'policy', 'policies', 'np', 'pol', 'pols'],
  shortNames: ['cnp', 'caliconetworkpolicy'],
  description: 'Policy for the endpoints of one namespace: which packets they may receive and send.',
  spec: policySchema(flavour),
  applyDefaults: (resource) => applyPolicyDefaults(resource, flavour),
  applyReadDefaults: applyTierLabel,
  check: (subject) => checkPolicy(subject, flavour),
  checkName: checkNetworkPolicyName,
  columns: policyColumns,
  tableColumns: policyTableColumns,
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
