/** A store in memory as Calico's own IPAM client left it, with a clock that stands still. */
import { ensureInitialized } from '#appliance/datastore/effects/ensure-initialized.ts';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import { createResources, type Resources } from '#appliance/datastore/resources.ts';
import type { Store } from '#appliance/datastore/store.ts';
import { createIpam, type Ipam } from '#appliance/ipam/ipam.ts';
import { readEntries } from '../../interop/golden.ts';

export const now = new Date('2026-11-23T00:00:00Z');
export const stamps = { now: () => now, uuid: () => '00000000-0000-4000-8000-000000000001' };

export interface GoldenIpam {
  readonly store: Store;
  readonly ipam: Ipam;
  readonly resources: Resources;
  /** What is stored at a key; undefined for nothing. */
  read(key: string): Promise<string | undefined>;
  write(key: string, value: string): Promise<void>;
}

export async function openGoldenIpam(): Promise<GoldenIpam> {
  const store = await openMemoryStore();
  const resources = createResources(store, stamps);
  await ensureInitialized(resources, 'f'.repeat(32));
  for (const { key, value } of readEntries('ipam.txt')) await store.put(Buffer.from(key), Buffer.from(value));
  return {
    store,
    resources,
    ipam: createIpam(store, stamps),
    read: async (key) => (await store.range({ key: Buffer.from(key) })).entries[0]?.value.toString(),
    write: async (key, value) => void (await store.put(Buffer.from(key), Buffer.from(value))),
  };
}
