/** The store contract on a real etcd, which all tests share: one after another, since a compaction is for everybody. */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { openEtcdStore } from '#appliance/datastore/etcd/open.ts';
import { silentLogger as log } from '#appliance/lib/log.ts';
import { storeContract } from '#test/contract/store.ts';
import { type EtcdServer, startEtcd } from './etcd-server.ts';

let etcd: EtcdServer;
test.before(async () => {
  etcd = await startEtcd();
});
test.after.always(() => etcd[Symbol.asyncDispose]());

storeContract(test, 'etcd', {
  supports: { durable: true, exclusive: false },
  async open() {
    let store = openEtcdStore({ endpoints: [etcd.endpoint], log });
    return {
      store,
      pass: (seconds) => sleep(seconds * 1000),
      async reopen() {
        await store.close();
        await etcd.kill('SIGKILL');
        await etcd.start();
        store = openEtcdStore({ endpoints: [etcd.endpoint], log });
        return store;
      },
      dispose: () => store.close(),
    };
  },
});
