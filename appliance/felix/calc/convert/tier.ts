/** Tiers as the graph uses them. Pure. */
import { type Conversion, convertResource } from './fields.ts';

export interface TierInput {
  /** Infinity when it has none. */
  readonly order: number;
  readonly defaultAction: 'Deny' | 'Pass';
}

/** Converts a stored tier; every default action but Pass is Deny. */
export function convertTier(value: unknown): Conversion<TierInput> {
  return convertResource(value, ({ spec }) => ({
    order: spec.number('order') ?? Number.POSITIVE_INFINITY,
    defaultAction: spec.text('defaultAction') === 'Pass' ? 'Pass' : 'Deny',
  }));
}
