/** The store contract on LevelDB in a directory of its own. */
import test from 'ava';
import { openLevelStore } from '#appliance/datastore/level/open.ts';
import { ManualStoreClock } from '#appliance/datastore/mvcc/clock.ts';
import { storeContract } from '#test/contract/store.ts';
import { temporaryDirectory } from './directory.ts';

storeContract(test, 'level', {
  supports: { durable: true, exclusive: true },
  async open() {
    const directory = await temporaryDirectory();
    const clock = new ManualStoreClock();
    const open = () => openLevelStore(directory.path, { clock, retention: false });
    let store = await open();
    return {
      store,
      async reopen() {
        await store.close();
        store = await open();
        return store;
      },
      pass: async (seconds) => clock.advance(seconds * 1000),
      async dispose() {
        await store.close();
        await directory.remove();
      },
    };
  },
});
