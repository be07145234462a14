/** `calicoctl ipam`: upstream's tables and sentences, exit codes, and a leak's way from the check to its end. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { printBox } from '#cli/output/boxed-table.ts';
import { printFiveDigits, printShare } from '#cli/output/go-number.ts';
import { startIpamWorld } from './ipam-world.ts';
import { runCli } from './run-cli.ts';

const block = '/calico/ipam/v2/assignment/ipv4/block/10.77.0.80-28';

test('show prints pools and blocks as upstream does', async (t) => {
  await using world = await startIpamWorld();
  await world.api.resources.create({
    kind: 'IPPool',
    apiVersion: 'projectcalico.org/v3',
    metadata: { name: 'a-large' },
    spec: { cidr: '10.16.0.0/12' },
  });
  const { stdout } = await world.ctl('ipam', 'show');
  t.is(
    stdout,
    `+----------+---------------+------------+------------+--------------+-------------------+
| GROUPING |     CIDR      | IPS TOTAL  | IPS IN USE | IPS RESERVED |     IPS FREE      |
+----------+---------------+------------+------------+--------------+-------------------+
| IP Pool  | 10.16.0.0/12  | 1.0486e+06 |     0 (0%) |       0 (0%) | 1.0486e+06 (100%) |
| IP Pool  | 10.77.0.0/24  |        256 |    24 (9%) |       0 (0%) |         232 (91%) |
| IP Pool  | fd00:77::/116 |       4096 |     2 (0%) |       0 (0%) |       4094 (100%) |
+----------+---------------+------------+------------+--------------+-------------------+
`,
  );
  const blocks = (await world.ctl('ipam', 'show', '--show-blocks')).stdout;
  t.regex(blocks, /\| Block +\| 10\.77\.0\.240\/28 +\| +16 \| +16 \(100%\) \| +0 \(0%\) \| +0 \(0%\) \|/);
});

test('show tells who has an address, who borrows, and the settings', async (t) => {
  await using world = await startIpamWorld();
  t.is(
    (await world.ctl('ipam', 'show', '--ip=10.77.0.80')).stdout,
    'IP 10.77.0.80 is in use\nHandle ID: ipip-tunnel-addr-node-2\nActive Owner Attributes:\n  node: node-2\n  type: ipipTunnelAddress\n',
  );
  t.is((await world.ctl('ipam', 'show', '--ip=10.77.0.99')).stdout, '10.77.0.99 is not assigned\n');
  const text = readEntriesOf(block, world).then((value) => value.replace('"host:node-2"', '"host:node-9"'));
  await world.put(block, await text);
  t.is(
    (await world.ctl('ipam', 'show', '--show-borrowed')).stdout,
    `+------------+----------------+---------------+-------------+-------------------+--------------+
|     IP     | BORROWING-NODE |     BLOCK     | BLOCK OWNER |       TYPE        | ALLOCATED-TO |
+------------+----------------+---------------+-------------+-------------------+--------------+
| 10.77.0.80 | node-2         | 10.77.0.80/28 | node-9      | ipipTunnelAddress | node-2       |
+------------+----------------+---------------+-------------+-------------------+--------------+
NOTE: 20 allocated addresses name no node; whether they are borrowed cannot be told.
`,
  );
  t.regex((await world.ctl('ipam', 'show', '--show-configuration')).stdout, /\| MaxBlocksPerHost +\| 7 +\|/);
  const json = await world.ctl('ipam', 'show', '--show-configuration', '-o', 'json');
  t.is(JSON.parse(json.stdout).strictAffinity, true);
  t.is((await world.ctl('ipam', 'show', '--ip=1.2.3.4', '--show-blocks')).exitCode, 2);
  const wrong = await world.ctl('ipam', 'show', '--ip=1.2.3');
  t.deepEqual([wrong.exitCode, wrong.stdout], [1, '']);
  t.regex(wrong.stderr, /'1\.2\.3' is not an IP address/);
});

test('a leak is found, reported, released by reports that agree, and gone', async (t) => {
  await using world = await startIpamWorld();
  const report = (name: string) => join(world.directory, name);
  const first = await world.ctl('ipam', 'check', '--show-problem-ips', '-o', report('a.json'));
  t.is(first.exitCode, 3);
  t.regex(first.stdout, /Found 26 IPs that are allocated in IPAM but not actually in use\./);
  t.regex(first.stdout, /Check complete; found 27 problems\.\n$/);
  t.regex(readFileSync(report('a.json'), 'utf8'), /"sequenceNumber": 1795386108831035254,/);

  const refused = await world.ctl('ipam', 'release', `--from-report=${report('a.json')}`);
  t.regex(refused.stderr, /not locked/);
  await lock(world, true);
  t.regex((await world.ctl('ipam', 'release', `--from-report=${report('a.json')}`)).stderr, /no report was made since/);
  // one leak is no leak any more, and one was given anew, when the second report is made
  await world.ctl('ipam', 'release', '--ip=10.77.0.80');
  await world.ctl('ipam', 'check', '-o', report('b.json'));
  const both = [`--from-report=${report('a.json')}`, `--from-report=${report('b.json')}`];
  t.regex((await world.ctl('ipam', 'release', ...both, '--dry-run')).stdout, /^Would release 25 IPs; 0 were/);
  const done = await world.ctl('ipam', 'release', ...both);
  t.regex(done.stdout, /^Released 25 IPs; 0 were released already\.\n/);
  const after = await world.ctl('ipam', 'check');
  t.regex(after.stdout, /Found 0 IPs that are allocated in IPAM but not actually in use\./);
  t.regex((await world.ctl('ipam', 'release', ...both)).stdout, /^Released 0 IPs; 25 were released already\./);
});

test('reports of another cluster are refused whatever is forced, and so is what is no report', async (t) => {
  await using world = await startIpamWorld();
  const path = join(world.directory, 'r.json');
  await world.ctl('ipam', 'check', '-o', path);
  writeFileSync(path, readFileSync(path, 'utf8').replace('ffffffff', '00000000'));
  const other = await world.ctl('ipam', 'release', `--from-report=${path}`, '--force');
  t.deepEqual([other.exitCode, other.stdout], [1, '']);
  t.regex(other.stderr, /another cluster/);
  writeFileSync(path, '{"a":1}');
  t.regex((await world.ctl('ipam', 'release', `--from-report=${path}`)).stderr, /is no report/);
});

test('check --fix gives back what nobody uses, once the store is locked', async (t) => {
  await using world = await startIpamWorld();
  await world.put('/calico/ipam/v2/handle/gone', '{"block":{"10.77.0.0/28":1},"deleted":false}');
  t.regex((await world.ctl('ipam', 'check', '--fix')).stderr, /not locked/);
  const dry = await world.ctl('ipam', 'check', '--fix', '--dry-run');
  t.regex(dry.stdout, /Would release 26 IPs; 0 were released already\.\nWould delete 1 handles:\n\.\n$/);
  await lock(world, true);
  t.regex((await world.ctl('ipam', 'check', '--fix')).stdout, /Released 26 IPs; .*\nDeleting 1 handles:\n\.\n$/);
  const clean = await world.ctl('ipam', 'check');
  // what Calico's client had counted too many of is a handle without addresses now
  t.regex(clean.stdout, /found 1 problems/);
  await world.ctl('ipam', 'check', '--fix');
  const end = await world.ctl('ipam', 'check');
  t.deepEqual([end.exitCode, /found 0 problems/.test(end.stdout)], [0, true], end.stdout);
});

test('release, split and configure say what upstream says', async (t) => {
  await using world = await startIpamWorld();
  const twice = [
    await world.ctl('ipam', 'release', '--ip=10.77.0.80'),
    await world.ctl('ipam', 'release', '--ip=10.77.0.80'),
  ];
  t.deepEqual(twice[0], { exitCode: 0, stdout: 'Successfully released IP address 10.77.0.80\n', stderr: '' });
  t.deepEqual(twice[1], { exitCode: 1, stdout: '', stderr: 'IP address 10.77.0.80 is not assigned\n' });
  const set = await world.ctl('ipam', 'configure', '--strictaffinity=true', '--ip-cooldown-seconds=5');
  t.is(set.stdout, 'Successfully set StrictAffinity to: true\nSuccessfully set IPCooldownSeconds to: 5\n');
  t.is((await world.ctl('ipam', 'configure')).exitCode, 2);
  t.regex((await world.ctl('ipam', 'configure', '--strictaffinity=false')).stderr, /maxBlocksPerHost: can be set only/);
  t.is((await world.ctl('ipam', 'split', '3', '--name=v4')).exitCode, 2);
  t.regex((await world.ctl('ipam', 'split', '2', '--name=v4')).stderr, /not locked/);
  await lock(world, true);
  t.is(
    (await world.ctl('ipam', 'split', '2', '--cidr=10.77.0.0/24')).stdout,
    'Created IP pool split-v4-0 with CIDR 10.77.0.0/25\nCreated IP pool split-v4-1 with CIDR 10.77.0.128/25\n',
  );
});

test('an API server that is not there is told of', async (t) => {
  t.is((await runCli(['ipam', 'show'], { env: { CALICO_API_SOCKET: '/nonexistent/api.sock' } })).exitCode, 6);
});

test('`printFiveDigits()` and `printShare()` print as Go does', (t) => {
  const known: [number, string][] = [
    [0, '0'],
    [7, '7'],
    [65536, '65536'],
    [99999, '99999'],
    [100000, '1e+05'],
    [1048576, '1.0486e+06'],
    [2 ** 80, '1.2089e+24'],
  ];
  for (const [value, text] of known) t.is(printFiveDigits(value), text);
  t.is(printShare(1, 200), '1 (0%)');
  t.is(printShare(3, 200), '3 (2%)');
});

test('`printBox()` centres headings with the odd blank behind', (t) => {
  t.is(printBox(['AB'], [['12345']], ['right']), '+-------+\n|  AB   |\n+-------+\n| 12345 |\n+-------+\n');
});

async function lock(world: Awaited<ReturnType<typeof startIpamWorld>>, isLocked: boolean): Promise<void> {
  const { kindOf } = await import('#appliance/resources/registry.ts');
  const ref = { kind: kindOf('ClusterInformation')!, namespace: '', name: 'default' };
  await world.api.resources.modify(
    ref,
    (current) => ({ ...current, spec: { ...current.spec, datastoreReady: !isLocked } }),
    { isSystem: true },
  );
}

async function readEntriesOf(key: string, world: Awaited<ReturnType<typeof startIpamWorld>>): Promise<string> {
  return (await world.api.store.range({ key: Buffer.from(key) })).entries[0]!.value.toString();
}
