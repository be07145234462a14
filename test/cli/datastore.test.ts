/**
 * The `datastore` commands against real servers, each a process of its own: the appliance's API server and etcd. Everything goes from one
 * to the other and back without loss; a damaged database is refused by name, and the last backup brings it back.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openStore } from '#appliance/datastore/registry.ts';
import type { Store } from '#appliance/datastore/store.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { decodeResource } from '#appliance/resources/decode.ts';
import { storeKey } from '#appliance/resources/key.ts';
import { kinds } from '#appliance/resources/registry.ts';
import { encodeStored } from '#appliance/resources/stored.ts';
import { startEtcd } from '../appliance/datastore/etcd/etcd-server.ts';
import { type CliRun, runCli } from './run-cli.ts';

const root = new URL('../../', import.meta.url).pathname;
const everything = { key: Buffer.from([0]), rangeEnd: Buffer.from([0]) };
/** What a server writes by itself when it starts on an empty store. */
const informationKey = '/calico/resources/v3/projectcalico.org/clusterinformations/default';

/** An API server that can be stopped and started again on its data. */
class Appliance implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'calico-cli-datastore-'));
  readonly env = {
    CALICO_RUN_DIR: join(this.directory, 'run'),
    CALICO_DATA_DIR: join(this.directory, 'data'),
    CALICO_CONFIG_DIR: join(this.directory, 'config'),
  };
  readonly socket = `unix:${join(this.directory, 'run', 'etcd.sock')}`;
  #server: ChildProcess | undefined;

  /** Resolves with what it said when it ended instead of serving. */
  async start(): Promise<string | undefined> {
    const server = spawn(`${root}bin/calico-apiserver`, {
      env: { ...process.env, ...this.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let complaint = '';
    server.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    this.#server = server;
    return new Promise((resolve) => {
      server.once('close', () => resolve(complaint));
      server.stdout.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('"serving"')) resolve(undefined);
      });
    });
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined || server.exitCode !== null) return;
    const ended = new Promise((resolve) => server.once('close', resolve));
    server.kill('SIGTERM');
    await ended;
  }

  ctl(...words: string[]): Promise<CliRun> {
    return runCli(['datastore', ...words], { env: this.env });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true });
  }
}

test('everything goes from the embedded store to etcd and back without loss, by backup and by migration', async (t) => {
  await using appliance = await started(t);
  await using etcd = await startEtcd();
  await using second = await started(t);
  await using third = await started(t);
  const file = (name: string) => join(appliance.directory, name);
  await fill(appliance.socket);
  const original = await contentOf(appliance.socket);
  t.true(original.size > kinds.length + 8);

  await works(t, appliance.ctl('backup', file('first.backup')));
  t.is(statSync(file('first.backup')).mode & 0o777, 0o600);
  await works(t, appliance.ctl('restore', file('first.backup'), '--datastore', etcd.endpoint));
  t.deepEqual(await contentOf(etcd.endpoint), original);
  await works(t, appliance.ctl('backup', file('second.backup'), '--datastore', etcd.endpoint));
  await works(t, second.ctl('restore', file('second.backup')));
  t.deepEqual(await contentOf(second.socket), original);

  const early = await appliance.ctl('migrate', 'export', '--datastore', etcd.endpoint);
  t.is(early.exitCode, 1);
  t.regex(early.stderr, /^datastore is not locked\. Run the `calicoctl datastore migrate lock` command/);
  await works(t, appliance.ctl('migrate', 'lock', '--datastore', etcd.endpoint), 'Datastore locked.\n');
  const exported = await works(t, appliance.ctl('migrate', 'export', '--datastore', etcd.endpoint));
  writeFileSync(file('migration'), exported);
  const full = await second.ctl('migrate', 'import', '-f', file('migration'));
  t.is(full.exitCode, 5);
  t.regex(full.stderr, /^Datastore already has Calico resources/);
  t.regex(await works(t, third.ctl('migrate', 'import', '-f', file('migration'))), /Successfully applied 4 IPAM/);
  t.regex((await contentOf(third.socket)).get(informationKey)!.value, /"datastoreReady":false/);
  await works(t, third.ctl('migrate', 'unlock'), 'Datastore unlocked.\n');
  t.deepEqual(await contentOf(third.socket), original);
  t.is(
    (await third.ctl('check')).stdout.replace(/revision \d+/, 'R').trim(),
    (await appliance.ctl('check')).stdout.replace(/revision \d+/, 'R').trim(),
  );
});

