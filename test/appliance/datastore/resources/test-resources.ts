/** Typed resources over a store in memory, initialised, with a clock and identities that tests can foretell. */
import type { ExecutionContext } from 'ava';
import { ensureInitialized } from '#appliance/datastore/effects/ensure-initialized.ts';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import type { Ref } from '#appliance/datastore/resources/ref.ts';
import { createResources, type Resources } from '#appliance/datastore/resources.ts';
import type { Store } from '#appliance/datastore/store.ts';
import { kindOf } from '#appliance/resources/registry.ts';

export const guid = '5f0e7a9b3c1d4e2f8a6b7c9d0e1f2a3b';

export async function openTestResources(t: ExecutionContext): Promise<{ store: Store; resources: Resources }> {
  const store = await openMemoryStore();
  t.teardown(() => store.close());
  let ids = 0;
  const uuid = () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`;
  const resources = createResources(store, { now: () => new Date('2026-08-01T09:30:00.999Z'), uuid });
  await ensureInitialized(resources, guid);
  return { store, resources };
}

export function ref(kind: string, name: string, namespace = ''): Ref {
  return { kind: kindOf(kind)!, namespace, name };
}

export function manifest(kind: string, name: string, spec: object = {}, namespace?: string) {
  const metadata = namespace === undefined ? { name } : { name, namespace };
  return { kind, apiVersion: 'projectcalico.org/v3', metadata, spec };
}

/** Asserts that `promise` fails with `code`, and gives the error. */
export async function refused(t: ExecutionContext, code: string, promise: Promise<unknown>) {
  const error = await t.throwsAsync<Error & { details?: { problems?: { path: string }[] } }>(promise, { code });
  return error ?? new Error('nothing was thrown');
}
