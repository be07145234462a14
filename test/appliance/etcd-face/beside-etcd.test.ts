/** The same commands of etcdctl to a real etcd and to the face, one after another: what it prints must not differ. */
import test from 'ava';
import { startEtcd } from '#test/appliance/datastore/etcd/etcd-server.ts';
import { type ControlResult, etcdctl, serveMemory } from './face.ts';

/** A line is one command; words are separated by single spaces, `''` is an empty word. */
const script = `
get /a -w json
put /a 1
put /a 2 --prev-kv
put /b three -w json
put /c 4
put '' x
get /a -w json
get / --prefix
get / --prefix -w fields
get / --prefix -w table
get /a /c
get /b --from-key --keys-only
get '' --from-key --limit=1 -w json
get '' --prefix
get /a --rev=2
get /a --rev=1
get /a --rev=99
get /a --rev=-1
get / --prefix --limit=2 -w json
get / --prefix --sort-by=VALUE --order=DESCEND
get / --prefix --sort-by=MODIFY --order=ASCEND --limit=2 -w json
get / --prefix --sort-by=CREATE --order=DESCEND --keys-only
get / --prefix --sort-by=VERSION -w json
get / --prefix --sort-by=KEY --order=DESCEND
put /none --ignore-value
put /a --ignore-value
put /a x --ignore-value
put /a 5 --ignore-lease
put /a 5 --lease=77 --ignore-lease
put /a 6 --lease=4d2
del /nothing
del /b --prev-kv -w json
del /a /c
del / --prefix --prev-kv
get / --prefix -w json
lease timetolive 4d2
lease revoke 4d2
lease keep-alive --once 4d2
lease list
lease grant 30
put /old 1
put /k 1
put /k 2
compaction 12
compaction 12
compaction 999
get /k --rev=12
get /k --rev=3
watch / --prefix --rev=3
endpoint hashkv
endpoint hashkv --rev=13
endpoint hashkv --rev=4
endpoint hashkv --rev=999
endpoint health
alarm list
alarm disarm
defrag
auth enable
user list
member remove 1
move-leader 1234
get /k -w json
`;

test('etcdctl prints the same for a real etcd and for the face', async (t) => {
  await using etcd = await startEtcd();
  await using served = await serveMemory({ listen: 'http://127.0.0.1:0' });
  const endpoints = [etcd.endpoint, served.face.address].map((address) => address.replace('http://', ''));
  const differing: string[] = [];
  for (const line of script.trim().split('\n')) {
    const words = line.split(' ').map((word) => (word === "''" ? '' : word));
    const [theirs, ours] = await Promise.all(endpoints.map((endpoint) => run(endpoint, words)));
    if (theirs !== ours && !accepted.has(line)) differing.push(`${line}\n--- etcd\n${theirs}\n--- face\n${ours}`);
  }
  t.is(differing.join('\n'), '');
});

/** What a cluster of one without users does not do; see docs/design/datastore.md. */
const accepted = new Set(['auth enable', 'user list', 'member remove 1']);

async function run(endpoint: string, words: readonly string[]): Promise<string> {
  return print(await etcdctl(endpoint, ...words)).replaceAll(endpoint, 'ENDPOINT');
}

/** Without what is a server's own: its ids, its clock, its raft. */
function print({ status, out, err }: ControlResult): string {
  return `${status}\n${out}${err}`
    .replaceAll(/("(?:cluster_id|member_id|raft_term)":)\d+/g, '$1_')
    .replaceAll(/("(?:ClusterID|MemberID|RaftTerm)" : )\d+/g, '$1_')
    .replaceAll(/took = \S+/g, 'took = _')
    .replaceAll(/"ts":"[^"]*"/g, '"ts":_')
    .replaceAll(/"target":"[^"]*"/g, '"target":_')
    .replaceAll(/lease [0-9a-f]{16} granted/g, 'lease _ granted')
    .replaceAll(/[0-9a-f]+ \(0x[0-9a-f]+\)/g, '_');
}
