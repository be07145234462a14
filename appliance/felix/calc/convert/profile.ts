/** Profiles as the graph uses them, and the one that always exists. Pure. */
import type { LabelPairs } from '../label-pairs.ts';
import { type Conversion, convertResource } from './fields.ts';
import { type RuleInput, readRules } from './rule.ts';

export interface ProfileInput {
  readonly inbound: readonly RuleInput[];
  readonly outbound: readonly RuleInput[];
  /** What endpoints that name it inherit. */
  readonly labels: LabelPairs;
}

/** Never stored, always there. */
export const defaultAllowName = 'projectcalico-default-allow';

const allowAll = { spec: { ingress: [{ action: 'Allow' }], egress: [{ action: 'Allow' }] } };

/** Converts a stored profile; its rules read like those of a global policy. */
export function convertProfile(value: unknown): Conversion<ProfileInput> {
  return convertResource(value, ({ spec }) => ({
    inbound: readRules(spec, 'ingress', ''),
    outbound: readRules(spec, 'egress', ''),
    labels: spec.labels('labelsToApply'),
  }));
}

/** The profile `projectcalico-default-allow`: everything, both ways, no labels. */
export function defaultAllowProfile(): ProfileInput {
  return convertProfile(allowAll).value!;
}
