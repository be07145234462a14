/** Policies: their tier must exist when they enter it; those copied from Kubernetes are managed there. */
import { kindOf } from '../../resources/registry.ts';
import type { Resource } from '../../resources/resource.ts';
import { resourceErrors } from '../resources/errors.ts';
import type { Reader } from '../resources/reader.ts';
import { detailsOf, keyOf, printRef, type Ref } from '../resources/ref.ts';
import type { Effect, Guards } from './effect.ts';
import { present } from './guard.ts';

export const policy: Effect = {
  refusal: (_operation, name) =>
    name.startsWith('knp.default.')
      ? 'kubernetes network policies must be managed through the kubernetes API'
      : undefined,
  beforeCreate: (next, _ref, reader) => tierExists(next, reader),
  beforeUpdate: async (next, current, _ref, reader) =>
    tierOf(next) === tierOf(current) ? [] : tierExists(next, reader),
};

/** The tier of a policy. */
export function tierOf(resource: Resource): string {
  const tier = resource.spec.tier;
  return typeof tier === 'string' && tier !== '' ? tier : 'default';
}

async function tierExists(next: Resource, reader: Reader): Promise<Guards> {
  const ref: Ref = { kind: kindOf('Tier')!, namespace: '', name: tierOf(next) };
  if ((await reader.entry(ref)) === undefined)
    throw resourceErrors.fail('RESOURCE_NOT_FOUND', printRef(ref), { details: detailsOf(ref) });
  return [present(keyOf(ref))];
}
