/**
 * kill -9 of either daemon at any moment: no acknowledged write is lost, what policy denies stays denied and what it allows stays allowed, all the while.
 * KILLS asks for more of them.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { openEtcdStore } from '#appliance/datastore/etcd/open.ts';
import { prefixEnd, type Store } from '#appliance/datastore/store.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import {
  type Daemon,
  openPlayground,
  type Playground,
  root,
  type WorkloadSpec,
} from '../../tools/quickstart/playground.ts';

const kills = Number(process.env.KILLS ?? 100);
const workloads: readonly WorkloadSpec[] = [
  { name: 'web', interfaceName: 'caliweb', addresses: ['10.65.0.1/32', 'fd65::1/128'], ports: [80] },
  { name: 'db', interfaceName: 'calidb', addresses: ['10.65.0.2/32', 'fd65::2/128'], ports: [5432] },
  { name: 'guest', interfaceName: 'caliguest', addresses: ['10.65.0.3/32', 'fd65::3/128'], ports: [] },
];

test(`${kills} kills of either daemon interrupt no allowed flow, open no denied one and lose no acknowledged write`, async (t) => {
  t.timeout(120_000 + kills * 5_000);
  const playground = await openPlayground(workloads);
  const stop = new AbortController();
  try {
    for (const file of ['1-workloads.yaml', '2-policies.yaml'])
      await playground.calicoctl('apply', '-f', join(root, 'examples/quickstart', file));
    await playground.settled();
    const store = openEtcdStore({
      endpoints: [`unix:${join(playground.environment.CALICO_RUN_DIR!, 'etcd.sock')}`],
      log: silentLogger,
      requestTimeoutMs: 2_000,
    });
    const writer = write(store, stop.signal);
    const probes = [probe(playground, 'web', '10.65.0.2', true), probe(playground, 'guest', 'fd65::2', false)];
    for (let i = 0; i < kills; i++) {
      const daemon: Daemon = i % 2 === 0 ? 'calico-apiserver' : 'calico-node';
      await playground.restart(daemon, 'SIGKILL');
      // Every fourth kill meets daemons that are still starting, the others meet them at work.
      if (i % 4 !== 3) await playground.ready();
      await sleep((i * 97) % 400);
    }
    stop.abort();
    const acknowledged = await writer;
    await playground.settled();
    t.deepEqual(await missing(store, acknowledged), [], 'acknowledged writes are there');
    t.true(acknowledged.length > kills, `${acknowledged.length} acknowledged writes`);
    for (const { asExpected, surprises } of await Promise.all(probes)) {
      t.is(surprises, 0);
      t.true(asExpected > kills / 2, `${asExpected} probes`);
    }
    await store.close();
  } finally {
    stop.abort();
    await playground.close();
  }

  async function probe(p: Playground, from: string, address: string, expected: boolean) {
    let asExpected = 0;
    let surprises = 0;
    while (!stop.signal.aborted) {
      if ((await p.connect(from, address, 5432)) === expected) asExpected++;
      else surprises++;
      await sleep(5);
    }
    return { asExpected, surprises };
  }
});

/** Puts one key after the other; returns those that were acknowledged. */
async function write(store: Store, signal: AbortSignal): Promise<string[]> {
  const acknowledged: string[] = [];
  for (let i = 0; !signal.aborted; i++) {
    const key = `/test/kills/${i}`;
    try {
      await store.put(Buffer.from(key), Buffer.from(String(i)));
      acknowledged.push(key);
    } catch {
      await sleep(20); // not acknowledged: it may be there or not
    }
  }
  return acknowledged;
}

async function missing(store: Store, keys: readonly string[]): Promise<string[]> {
  const prefix = Buffer.from('/test/kills/');
  const { entries } = await store.range({ key: prefix, rangeEnd: prefixEnd(prefix) });
  const present = new Set(entries.map((e) => e.key.toString()));
  return keys.filter((key) => !present.has(key));
}
