/**
 * What Calico v3.21, v3.25 and v3.30 stored is read here as Calico reads it today, and rewritten to the bytes Calico would rewrite it to:
 * nothing is lost that it keeps.
 */
import test from 'ava';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import { createResources, type Resources } from '#appliance/datastore/resources.ts';
import { parseStoreKey } from '#appliance/resources/key.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import { goldenStamps, readDocuments, readEntries } from './golden.ts';

/** What Calico's present client says of a stored value, and what is stored after it added a label; null when it refuses to. */
interface Reading {
  readonly key: string;
  readonly read: unknown;
  readonly rewritten: string | null;
}

/** Calico fills the defaults of the spec into the copy that the status holds; here the status is the controllers' alone. */
const defaultsInStatus = '/calico/resources/v3/projectcalico.org/kubecontrollersconfigurations/default';

for (const release of ['v3.21.6', 'v3.25.2', 'v3.30.7']) {
  const readings = new Map(readDocuments<Reading>(`${release}-read.jsonl`).map((one) => [one.key, one]));

  for (const { key, value } of readEntries(`${release}-stored.txt`)) {
    test(`${release} ${key} is read and rewritten as Calico does`, async (t) => {
      const { read, rewritten } = readings.get(key)!;
      const { store, resources } = await holding(key, value);
      const ref = refOf(key);
      const { resource } = await resources.get(ref);
      t.deepEqual(filled(withoutRevision(resource)), filled(read));
      if (rewritten === null || key === defaultsInStatus) return;
      await resources.modify(ref, withLabel, { isSystem: true });
      const { entries } = await store.range({ key: Buffer.from(key) });
      t.is(entries[0]?.value.toString(), rewritten);
    });
  }

  test(`${release}: what Calico refuses to rewrite is refused here too`, async (t) => {
    const refused = [...readings.values()].filter(({ rewritten }) => rewritten === null);
    const values = new Map(readEntries(`${release}-stored.txt`).map((entry) => [entry.key, entry.value]));
    t.true(refused.length > 0, 'policies under the names of old are among them');
    for (const { key } of refused) {
      const { resources } = await holding(key, values.get(key)!);
      const error = await t.throwsAsync(changeLabel(resources, key), undefined, key);
      t.is((error as { code?: string } | undefined)?.code, 'RESOURCE_INVALID', key);
    }
  });
}

async function holding(key: string, value: string) {
  const store = await openMemoryStore();
  await store.put(Buffer.from(key), Buffer.from(value));
  return { store, resources: createResources(store, goldenStamps) };
}

function changeLabel(resources: Resources, key: string): Promise<Resource> {
  return resources.modify(refOf(key), withLabel, { isSystem: true });
}

function withLabel(current: Resource): Resource {
  return { ...current, metadata: { ...current.metadata, labels: { ...current.metadata.labels, touched: 'yes' } } };
}

function refOf(key: string) {
  const { kind, namespace = '', name } = parseStoreKey(key)!;
  return { kind, namespace, name };
}

function withoutRevision({ metadata: { resourceVersion: _, ...metadata }, ...rest }: Resource): unknown {
  return { ...rest, metadata };
}

/** Without the members that Go prints for what is not there: null, and objects with nothing in them. */
function filled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(filled);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value)
    .map(([key, member]) => [key, filled(member)] as const)
    .filter(([, member]) => member !== null && member !== undefined && !isEmptyObject(member));
  return Object.fromEntries(members);
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}
