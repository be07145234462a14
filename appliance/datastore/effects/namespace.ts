/** Namespaces: `default` stays, and another goes only when nothing is in it: a firewall must not fall by one word. */
import { defaultNamespace } from '../../resources/kinds/namespace.ts';
import { apiKinds } from '../../resources/registry.ts';
import { resourceErrors } from '../resources/errors.ts';
import type { Reader } from '../resources/reader.ts';
import { detailsOf, printRef, type Ref, rangeOf } from '../resources/ref.ts';
import type { Compare } from '../store.ts';
import type { Effect, Removal } from './effect.ts';
import { quietSince } from './guard.ts';

export const namespace: Effect = {
  refusal: (operation, name) =>
    operation === 'delete' && name === defaultNamespace ? 'the namespace is built in' : undefined,
  beforeDelete: nothingInside,
};

/** As many are named as a person can do something about. */
const namesMax = 3;

/** RESOURCE_IN_USE names what is in the namespace. */
export async function nothingInside(ref: Ref, reader: Reader): Promise<Removal> {
  const guards: Compare[] = [];
  const inside: string[] = [];
  for (const kind of apiKinds.filter((one) => one.isNamespaced)) {
    const range = rangeOf(kind, ref.name);
    const { entries, revision } = await reader.store.range({ ...range, keysOnly: true });
    const start = range.key.length;
    for (const { key } of entries)
      inside.push(printRef({ kind, namespace: ref.name, name: key.subarray(start).toString() }));
    guards.push(quietSince(range, revision));
  }
  if (inside.length === 0) return { guards, also: [] };
  const more = inside.length > namesMax ? ` and ${inside.length - namesMax} more` : '';
  const what = `${printRef(ref)} contains ${inside.slice(0, namesMax).join(', ')}${more}`;
  throw resourceErrors.fail('RESOURCE_IN_USE', what, { details: detailsOf(ref) });
}
