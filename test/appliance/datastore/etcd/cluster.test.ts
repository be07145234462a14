/** Three etcds of which some are gone: what goes on with the others, and what is told of all. */
import test from 'ava';
import { openEtcdStore } from '#appliance/datastore/etcd/open.ts';
import { silentLogger as log } from '#appliance/lib/log.ts';
import { readEvents } from '#test/contract/store/scope.ts';
import { startCluster } from './etcd-server.ts';

const key = Buffer.from('/calico/a');

test('with one of three servers dead or frozen everything goes on, with two of them the status still tells what is known', async (t) => {
  t.timeout(120_000);
  const servers = await startCluster();
  const [first, second, third] = servers;
  t.teardown(() => Promise.all(servers.map((server) => server[Symbol.asyncDispose]())));
  const endpoints = servers.map(({ endpoint }) => endpoint);
  const open = () => openEtcdStore({ endpoints, log, requestTimeoutMs: 3_000, watchResumeTimeoutMs: 60_000 });
  const store = open();
  const { members } = await store.status();
  t.deepEqual(
    members.map((member) => [member.endpoint, 'version' in member]),
    endpoints.map((endpoint) => [endpoint, true]),
  );
  t.is(members.filter((member) => 'isLeader' in member && member.isLeader).length, 1);
  const watch = await store.watch({ key });

  await first!.kill();
  await putUntilTaken('one is dead');
  const late = open();
  t.is((await late.range({ key })).entries[0]?.value.toString(), 'one is dead');
  await late.close();
  await first!.start();
  const alone = openEtcdStore({ endpoints: [first!.endpoint], log });
  await alone.range({ key });
  await alone.close();
  second!.freeze();
  const { revision } = await putUntilTaken('one is frozen');
  const seen = new Set<string>();
  while (!seen.has('one is frozen'))
    for (const { entry } of await readEvents(t, watch, 1, true)) seen.add(entry.value.toString());
  t.deepEqual([...seen], ['one is dead', 'one is frozen']);

  third!.freeze();
  const told = await store.status();
  t.is(told.compacted, 0);
  t.true(told.revision >= revision - 1);
  t.deepEqual(
    told.members.map((member) => 'problem' in member),
    [false, true, true],
  );
  await store.close();

  /** A write whose answer is lost, with its server or with the leader, is not repeated by the store: it may have been done. */
  async function putUntilTaken(value: string): Promise<{ revision: number }> {
    for (;;) {
      try {
        return await store.put(key, Buffer.from(value));
      } catch {
        // not acknowledged
      }
    }
  }
});
