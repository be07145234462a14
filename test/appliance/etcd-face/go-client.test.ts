/** etcd's own Go client, locks, elections and transactional memory included, against the face and a real etcd. Runs when ETCD_CLIENT names the program. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';
import { startEtcd } from '#test/appliance/datastore/etcd/etcd-server.ts';
import { serveMemory } from './face.ts';

const program = process.env.ETCD_CLIENT;
const steps = ['keys', 'watch', 'compaction', 'lease', 'mutex', 'election', 'stm', 'maintenance'];
const run = program === undefined ? test.skip : test;

run("etcd's Go client does on the face what it does on etcd (ETCD_CLIENT=$(sh tools/etcd-client.sh))", async (t) => {
  t.timeout(120_000);
  await using etcd = await startEtcd();
  await using served = await serveMemory({ listen: 'http://127.0.0.1:0' });
  for (const address of [etcd.endpoint, served.face.address]) {
    const { stdout } = await promisify(execFile)(program!, [address.replace('http://', '')]);
    t.deepEqual(
      stdout.trim().split('\n'),
      steps.map((step) => `${step}: ok`),
      address,
    );
  }
});
