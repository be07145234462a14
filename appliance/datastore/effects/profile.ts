/** Profiles: the default-allow profile exists without being stored. */
import { defaultAllowProfileName } from '../../resources/builtin.ts';
import { resourceErrors } from '../resources/errors.ts';
import { detailsOf, printRef, type Ref } from '../resources/ref.ts';
import type { Effect, Guards } from './effect.ts';

export const profile: Effect = {
  refusal: (operation, name) =>
    name === defaultAllowProfileName && operation !== 'create' ? 'the profile is built in' : undefined,
  beforeCreate: refuseBuiltIn,
};

async function refuseBuiltIn(_next: unknown, ref: Ref): Promise<Guards> {
  if (ref.name !== defaultAllowProfileName) return [];
  throw resourceErrors.fail('RESOURCE_EXISTS', printRef(ref), { details: detailsOf(ref) });
}
