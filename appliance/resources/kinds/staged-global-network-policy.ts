/** StagedGlobalNetworkPolicy. Pure. */
import { defineKind } from '../define.ts';
import { checkGlobalNetworkPolicyName } from '../fields/name.ts';
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

const flavour: PolicyFlavour = { isGlobal: true, isStaged: true };

export const stagedGlobalNetworkPolicy = defineKind({
  kind: 'StagedGlobalNetworkPolicy',
  plural: 'stagedglobalnetworkpolicies',
  singular: 'stagedglobalnetworkpolicy',
  isNamespaced: false,
  aliases: ['stagedglobalnetworkpolicy', 'stagedglobalnetworkpolicies', 'sgnp', 'sgnps'],
  shortNames: ['sgnp'],
  description: 'A GlobalNetworkPolicy on trial: calculated and counted, never enforced.',
  spec: policySchema(flavour),
  applyDefaults: (resource) => applyPolicyDefaults(resource, flavour),
  applyReadDefaults: applyTierLabel,
  check: (subject) => checkPolicy(subject, flavour),
  checkName: checkGlobalNetworkPolicyName,
  columns: policyColumns,
  tableColumns: policyTableColumns,
  example: {
    kind: 'StagedGlobalNetworkPolicy',
    apiVersion,
    metadata: { name: 'try-1' },
    spec: { selector: 'all()', egress: [{ action: 'Log' }, { action: 'Pass' }], types: ['Egress'] },
  },
});
