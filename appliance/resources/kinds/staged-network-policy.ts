/** StagedNetworkPolicy. Pure. */
import { defineKind } from '../define.ts';
import { policyTraits } from '../fields/policy.ts';
import { apiVersion } from '../resource.ts';

export const stagedNetworkPolicy = defineKind({
  ...policyTraits({ isGlobal: false, isStaged: true }),
  kind: 'StagedNetworkPolicy',
  plural: 'stagednetworkpolicies',
  singular: 'stagednetworkpolicy',
  aliases: ['stagednetworkpolicy', 'stagednetworkpolicies', 'stagedpolicy', 'stagedpolicies', 'snp', 'spol', 'spols'],
  shortNames: ['snp', 'scnp'],
  description: 'A NetworkPolicy on trial: calculated and counted, never enforced.',
  example: {
    kind: 'StagedNetworkPolicy',
    apiVersion,
    metadata: { name: 'try-2', namespace: 'prod' },
    spec: { selector: "app == 'db'", ingress: [{ action: 'Allow', source: { nets: ['10.77.0.0/16'] } }] },
  },
});
