/** Profile. Pure. */

import { compareText } from '../../lib/collections/compare-text.ts';
import { described, map, object, text } from '../../lib/schema.ts';
import { ageTableColumn, nameColumn, nameTableColumn, printPairs, wideTableColumn } from '../columns.ts';
import { defineKind } from '../define.ts';
import { checkLabels } from '../fields/labels.ts';
import { type Rule, rulesSchema } from '../fields/rule.ts';
import { checkRules } from '../fields/rule-check.ts';
import type { Legible } from '../legible.ts';
import { apiVersion, type Resource } from '../resource.ts';

export const profile = defineKind({
  kind: 'Profile',
  plural: 'profiles',
  singular: 'profile',
  isNamespaced: false,
  aliases: ['profile', 'profiles', 'pro', 'pros'],
  shortNames: [],
  description:
    'Rules and labels that endpoints share by naming the profile. Profiles decide only what no policy decided.',
  spec: object({
    ingress: described('Rules for packets to the endpoints.', rulesSchema),
    egress: described('Rules for packets from the endpoints.', rulesSchema),
    labelsToApply: described("Labels the endpoints get; an endpoint's own labels win.", map(text())),
  }),
  check: ({ spec }) => [
    ...checkLabels((spec.labelsToApply ?? {}) as Legible<Record<string, string>>, 'spec.labelsToApply'),
    ...checkRules(spec.ingress as Legible<Rule[]>, 'spec.ingress', { direction: 'ingress', isNamespaced: true }),
    ...checkRules(spec.egress as Legible<Rule[]>, 'spec.egress', { direction: 'egress', isNamespaced: true }),
  ],
  columns: {
    ps: [nameColumn],
    wide: [nameColumn, { heading: 'LABELS', cell: printLabels }],
  },
  tableColumns: [
    nameTableColumn,
    wideTableColumn('Labels', 'Labels its endpoints get.', ({ spec }) => printPairs(spec.labelsToApply)),
    ageTableColumn,
  ],
  example: {
    kind: 'Profile',
    apiVersion,
    metadata: { name: 'prod-base' },
    spec: {
      ingress: [{ action: 'Allow', source: { selector: "env == 'prod'" } }],
      egress: [{ action: 'Allow' }],
      labelsToApply: { env: 'prod' },
    },
  },
});

function printLabels(resource: Resource): string {
  const labels = (resource.spec.labelsToApply ?? {}) as Record<string, string>;
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort(compareText)
    .join(',');
}
