/** Tier. Pure. Source of the fixed tiers: Calico's tier documentation and validation. */

import type { Problem } from '../../lib/problem.ts';
import { described, number, object, oneOf, present } from '../../lib/schema.ts';
import {
  ageTableColumn,
  conditionOf,
  nameColumn,
  nameTableColumn,
  orderColumn,
  specColumn,
  specTableColumn,
} from '../columns.ts';
import { defineKind } from '../define.ts';
import { conditionsSchema } from '../fields/condition.ts';
import { checkTierName } from '../fields/name.ts';
import type { Subject } from '../legible.ts';
import { problemOf } from '../read.ts';
import { apiVersion, type Resource } from '../resource.ts';

/** Order of a tier that names none. */
export const defaultTierOrder = 1_000_000;

const tierDefaults: Readonly<Record<'order' | 'defaultAction', unknown>> = {
  order: defaultTierOrder,
  defaultAction: 'Deny',
};

/** Tiers every store has, with the values nobody may change. */
export const builtInTiers: Readonly<
  Record<string, { readonly order: number; readonly defaultAction: 'Deny' | 'Pass' }>
> = {
  default: { order: defaultTierOrder, defaultAction: 'Deny' },
  'kube-admin': { order: 1_000, defaultAction: 'Pass' },
  'kube-baseline': { order: 10_000_000, defaultAction: 'Pass' },
};

export const tier = defineKind({
  kind: 'Tier',
  plural: 'tiers',
  singular: 'tier',
  isNamespaced: false,
  aliases: ['tier', 'tiers'],
  shortNames: [],
  description:
    'An ordered group of policies. Tiers are evaluated in order; a packet that a tier neither allows nor passes on is dropped.',
  spec: object({
    order: described('Place among the tiers, lowest first.', present(number({ default: defaultTierOrder }))),
    defaultAction: described(
      'What happens to packets of an endpoint that a policy of the tier selects, when no rule decides.',
      present(oneOf(['Pass', 'Deny'], { default: 'Deny' })),
    ),
  }),
  status: object({ conditions: conditionsSchema }, { emit: 'always' }),
  applyDefaults: applyTierDefaults,
  applyReadDefaults: applyTierDefaults,
  check: checkBuiltIn,
  checkName: checkTierName,
  columns: {
    ps: [nameColumn, orderColumn],
    wide: [nameColumn, orderColumn],
    extra: [specColumn('DEFAULTACTION', 'defaultAction')],
  },
  tableColumns: [
    nameTableColumn,
    specTableColumn('Order', 'order', 'Place among the tiers.', 'integer'),
    specTableColumn('DefaultAction', 'defaultAction', 'What happens when no rule decides.'),
    {
      name: 'Status',
      type: 'string',
      description: 'Current state of the tier.',
      priority: 0,
      cell: (resource) => conditionOf(resource, 'Ready', 'reason'),
    },
    ageTableColumn,
  ],
  example: { kind: 'Tier', apiVersion, metadata: { name: 'ops' }, spec: { order: 100, defaultAction: 'Pass' } },
});

function applyTierDefaults(resource: Resource): void {
  resource.spec = { ...tierDefaults, ...resource.spec };
}

function checkBuiltIn({ metadata, spec }: Subject): Problem[] {
  const name = metadata.name ?? '';
  if (!Object.hasOwn(builtInTiers, name)) return [];
  const fixed = builtInTiers[name]!;
  const given = { ...tierDefaults, ...spec };
  return (['order', 'defaultAction'] as const).flatMap((field) =>
    given[field] === null || given[field] === fixed[field]
      ? []
      : [problemOf(`spec.${field}`, `must be ${fixed[field]} in the built-in tier ${name}`, spec[field])],
  );
}
