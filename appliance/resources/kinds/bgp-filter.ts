/** BGPFilter. Pure. */

import type { Family } from '../../lib/ip/address.ts';
import type { Problem } from '../../lib/problem.ts';
import { always, described, integer, list, object, oneOf, present } from '../../lib/schema.ts';
import { ageTableColumn, nameColumn, nameTableColumn, wideTableColumn } from '../columns.ts';
import { type Column, defineKind } from '../define.ts';
import { strictCidrSchema } from '../fields/address.ts';
import { communitySchema, prioritySchema } from '../fields/bgp.ts';
import { interfaceWildcardSchema } from '../fields/interface-name.ts';
import { asNumberSchema } from '../fields/scalars.ts';
import type { Legible } from '../legible.ts';
import { problemOf } from '../read.ts';
import { apiVersion, type Resource } from '../resource.ts';

/** One rule of a filter after decoding; all conditions must hold. */
export interface BGPFilterRule {
  cidr?: string;
  prefixLength?: { min?: number; max?: number };
  source?: 'RemotePeers';
  interface?: string;
  matchOperator?: 'Equal' | 'NotEqual' | 'In' | 'NotIn';
  peerType?: 'eBGP' | 'iBGP';
  communities?: { values: string[] };
  asPathPrefix?: number[];
  priority?: number;
  action: 'Accept' | 'Reject';
  operations?: BGPFilterOperation[];
}

/** What an accepting rule does to a route; exactly one member. */
export interface BGPFilterOperation {
  addCommunity?: { value: string };
  prependASPath?: { prefix: number[] };
  setPriority?: { value: number };
}

const lists = ['exportV4', 'importV4', 'exportV6', 'importV6'] as const;

export const bgpFilter = defineKind({
  kind: 'BGPFilter',
  plural: 'bgpfilters',
  singular: 'bgpfilter',
  isNamespaced: false,
  aliases: ['bgpfilter', 'bgpfilters', 'bgpf', 'bgpfs', 'bf', 'bfs'],
  shortNames: [],
  description: 'Rules for the routes a peering takes and gives; the first rule that matches decides.',
  spec: object({
    exportV4: described('Rules for IPv4 routes given to the peer.', list(ruleSchema(4))),
    importV4: described('Rules for IPv4 routes taken from the peer.', list(ruleSchema(4))),
    exportV6: described('Rules for IPv6 routes given to the peer.', list(ruleSchema(6))),
    importV6: described('Rules for IPv6 routes taken from the peer.', list(ruleSchema(6))),
  }),
  check: ({ spec }) =>
    lists.flatMap((field) =>
      ((spec[field] ?? []) as Legible<BGPFilterRule[]>).flatMap((rule, i) =>
        rule === null ? [] : checkRule(rule, `spec.${field}[${i}]`),
      ),
    ),
  columns: { ps: [nameColumn, ...counts()], wide: [nameColumn, ...counts()] },
  tableColumns: [
    nameTableColumn,
    ...lists.map((field) =>
      wideTableColumn(titled(field), 'Number of rules.', (resource) => rulesOf(resource, field).length),
    ),
    ageTableColumn,
  ],
  example: {
    kind: 'BGPFilter',
    apiVersion,
    metadata: { name: 'pools-only' },
    spec: {
      exportV4: [
        {
          cidr: '10.77.0.0/16',
          prefixLength: { min: 16, max: 26 },
          matchOperator: 'In',
          action: 'Accept',
          operations: [{ addCommunity: { value: '64512:100' } }],
        },
        { action: 'Reject' },
      ],
    },
  },
});

function ruleSchema(family: Family) {
  const length = present(integer(0, family === 4 ? 32 : 128));
  return object(
    {
      cidr: described('Prefix to compare with; needs matchOperator.', strictCidrSchema(family, family === 4 ? 18 : 43)),
      prefixLength: described(
        'Lengths of the prefixes that match; needs cidr.',
        present(object({ min: length, max: length })),
      ),
      source: described('Only routes learned from peers.', oneOf(['RemotePeers'])),
      interface: described('Interface of the route; `*` stands for any text.', interfaceWildcardSchema),
      matchOperator: described('How the route compares with cidr.', oneOf(['Equal', 'NotEqual', 'In', 'NotIn'])),
      peerType: described('Kind of the peering.', oneOf(['eBGP', 'iBGP'])),
      communities: described(
        'A community the route has.',
        present(
          object({ values: always(list(communitySchema, { minItems: 1, maxItems: 1 })) }, { required: ['values'] }),
        ),
      ),
      asPathPrefix: described('How the AS path begins.', list(asNumberSchema)),
      priority: described('Metric of the route.', present(prioritySchema)),
      action: described('What becomes of a route that matches.', always(oneOf(['Accept', 'Reject']))),
      operations: described(
        'What is done to an accepted route.',
        list(operationSchema(), { minItems: 1, maxItems: 10 }),
      ),
    },
    { required: ['action'] },
  );
}

function operationSchema() {
  return object({
    addCommunity: present(object({ value: always(communitySchema) }, { required: ['value'] })),
    prependASPath: present(
      object({ prefix: always(list(asNumberSchema, { minItems: 1, maxItems: 10 })) }, { required: ['prefix'] }),
    ),
    setPriority: present(object({ value: always(prioritySchema) }, { required: ['value'] })),
  });
}

function rulesOf(resource: Resource, field: (typeof lists)[number]): BGPFilterRule[] {
  return (resource.spec[field] ?? []) as BGPFilterRule[];
}

function checkRule(rule: Legible<BGPFilterRule>, path: string): Problem[] {
  const problems: Problem[] = [];
  if (rule.cidr !== undefined && rule.matchOperator === undefined)
    problems.push(problemOf(`${path}.matchOperator`, 'is required with cidr'));
  if (rule.cidr === undefined && rule.matchOperator !== undefined)
    problems.push(problemOf(`${path}.cidr`, 'is required with matchOperator'));
  if (rule.cidr === undefined && rule.prefixLength !== undefined)
    problems.push(problemOf(`${path}.cidr`, 'is required with prefixLength'));
  if (rule.operations !== undefined && rule.action === 'Reject') {
    problems.push(problemOf(`${path}.operations`, 'is only allowed with action Accept'));
  }
  (rule.operations ?? []).forEach((operation, i) => {
    if (operation !== null && Object.keys(operation).length !== 1)
      problems.push(problemOf(`${path}.operations[${i}]`, 'must have exactly one operation'));
  });
  return problems;
}

/** A field's name as a heading. */
function titled(field: string): string {
  return `${field[0]!.toUpperCase()}${field.slice(1)}`;
}

function counts(): Column[] {
  return lists.map((field) => ({
    heading: `NUM${field.toUpperCase()}`,
    cell: (resource) => String(rulesOf(resource, field).length),
  }));
}