test('a damaged database is refused by the name of the file, and the last backup brings it back', async (t) => {
  await using appliance = await started(t);
  await fill(appliance.socket);
  const backup = join(appliance.directory, 'last.backup');
  await works(t, appliance.ctl('backup', backup));
  const original = await contentOf(appliance.socket);
  const inUse = await appliance.ctl('restore', backup, '--data-dir', appliance.env.CALICO_DATA_DIR);
  t.regex(inUse.stderr, /another process has the database open/);
  await appliance.stop();

  const directory = join(appliance.env.CALICO_DATA_DIR, 'store');
  t.is((await appliance.ctl('check', '--data-dir', appliance.env.CALICO_DATA_DIR)).exitCode, 0);
  const table = readdirSync(directory).find((name) => name.endsWith('.ldb'))!;
  truncateSync(join(directory, table), statSync(join(directory, table)).size - 100);
  const complaint = (await appliance.start()) ?? 'it serves';
  t.true(complaint.includes(table), complaint);
  t.true(complaint.includes(`calicoctl datastore restore FILE --data-dir ${appliance.env.CALICO_DATA_DIR}`), complaint);
  const check = await appliance.ctl('check', '--data-dir', appliance.env.CALICO_DATA_DIR, '-o', 'json');
  t.is(check.exitCode, 1);
  t.true((JSON.parse(check.stdout) as { findings: { message: string }[] }).findings[0]!.message.includes(table));

  const restored = await works(t, appliance.ctl('restore', backup, '--data-dir', appliance.env.CALICO_DATA_DIR));
  const kept = /The database that was there is kept as (.*)\n/.exec(restored)?.[1] ?? '';
  t.true(readdirSync(kept).includes(table));
  t.is(await appliance.start(), undefined);
  t.deepEqual(await contentOf(appliance.socket), original);
});

test('restore refuses what it cannot verify, and leaves the store as it was', async (t) => {
  await using appliance = await started(t);
  const backup = join(appliance.directory, 'a.backup');
  await works(t, appliance.ctl('backup', backup));
  const bytes = readFileSync(backup);
  writeFileSync(backup, bytes.subarray(0, bytes.length - 20));
  const before = await contentOf(appliance.socket);
  const run = await appliance.ctl('restore', backup, '--replace');
  t.is(run.exitCode, 1);
  t.regex(run.stderr, /^the backup is not whole: its end is missing/);
  t.deepEqual(await contentOf(appliance.socket), before);
  t.is((await appliance.ctl('restore', '-')).exitCode, 2);
  t.is((await appliance.ctl('status', '--data-dir', '/nonexistent')).exitCode, 4);
});

test('status and compact tell and tend a running store', async (t) => {
  await using appliance = await started(t);
  await fill(appliance.socket);
  const status = async () => JSON.parse(await works(t, appliance.ctl('status', '-o', 'json'))) as Record<string, never>;
  const before = await status();
  t.like(before, { alarms: [], leases: 1, unfinished: false, compacted: 1 });
  t.like(before.kinds, { ClusterInformation: 1, IPAMBlock: 1, Status: 2 });
  t.regex(
    await works(t, appliance.ctl('compact', '--defrag')),
    /^Compacted: \d+ is the oldest revision now\nDefragmented/,
  );
  const after = await status();
  t.is(after.compacted, before.revision);
  t.regex(await works(t, appliance.ctl('status')), /Keys: +\d+\n/);
  t.regex(await works(t, appliance.ctl('status', '-o', 'yaml')), /^alarms: \[\]$/m);
});

