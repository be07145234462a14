/** Keeps `metadata.managedFields` right in a write, before its commit. Pure. Untracked resources stay as they are, byte for byte. */
import { isReset, type Managers, parseManagers, printManagers } from '../../resources/apply/managers.ts';
import { planUpdate, type Writer } from '../../resources/apply/plan.ts';
import { apiVersionOf } from '../../resources/define.ts';
import type { Resource } from '../../resources/resource.ts';
import { encodeStored } from '../../resources/stored.ts';
import type { Ref } from './ref.ts';

/** Who owns what after a write; undefined when nobody has applied to the resource. `given` is what the writer says. */
export type Track = (next: Resource, current: Resource, given: unknown) => Managers | undefined;

/** The owners after a write that is no apply. Writers may hand over the list in another state, and give it up, as in Kubernetes. */
export function trackUpdate(ref: Ref, writer: Writer): Track {
  return (next, current, given) => {
    const known = parseManagers(current.metadata.managedFields);
    if (writer.subresource === '' && isReset(given)) return undefined;
    const managers = writer.subresource === '' ? (parseManagers(given) ?? known) : known;
    return managers && planUpdate(ref.kind, current, next, managers, writer);
  };
}

/** The resource with its owners; with the times they had when nothing else would change. */
export function withManagers(next: Resource, current: Resource | undefined, managers: Managers | undefined): Resource {
  if (managers === undefined) return next;
  const before = parseManagers(current?.metadata.managedFields);
  if (current === undefined || before === undefined) return withEntries(next, managers);
  const timed = [...managers].map(([id, m]) => [id, { ...m, time: before.get(id)?.time ?? m.time }] as const);
  const same = withEntries(next, new Map(timed));
  return encodeStored(same) === encodeStored(current) ? same : withEntries(next, managers);
}

/** Who a writer is when it says nothing: this program. */
export const defaultManager = 'calico';

/** The identity of what a writer does to one resource. */
export function writerOf(ref: Ref, manager: string | undefined, subresource: 'status' | undefined, now: Date): Writer {
  return {
    name: manager ?? defaultManager,
    apiVersion: apiVersionOf(ref.kind),
    subresource: subresource ?? '',
    time: `${now.toISOString().slice(0, 19)}Z`,
  };
}

function withEntries(resource: Resource, managers: Managers): Resource {
  const entries = printManagers(managers);
  if (entries.length === 0) return resource;
  return { ...resource, metadata: { ...resource.metadata, managedFields: entries } };
}
