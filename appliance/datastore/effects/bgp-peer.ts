/** BGP peers: every filter they name must exist. */
import { kindOf } from '../../resources/registry.ts';
import type { Resource } from '../../resources/resource.ts';
import { invalid } from '../resources/invalid.ts';
import type { Reader } from '../resources/reader.ts';
import { keyOf, type Ref } from '../resources/ref.ts';
import type { Effect, Guards } from './effect.ts';
import { present } from './guard.ts';

export const bgpPeer: Effect = {
  beforeCreate: filtersExist,
  beforeUpdate: (next, _current, ref, reader) => filtersExist(next, ref, reader),
};

async function filtersExist(next: Resource, ref: Ref, reader: Reader): Promise<Guards> {
  const names = Array.isArray(next.spec.filters) ? (next.spec.filters as string[]) : [];
  const filters = names.map((name): Ref => ({ kind: kindOf('BGPFilter')!, namespace: '', name }));
  const entries = await Promise.all(filters.map((filter) => reader.entry(filter)));
  const problems = names
    .map((value, i) => ({ path: `spec.filters[${i}]`, message: `there is no BGPFilter "${value}"`, value }))
    .filter((_, i) => entries[i] === undefined);
  if (problems.length > 0) throw invalid(ref, problems);
  return filters.map((filter) => present(keyOf(filter)));
}
