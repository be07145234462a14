/** What we store for a manifest is what Calico's client stores for it, byte for byte. The golden files say what that is. */
import test from 'ava';
import { ensureInitialized } from '#appliance/datastore/effects/ensure-initialized.ts';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import { createResources } from '#appliance/datastore/resources.ts';
import { prefixEnd, type Store } from '#appliance/datastore/store.ts';
import { kindOf } from '#appliance/resources/registry.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import { realisticManifests } from '../appliance/resources/realistic-manifests.ts';
import { type FieldCase, manifestWith } from './field-case.ts';
import { type GoldenEntry, goldenStamps, readDocuments, readEntries } from './golden.ts';

test('ensureInitialized() leaves in an empty store what Calico leaves there', async (t) => {
  const { store } = await initialized();
  t.deepEqual(await entriesOf(store), readEntries('initialized.txt'));
});

test('create() stores the realistic manifests as Calico does', async (t) => {
  const { store, resources } = await initialized();
  const golden = readEntries('created.txt');
  for (const { manifest } of realisticManifests) {
    const { kind, metadata } = manifest as unknown as Resource;
    const isThereFromTheStart = kind === 'ClusterInformation' || (kind === 'Tier' && metadata.name === 'default');
    if (!isThereFromTheStart) await resources.create(manifest, { isSystem: true });
  }
  const stored = new Map((await entriesOf(store)).map(({ key, value }) => [key, value]));
  t.true(golden.length > 30);
  for (const { key, value } of golden) t.is(stored.get(key), value, key);
});

for (const [kind, cases] of Map.groupBy(readDocuments<FieldCase>('fields.jsonl'), (one) => one.kind)) {
  test(`create() stores any field of a ${kind} as Calico does`, async (t) => {
    const { store, resources } = await initialized();
    for (const name of ['ops', 'security']) await resources.create(tier(name), { isSystem: true });
    await resources.create(kindOf('BGPFilter')!.example, { isSystem: true });
    for (const { path, value, stored } of cases) {
      await remove(store, kind);
      await resources.create(manifestWith(kind, path, value), { isSystem: true });
      t.is(specOf(await entriesOf(store), kind), stored, `${path.join('.')} = ${JSON.stringify(value)}`);
    }
  });
}

async function initialized() {
  const store = await openMemoryStore();
  const resources = createResources(store, goldenStamps);
  await ensureInitialized(resources, 'f'.repeat(32));
  return { store, resources };
}

async function entriesOf(store: Store): Promise<GoldenEntry[]> {
  const key = Buffer.from('/calico/');
  const { entries } = await store.range({ key, rangeEnd: prefixEnd(key) });
  return entries.map((entry) => ({ key: entry.key.toString(), value: entry.value.toString() }));
}

/** Makes room for the next one. */
async function remove(store: Store, kind: string): Promise<void> {
  const { metadata } = kindOf(kind)!.example;
  const wanted = `/${kindOf(kind)!.plural}/`;
  for (const { key } of await entriesOf(store))
    if (key.includes(wanted) && (!isShared(kind) || key.endsWith(`/${metadata.name}`)))
      await store.delete({ key: Buffer.from(key) });
}

/** Kinds of which others need objects. */
function isShared(kind: string): boolean {
  return kind === 'Tier' || kind === 'BGPFilter';
}

function specOf(entries: readonly GoldenEntry[], kind: string): string | undefined {
  const { plural, example } = kindOf(kind)!;
  const found = entries.filter(({ key }) => key.includes(`/${plural}/`));
  const mine = isShared(kind) ? found.filter(({ key }) => key.endsWith(`/${example.metadata.name}`)) : found;
  return mine.length === 1 ? mine[0]!.value.slice(mine[0]!.value.indexOf('"spec":') + 7, -1) : undefined;
}

function tier(name: string): object {
  return { kind: 'Tier', apiVersion: 'projectcalico.org/v3', metadata: { name }, spec: {} };
}
