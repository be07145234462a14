/**
 * etcd's own Go client, locks, elections and transactional memory included, against the face and a real etcd. Built from its public
 * module at first use (half a minute), or the program that ETCD_CLIENT names. Left out only where Go is older than 1.21.
 */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';
import { startEtcd } from '#test/appliance/datastore/etcd/etcd-server.ts';
import { serveMemory } from './face.ts';

const execute = promisify(execFile);
const root = new URL('../../../', import.meta.url).pathname;
const steps = ['keys', 'watch', 'compaction', 'lease', 'mutex', 'election', 'stm', 'maintenance'];
const given = process.env.ETCD_CLIENT;
const run = given !== undefined || goMinor() >= 21 ? test : test.skip;

run("etcd's Go client does on the face what it does on etcd", async (t) => {
  t.timeout(300_000);
  const program = given ?? (await execute('sh', ['tools/etcd-client.sh'], { cwd: root })).stdout.trim();
  await using etcd = await startEtcd();
  await using served = await serveMemory({ listen: 'http://127.0.0.1:0' });
  for (const address of [etcd.endpoint, served.face.address]) {
    const { stdout } = await execute(program, [address.replace('http://', '')]);
    t.deepEqual(
      stdout.trim().split('\n'),
      steps.map((step) => `${step}: ok`),
      address,
    );
  }
});

/** From this minor version on Go fetches the version that a module asks for; 0 without Go. */
function goMinor(): number {
  const { stdout } = spawnSync('go', ['version'], { encoding: 'utf8' });
  return Number(/go1\.(\d+)/.exec(stdout ?? '')?.[1] ?? 0);
}
