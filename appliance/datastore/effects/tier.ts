/** Tiers: the built-in ones stay, and a tier goes only when no policy is in it. */
import { builtInTiers } from '../../resources/kinds/tier.ts';
import { kinds } from '../../resources/registry.ts';
import { isTiered } from '../../resources/stored.ts';
import { resourceErrors } from '../resources/errors.ts';
import type { Reader } from '../resources/reader.ts';
import { detailsOf, printRef, type Ref, rangeOf, refOf } from '../resources/ref.ts';
import type { Compare } from '../store.ts';
import type { Effect, Removal } from './effect.ts';
import { quietSince } from './guard.ts';
import { tierOf } from './policy.ts';

export const tier: Effect = {
  refusal: (operation, name) =>
    operation === 'delete' && Object.hasOwn(builtInTiers, name) ? 'a built-in tier cannot be deleted' : undefined,
  beforeDelete: noPolicyInside,
};

async function noPolicyInside(ref: Ref, reader: Reader): Promise<Removal> {
  const guards: Compare[] = [];
  for (const kind of kinds.filter(isTiered)) {
    const { revision, items } = await reader.all(kind);
    const inside = items.filter(({ resource }) => tierOf(resource) === ref.name);
    if (inside.length > 0)
      throw inUse(
        ref,
        inside.map(({ resource }) => printRef(refOf(kind, resource))),
      );
    guards.push(quietSince(rangeOf(kind, ''), revision));
  }
  return { guards, also: [] };
}

function inUse(ref: Ref, policies: readonly string[]) {
  const more = policies.length > 3 ? ` and ${policies.length - 3} more` : '';
  const what = `${printRef(ref)} contains ${policies.slice(0, 3).join(', ')}${more}`;
  return resourceErrors.fail('RESOURCE_IN_USE', what, { details: detailsOf(ref) });
}
