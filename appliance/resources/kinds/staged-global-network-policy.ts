/** StagedGlobalNetworkPolicy. Pure. */
import { defineKind } from '../define.ts';
import { policyTraits } from '../fields/policy.ts';
import { apiVersion } from '../resource.ts';

export const stagedGlobalNetworkPolicy = defineKind({
  ...policyTraits({ isGlobal: true, isStaged: true }),
  kind: 'StagedGlobalNetworkPolicy',
  plural: 'stagedglobalnetworkpolicies',
  singular: 'stagedglobalnetworkpolicy',
  aliases: ['stagedglobalnetworkpolicy', 'stagedglobalnetworkpolicies', 'sgnp', 'sgnps'],
  shortNames: ['sgnp'],
  description: 'A GlobalNetworkPolicy on trial: calculated and counted, never enforced.',
  example: {
    kind: 'StagedGlobalNetworkPolicy',
    apiVersion,
    metadata: { name: 'try-1' },
    spec: { selector: 'all()', egress: [{ action: 'Log' }, { action: 'Pass' }], types: ['Egress'] },
  },
});
