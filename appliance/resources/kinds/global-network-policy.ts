/** GlobalNetworkPolicy. Pure. */
import { defineKind } from '../define.ts';
import { policyTraits } from '../fields/policy.ts';
import { apiVersion } from '../resource.ts';

export const globalNetworkPolicy = defineKind({
  ...policyTraits({ isGlobal: true, isStaged: false }),
  kind: 'GlobalNetworkPolicy',
  plural: 'globalnetworkpolicies',
  singular: 'globalnetworkpolicy',
  aliases: ['globalnetworkpolicy', 'globalnetworkpolicies', 'gnp', 'gnps'],
  shortNames: ['gnp', 'cgnp'],
  description: 'Policy for endpoints of every namespace and for hosts: which packets they may receive and send.',
  example: {
    kind: 'GlobalNetworkPolicy',
    apiVersion,
    metadata: { name: 'web-in' },
    spec: {
      order: 200,
      selector: "role == 'web'",
      ingress: [
        {
          action: 'Allow',
          protocol: 'TCP',
          source: { selector: "role == 'lb'", notNets: ['10.77.4.0/24'] },
          destination: { ports: [443, '8000:8010', 'metrics'] },
        },
      ],
      egress: [
        { action: 'Allow', protocol: 'ICMP', icmp: { type: 8, code: 0 }, destination: { nets: ['10.77.0.0/16'] } },
      ],
      types: ['Ingress', 'Egress'],
    },
  },
});
