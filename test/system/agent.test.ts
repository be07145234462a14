/** The agent as a program: over a real etcd with nothing in it, under changes of its configuration, and at its end. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { until, world } from './agent-world.ts';

const root = '/calico/resources/v3/projectcalico.org';

const endpointKey = `${root}/workloadendpoints/shop/here-vm-a-eth0`;
const objects: Record<string, unknown> = {
  [endpointKey]: {
    kind: 'WorkloadEndpoint',
    metadata: { labels: { part: 'a' } },
    spec: { node: 'here', interfaceName: 'calia', ipNetworks: ['10.65.0.1/32'] },
  },
  [`${root}/globalnetworkpolicies/only-smtp`]: {
    kind: 'GlobalNetworkPolicy',
    spec: { selector: "part == 'a'", ingress: [{ action: 'Allow', protocol: 'TCP', destination: { ports: [25] } }] },
  },
};

test.serial('over a bare etcd the agent initialises it, and a policy put there reaches the kernel', async (t) => {
  const { etcdctl, nft, status, folder } = await world(t);
  await until(async () => (await status()).isStoreReady === true);
  await until(async () => (await etcdctl('get', `${root}/nodes/here`)).includes('"kind":"Node"'));
  t.regex(await etcdctl('get', '--prefix', '--keys-only', root), /tiers\/default/);
  t.is(readFileSync(join(folder, 'data/nodename'), 'utf8'), 'here\n');
  for (const [key, value] of Object.entries(objects)) await etcdctl('put', key, JSON.stringify(value));
  await until(async () => (await nft()).includes('gnp/only-smtp/ingress/0'));
  await etcdctl('del', `${root}/globalnetworkpolicies/only-smtp`);
  await until(async () => !(await nft()).includes('gnp/only-smtp/ingress/0'));
});

test.serial('a change of configuration reaches the kernel, the log and the store while the agent runs', async (t) => {
  const { agent, etcdctl, nft, status } = await world(t, { CALICO_LOG_LEVEL: 'silent' });
  await until(async () => (await status()).isStoreReady === true);
  for (const [key, value] of Object.entries(objects)) await etcdctl('put', key, JSON.stringify(value));
  await until(async () => (await nft()).includes('gnp/only-smtp/ingress/0'));
  t.notRegex(await nft(), /reject/);
  let output = '';
  agent.all.on('data', (text: Buffer) => {
    output += text;
  });
  const spec = {
    nftablesFilterDenyAction: 'Reject',
    endpointReportingEnabled: true,
    endpointReportingDelay: '100ms',
  };
  await etcdctl('put', `${root}/felixconfigurations/default`, JSON.stringify({ spec }));
  await until(async () => /reject/.test(await nft()));
  await until(async () => (await etcdctl('get', '--prefix', '/calico/felix/v2/')).includes('{"status":"down"}'));
  t.is(output, '');
  await etcdctl(
    'put',
    `${root}/felixconfigurations/default`,
    '{"spec":{"logSeverityScreen":"Warning","vxlanPort":70000}}',
  );
  await until(() => /"level":"warn".*VXLANPort: cannot use/.test(output));
  t.is(agent.exitCode, null);
});

test.serial('it stops with 0, also while its store hangs, and the kernel keeps what it has', async (t) => {
  const { agent, etcd, nft, status } = await world(t);
  await until(async () => (await status()).appliedRevision > 0);
  const before = await nft();
  t.true(before.includes('table inet calico'));
  etcd.kill('SIGSTOP');
  const startMs = performance.now();
  agent.kill('SIGTERM');
  const { exitCode } = await agent;
  etcd.kill('SIGCONT');
  t.is(exitCode, 0);
  t.true(performance.now() - startMs < 10_000, 'systemd waits no longer');
  t.is(await nft(), before);
});

for (const [setting, value, message] of [
  ['NODENAME', 'A/b', /^calico-node: NODENAME: "A\/b" must consist of .*$/],
  ['DATASTORE_TYPE', 'kubernetes', /^calico-node: DATASTORE_TYPE: .*$/],
  ['ETCD_CA_CERT_FILE', '/nowhere/ca.crt', /^calico-node: ENOENT.*\/nowhere\/ca\.crt'$/],
  ['IP', 'anywhere', /^calico-node: IP: must be an IPv4 address, autodetect or none$/],
] as const)
  test.serial(`${setting}=${value} ends it with 1 and one line`, async (t) => {
    const { agent } = await world(t, { CALICO_NETWORKING_BACKEND: 'vxlan', [setting]: value });
    const { exitCode, stderr, stdout } = await agent;
    t.is(exitCode, 1);
    t.regex(stderr, message);
    t.is(stdout, '');
  });
