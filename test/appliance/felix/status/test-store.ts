/** A store in memory whose calls are recorded, and which can be away. */
import { storeErrors } from '#appliance/datastore/errors.ts';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import type { Store } from '#appliance/datastore/store.ts';

export interface TestStore {
  readonly store: Store;
  /** Names of the calls made, in order. */
  readonly calls: string[];
  isAway: boolean;
  /** What is stored under the key, as text. */
  read(key: string): Promise<string | undefined>;
  /** All keys, in order. */
  keys(): Promise<string[]>;
}

export async function openTestStore(): Promise<TestStore> {
  const memory = await openMemoryStore();
  const calls: string[] = [];
  const test: TestStore = {
    calls,
    isAway: false,
    store: new Proxy(memory, {
      get(target, name: keyof Store) {
        const member = target[name];
        if (typeof member !== 'function') return member;
        return async (...parameters: never[]) => {
          calls.push(name);
          if (test.isAway) throw storeErrors.fail('STORE_UNAVAILABLE');
          return (member as (...all: never[]) => unknown).apply(target, parameters);
        };
      },
    }),
    async read(key) {
      return (await memory.range({ key: Buffer.from(key) })).entries[0]?.value.toString();
    },
    async keys() {
      const { entries } = await memory.range({ key: Buffer.from('/'), rangeEnd: Buffer.from('0') });
      return entries.map((entry) => entry.key.toString());
    },
  };
  return test;
}

/** Polls until `check` holds; fails after `withinMs`. */
export async function until(check: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`not in time: ${check}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
