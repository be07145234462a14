/** StagedNetworkPolicy. Pure. */
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

const flavour: PolicyFlavour = { isGlobal: false, isStaged: true };

export const stagedNetworkPolicy = defineKind({
  kind: 'StagedNetworkPolicy',
  plural: 'stagednetworkpolicies',
  singular: 'stagednetworkpolicy',
  isNamespaced: true,
  aliases: ['stagednetworkpolicy', 'stagednetworkpolicies', 'stagedpolicy', 'stagedpolicies', 'snp', 'spol', 'spols'],
  shortNames: ['snp', 'scnp'],
  description: 'A NetworkPolicy on trial: calculated and counted, never enforced.',
  spec: policySchema(flavour),
  applyDefaults: (resource) => applyPolicyDefaults(resource, flavour),
  applyReadDefaults: applyTierLabel,
  check: (subject) => checkPolicy(subject, flavour),
  checkName: checkNetworkPolicyName,
  columns: policyColumns,
  tableColumns: policyTableColumns,
  example: {
    kind: 'StagedNetworkPolicy',
    apiVersion,
    metadata: { name: 'try-2', namespace: 'prod' },
    spec: { selector: "app == 'db'", ingress: [{ action: 'Allow', source: { nets: ['10.77.0.0/16'] } }] },
  },
});