async function started(t: ExecutionContext): Promise<Appliance> {
  const appliance = new Appliance();
  t.is(await appliance.start(), undefined);
  return appliance;
}

async function works(t: ExecutionContext, running: Promise<CliRun>, stdout?: string): Promise<string> {
  const run = await running;
  t.is(run.exitCode, 0, run.stderr);
  if (stdout !== undefined) t.is(run.stdout, stdout);
  return run.stdout;
}

const ipam: Readonly<Record<string, string>> = {
  '/calico/ipam/v2/config': '{"auto_allocate_blocks":true}',
  '/calico/ipam/v2/assignment/ipv4/block/10.77.3.64-30':
    '{"cidr":"10.77.3.64/30","affinity":"host:node-7","affinity_claim_time":"2026-08-01T09:30:00Z","allocations":[null,0,null,null],' +
    '"unallocated":[0,2,3],"attributes":[{"handle_id":"net0.7f3a9c21d0b4","secondary":{"namespace":"prod","node":"a\\u003cb"}}],' +
    '"sequenceNumber":1785576600123456790,"sequenceNumberForAllocation":{"1":1785576600123456789},"deleted":false}',
  '/calico/ipam/v2/host/node-7/ipv4/block/10.77.3.64-30': '{"state":"confirmed","deleted":false}',
  '/calico/ipam/v2/handle/net0.7f3a9c21d0b4': '{"block":{"10.77.3.64/30":1},"deleted":false}',
  '/calico/ipam/v2/host/node-7': '{}',
  '/calico/felix/v1/host/node-7/endpoint/node-7-eth0': '{"status":"up"}',
  // what no encoder of ours writes
  '/calico/resources/v3/projectcalico.org/globalnetworksets/loose':
    '{"apiVersion":"projectcalico.org/v3", "kind":"GlobalNetworkSet","metadata":{"name":"loose","uid":"loose"},"spec":{"nets":[],"later":1}}',
  // as an older version stored it: under another name, with white space
  '/calico/resources/v3/projectcalico.org/globalnetworkpolicies/default.old':
    '{ "kind":"GlobalNetworkPolicy","apiVersion":"projectcalico.org/v3","metadata":{"name":"default.old","uid":"old"},"spec":{"types":["Ingress"]}}',
};

/** Every kind by its example, IPAM, and a status that a lease ends. */
async function fill(address: string): Promise<void> {
  await withStore(address, async (store) => {
    const put = (key: string, value: string, lease = 0n) =>
      store.put(Buffer.from(key), Buffer.from(value), lease === 0n ? {} : { lease });
    for (const [i, kind] of kinds.filter(({ kind }) => kind !== 'ClusterInformation').entries()) {
      const decoded = decodeResource(kind.example, 'create');
      if (!decoded.ok) throw new Error(`${kind.kind}: its example is no good`);
      const uid = `0b8a1e57-5d0c-4f38-8d1c-9c6a51f0a0${String(i).padStart(2, '0')}`;
      const metadata = { ...decoded.value.metadata, uid, creationTimestamp: '2026-08-01T09:30:00Z' };
      const key = storeKey(kind, metadata.namespace, metadata.name);
      await put(key, encodeStored({ ...decoded.value, metadata }));
    }
    for (const [key, value] of Object.entries(ipam)) await put(key, value);
    const { id } = await store.leaseGrant(3600);
    await put('/calico/felix/v2/no-region/host/node-7/status', '{"time":"2026-08-01T09:30:00Z"}', id);
  });
}

/** Every key with its value, and whether a lease ends it. */
async function contentOf(address: string): Promise<Map<string, { value: string; isLeased: boolean }>> {
  return withStore(address, async (store) => {
    const { entries } = await store.range(everything);
    return new Map(
      entries.map(({ key, value, lease }) => [key.toString(), { value: value.toString(), isLeased: lease !== 0n }]),
    );
  });
}

async function withStore<T>(address: string, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore({ address, log: silentLogger });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}
