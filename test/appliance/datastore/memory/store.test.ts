/** The store contract on the store in memory, with a clock that moves when told. */
import test from 'ava';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import { ManualStoreClock } from '#appliance/datastore/mvcc/clock.ts';
import { storeContract } from '#test/contract/store.ts';

storeContract(test, 'memory', {
  supports: { durable: false, exclusive: true, tellsSize: false },
  async open() {
    const clock = new ManualStoreClock();
    const store = await openMemoryStore({ clock, retention: false });
    return { store, pass: async (seconds) => clock.advance(seconds * 1000), dispose: () => store.close() };
  },
});
