import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'ava';
import { etcdctl, serveMemory, type TestFace } from './face.ts';

async function serve(): Promise<TestFace & { endpoint: string }> {
  const served = await serveMemory({ listen: 'http://127.0.0.1:0', name: 'keeper' });
  return { ...served, endpoint: served.face.address.replace('http://', '') };
}

test('etcdctl puts, gets by prefix, range, order and revision, and deletes', async (t) => {
  await using face = await serve();
  const ctl = (...args: string[]) => etcdctl(face.endpoint, ...args);
  for (const [key, value] of [
    ['/a', '3'],
    ['/b', '1'],
    ['/c', '2'],
  ])
    t.is((await ctl('put', key!, value!)).out, 'OK\n');
  t.is((await ctl('put', '/a', '4', '--prev-kv')).out, 'OK\n/a\n3\n');
  t.is((await ctl('get', '/', '--prefix')).out, '/a\n4\n/b\n1\n/c\n2\n');
  t.is((await ctl('get', '/a', '/c', '--keys-only')).out, '/a\n\n/b\n\n');
  t.is((await ctl('get', '/b', '--from-key')).out, '/b\n1\n/c\n2\n');
  t.is((await ctl('get', '/', '--prefix', '--sort-by=VALUE', '--order=DESCEND', '--limit=2')).out, '/a\n4\n/c\n2\n');
  t.is((await ctl('get', '/', '--prefix', '--sort-by=MODIFY')).out, '/b\n1\n/c\n2\n/a\n4\n');
  t.is((await ctl('get', '/a', '--rev=2')).out, '/a\n3\n');
  t.regex((await ctl('get', '/', '--prefix', '--limit=1', '-w', 'fields')).out, /"More" : true\n"Count" : 3/);
  t.is((await ctl('del', '/b', '--prev-kv')).out, '1\n/b\n1\n');
  t.is((await ctl('del', '/', '--prefix')).out, '2\n');
  const json = JSON.parse((await ctl('get', '/none', '-w', 'json')).out);
  t.deepEqual(json.header.revision, 7);
  t.is(json.header.raft_term, 1);
});

test('etcdctl carries out transactions', async (t) => {
  await using face = await serve();
  const txn = (script: string) => interactive(face.endpoint, ['txn'], script);
  const create = 'ver("/a") = "0"\n\nput /a one\n\nget /a\n\n';
  t.regex(await txn(create), /SUCCESS\n\nOK/);
  t.regex(await txn(create), /FAILURE\n\n\/a\none/);
  t.regex(await txn('mod("/a") > "1"\nval("/a") = "one"\n\ndel /a\nget /a\n\n\n'), /SUCCESS\n\n1/);
});

test('etcdctl is refused as by etcd', async (t) => {
  await using face = await serve();
  const ctl = (...args: string[]) => etcdctl(face.endpoint, ...args);
  await ctl('put', '/a', '1');
  await ctl('put', '/a', '2');
  t.regex((await ctl('get', '/a', '--rev=99')).err, /etcdserver: mvcc: required revision is a future revision/);
  t.is((await ctl('compaction', '3')).out, 'compacted revision 3\n');
  t.regex((await ctl('get', '/a', '--rev=2')).err, /etcdserver: mvcc: required revision has been compacted/);
  t.regex((await ctl('compaction', '3')).err, /etcdserver: mvcc: required revision has been compacted/);
  t.regex((await ctl('put', '/x', '1', '--lease=1234')).err, /etcdserver: requested lease not found/);
  t.regex((await ctl('put', '/x', '--ignore-value')).err, /etcdserver: key not found/);
  t.regex((await ctl('lease', 'revoke', '1234')).err, /etcdserver: requested lease not found/);
});

test('etcdctl grants, shows, keeps and revokes leases with all 63 bits of their ids', async (t) => {
  await using face = await serve();
  const ctl = (...args: string[]) => etcdctl(face.endpoint, ...args);
  const { id } = await face.store.leaseGrant(60, 0x7edcba9876543211n);
  const hex = id.toString(16);
  t.regex((await ctl('lease', 'list')).out, new RegExp(hex));
  await ctl('put', '/leased', 'x', `--lease=${hex}`);
  t.regex(
    (await ctl('lease', 'timetolive', hex, '--keys')).out,
    /granted with TTL\(60s\), remaining\(\d+s\), attached keys\(\[\/leased\]\)/,
  );
  t.regex((await ctl('lease', 'keep-alive', '--once', hex)).out, /keepalived with TTL\(60\)/);
  t.regex((await ctl('lease', 'revoke', hex)).out, /revoked/);
  t.is((await ctl('get', '/leased')).out, '');
  t.regex((await ctl('lease', 'timetolive', hex)).out, /already expired/);
  t.regex((await ctl('lease', 'grant', '30')).out, /granted with TTL\(30s\)/);
});

test('etcdctl watches from a revision on, and is told when that is compacted', async (t) => {
  await using face = await serve();
  await face.store.put(Buffer.from('/a'), Buffer.from('1'));
  await face.store.put(Buffer.from('/a'), Buffer.from('2'));
  const watch = spawn('etcdctl', ['--endpoints', face.endpoint, 'watch', '/', '--prefix', '--rev=2', '--prev-kv'], {
    env: { ...process.env, ETCDCTL_API: '3' },
  });
  const seen = output(watch);
  await seen.until((text) => text.includes('2'));
  await face.store.delete({ key: Buffer.from('/a') });
  await seen.until((text) => text.includes('DELETE'));
  t.is(seen.text(), 'PUT\n/a\n1\nPUT\n/a\n1\n/a\n2\nDELETE\n/a\n2\n/a\n\n');
  watch.kill();
  await face.store.compact(4);
  const late = await etcdctl(face.endpoint, 'watch', '/', '--prefix', '--rev=2');
  t.regex(late.err + late.out, /required revision has been compacted/);
});

test('etcdctl sees a healthy cluster of one', async (t) => {
  await using face = await serve();
  const ctl = (...args: string[]) => etcdctl(face.endpoint, ...args);
  t.regex((await ctl('member', 'list')).out, /^8000000000000001, started, keeper, http:\/\/127/);
  const status = JSON.parse((await ctl('endpoint', 'status', '-w', 'json')).out);
  t.is(status[0].Status.version, '3.5.0');
  t.is(BigInt(status[0].Status.leader) >> 62n, 2n);
  t.regex((await ctl('endpoint', 'health')).err + (await ctl('endpoint', 'health')).out, /is healthy/);
  t.is((await ctl('alarm', 'list')).status, 0);
  t.not((await ctl('member', 'remove', '8000000000000001')).status, 0);
});

function output(child: ChildProcess) {
  let text = '';
  child.stdout!.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return {
    text: () => text,
    async until(condition: (text: string) => boolean) {
      while (!condition(text)) await once(child.stdout!, 'data');
    },
  };
}

async function interactive(endpoint: string, args: string[], script: string): Promise<string> {
  const child = spawn('etcdctl', ['--endpoints', endpoint, ...args], { env: { ...process.env, ETCDCTL_API: '3' } });
  const seen = output(child);
  child.stdin.end(script);
  await once(child, 'close');
  return seen.text();
}
