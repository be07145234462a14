/** Bindings: the role they give stays what it was; another role takes another binding, which its maker must be entitled to. */
import { isDeepStrictEqual } from 'node:util';
import type { Resource } from '../../resources/resource.ts';
import { invalid } from '../resources/invalid.ts';
import type { Ref } from '../resources/ref.ts';
import type { Effect, Guards } from './effect.ts';

export const roleBinding: Effect = { beforeUpdate: refuseOtherRole };

async function refuseOtherRole(next: Resource, current: Resource, ref: Ref): Promise<Guards> {
  const roleOf = (resource: Resource) => (resource as { roleRef?: object }).roleRef;
  if (isDeepStrictEqual(roleOf(next), roleOf(current))) return [];
  throw invalid(ref, [{ path: 'roleRef', message: 'cannot be changed; delete the binding and make another' }]);
}
