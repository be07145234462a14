/** The store contract through the face and the etcd client, over a store in memory: nothing may be lost in the two translations. */
import test from 'ava';
import { openEtcdStore } from '#appliance/datastore/etcd/open.ts';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import { ManualStoreClock } from '#appliance/datastore/mvcc/clock.ts';
import { silentLogger as log } from '#appliance/lib/log.ts';
import { storeContract } from '#test/contract/store.ts';
import { serveMemory } from './face.ts';

storeContract(test, 'memory behind the etcd face', {
  supports: { durable: true, exclusive: true, tellsSize: false },
  async open() {
    const clock = new ManualStoreClock();
    const served = await serveMemory({ store: await openMemoryStore({ clock, retention: false }) });
    let store = openEtcdStore({ endpoints: [served.face.address], log });
    return {
      store,
      pass: async (seconds) => clock.advance(seconds * 1000),
      async reopen() {
        await store.close();
        store = openEtcdStore({ endpoints: [served.face.address], log });
        return store;
      },
      async dispose() {
        await store.close();
        await served[Symbol.asyncDispose]();
      },
    };
  },
});
