/** Kubernetes conditions in a status. Pure. Source: Kubernetes API conventions (`metav1.Condition`). */
import { always, integer, listByKeys, object, text } from '../../lib/schema.ts';
import { timeSchema } from './time.ts';

/** `status.conditions`. */
export const conditionsSchema = listByKeys(
  ['type'],
  object({
    type: always(text()),
    status: always(text()),
    observedGeneration: integer(),
    lastTransitionTime: always(timeSchema),
    reason: always(text()),
    message: always(text()),
  }),
);
