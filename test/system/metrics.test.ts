/** The agent's metrics as a monitor reads them: by Prometheus' own parser, with hits that real packets caused, over plain HTTP and TLS. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createNamespace } from '../kernel/netlink/namespace.ts';
import { until, world } from './agent-world.ts';

const top = join(import.meta.dirname, '../..');
const root = '/calico/resources/v3/projectcalico.org';

type Sample = readonly [type: string, name: string, labels: Readonly<Record<string, string>>, value: number | null];

/** Every sample, once Prometheus' parser has found nothing wrong. */
function parse(text: string): Sample[] {
  const python = execFileSync('sh', [join(top, 'tools/python.sh'), 'prometheus'], { encoding: 'utf8' }).trim();
  const output = execFileSync(python, [join(top, 'test/python/read_metrics.py')], { input: text, encoding: 'utf8' });
  return JSON.parse(output) as Sample[];
}

/** The parser gives every counter the ending that Felix's do not have. */
const bare = (name: string) => name.replace(/_total$/, '');

function sampleOf(samples: readonly Sample[], name: string, labels: Readonly<Record<string, string>> = {}) {
  const isMeant = (own: Sample[2]) => Object.entries(labels).every(([label, text]) => own[label] === text);
  return samples.find((sample) => bare(sample[1]) === bare(name) && isMeant(sample[2]))?.[3];
}

/** A workload behind `calia` whose egress policy allows ICMP by its second rule. */
async function addWorkload(t: ExecutionContext, { exec, etcdctl, page }: Awaited<ReturnType<typeof world>>) {
  const workload = await createNamespace();
  t.teardown(() => workload[Symbol.asyncDispose]());
  await exec('ip', 'link', 'add', 'calia', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', workload.name);
  await exec('ip', 'link', 'set', 'calia', 'up');
  await workload.exec('ip', 'address', 'add', '10.65.0.1/32', 'dev', 'eth0');
  await workload.exec('ip', 'link', 'set', 'eth0', 'up');
  await workload.exec('ip', 'route', 'add', '10.0.0.1', 'dev', 'eth0');
  const rules = [
    { action: 'Deny', protocol: 'TCP', destination: { selector: "part == 'a'" } },
    { action: 'Allow', protocol: 'ICMP' },
  ];
  const objects: Record<string, unknown> = {
    [`${root}/workloadendpoints/shop/here-vm-a-eth0`]: {
      kind: 'WorkloadEndpoint',
      metadata: { labels: { part: 'a' } },
      spec: { node: 'here', interfaceName: 'calia', ipNetworks: ['10.65.0.1/32'] },
    },
    [`${root}/globalnetworkpolicies/default.pings`]: {
      kind: 'GlobalNetworkPolicy',
      spec: { selector: "part == 'a'", types: ['Egress'], egress: rules },
    },
    [`${root}/stagedglobalnetworkpolicies/default.no-pings`]: {
      kind: 'StagedGlobalNetworkPolicy',
      spec: { selector: "part == 'a'", types: ['Egress'], egress: [{ action: 'Deny', protocol: 'ICMP' }] },
    },
  };
  for (const [key, value] of Object.entries(objects)) await etcdctl('put', key, JSON.stringify(value));
  await until(async () => {
    const hits = (await page('/hits')) as { rules: { name: string; rule: number }[] } | undefined;
    const isThere = (policy: string, index: number) =>
      hits?.rules.some(({ name, rule }) => name === policy && rule === index) ?? false;
    return isThere('default.pings', 1) && isThere('default.no-pings', 0);
  });
  return workload;
}

const backends: readonly (readonly [name: string, settings: Record<string, string>])[] = [
  ['nftables', {}],
  ['iptables', { FELIX_NFTABLESMODE: 'Disabled', FELIX_IPTABLESBACKEND: 'NFT' }],
];

for (const [backend, settings] of backends)
  test.serial(`metrics of ${backend} are what packets, objects and passes were`, (t) =>
    checkMetrics(t, backend, settings),
  );

async function checkMetrics(t: ExecutionContext, backend: string, settings: Record<string, string>) {
  const prometheus = { FELIX_PROMETHEUSMETRICSENABLED: 'true', FELIX_PROMETHEUSMETRICSPORT: '9191' };
  const there = await world(t, { ...prometheus, ...settings });
  const { get, status, exec } = there;
  await until(async () => (await status()).appliedRevision > 0);
  const workload = await addWorkload(t, there);
  await exec('ip', 'address', 'add', '10.0.0.1/32', 'dev', 'lo');
  await workload.exec('sh', '-c', 'ping -c 3 -i 0.2 -W 1 10.0.0.1 || true');
  const read = async () => parse((await get('http://127.0.0.1:9191/metrics')).text);
  const rule = { kind: 'GlobalNetworkPolicy', namespace: '', name: 'default.pings', direction: 'egress', rule: '1' };
  await until(async () => sampleOf(await read(), 'calico_policy_rule_packets_total', rule) === 3);
  const samples = await read();
  t.is(sampleOf(samples, 'calico_policy_rule_bytes_total', rule), 3 * 84);
  t.is(sampleOf(samples, 'calico_policy_rule_packets_total', { ...rule, rule: '0' }), 0);
  t.is(sampleOf(samples, 'calico_policy_packets_total', { name: 'default.pings', action: 'allow' }), 3);
  const staged = { kind: 'StagedGlobalNetworkPolicy', namespace: '', name: 'default.no-pings', direction: 'egress' };
  t.is(sampleOf(samples, 'calico_policy_rule_packets_total', { ...staged, rule: '0' }), 3);
  const stages = samples.filter(([, name]) => name === 'calico_stage_packets_total');
  t.is(sampleOf(stages, 'calico_stage_packets_total', { stage: 'drop/endpoint-to-host' }), 3);
  t.is(sampleOf(samples, 'felix_host', { host: 'here' }), 1);
  t.is(sampleOf(samples, 'felix_resync_state'), 3);
  t.is(sampleOf(samples, 'felix_cluster_num_hosts'), 1);
  t.is(sampleOf(samples, 'felix_cluster_num_policies'), 2);
  t.is(sampleOf(samples, 'felix_cluster_num_workload_endpoints'), 1);
  t.is(sampleOf(samples, 'felix_active_local_endpoints'), 1);
  t.is(sampleOf(samples, 'felix_active_local_policies'), 2);
  t.is(sampleOf(samples, 'felix_int_dataplane_failures'), 0);
  t.is(sampleOf(samples, 'felix_calc_graph_updates_processed', { type: 'globalnetworkpolicies' }), 1);
  t.true(sampleOf(samples, 'felix_int_dataplane_messages', { type: 'policy-update' })! >= 1);
  t.true(sampleOf(samples, 'felix_int_dataplane_apply_time_seconds_count')! >= 2);
  await checkKernel(t, backend, there, samples);
  t.true(sampleOf(samples, 'process_open_fds')! > 5);
  t.true(sampleOf(samples, 'process_resident_memory_bytes')! > 1e7);
  t.is(sampleOf(samples, 'nodejs_version_info'), 1);
  t.is(sampleOf(samples, 'calico_node_ready', { component: 'InternalDataplaneMainLoop' }), 1);
  await changeFirstRule(there);
  t.is(sampleOf(await read(), 'calico_policy_rule_packets_total', rule), 3, 'a change of the policy loses nothing');
}

/** And waits until it is applied. */
async function changeFirstRule({ etcdctl, status }: Awaited<ReturnType<typeof world>>): Promise<void> {
  const rules = [
    { action: 'Deny', protocol: 'UDP' },
    { action: 'Allow', protocol: 'ICMP' },
  ];
  const spec = { selector: "part == 'a'", types: ['Egress'], egress: rules };
  const key = `${root}/globalnetworkpolicies/default.pings`;
  await etcdctl('put', key, JSON.stringify({ kind: 'GlobalNetworkPolicy', spec }));
  const { kvs } = JSON.parse(await etcdctl('get', key, '-w', 'json')) as { kvs: { mod_revision: number }[] };
  await until(async () => (await status()).appliedRevision >= kvs[0]!.mod_revision);
}

/** What is said of the kernel is what the kernel's own tools count. */
async function checkKernel(
  t: ExecutionContext,
  backend: string,
  { exec, nft }: Awaited<ReturnType<typeof world>>,
  samples: readonly Sample[],
) {
  const value = (name: string, labels?: Record<string, string>) => sampleOf(samples, name, labels);
  const main = { table: 'IPv4:254' };
  t.is(value('felix_route_table_num_routes', main), 1);
  t.is(value('felix_route_table_num_ifaces', main), (JSON.parse(await exec('ip', '-json', 'link')) as []).length);
  t.true(value('felix_route_table_resync_seconds_count')! >= 1);
  t.true(value('felix_label_index_selector_evals', { result: 'true' })! >= 1);
  if (backend === 'nftables') {
    const text = (await nft()).split('table inet calico')[1]!;
    const countOf = (pattern: RegExp) => text.match(pattern)?.length ?? 0;
    t.is(value('felix_nft_chains'), countOf(/^\tchain /gm));
    t.is(value('felix_nft_sets'), countOf(/^\tset /gm));
    t.is(value('felix_nft_maps'), countOf(/^\tmap /gm));
    t.is(value('felix_nft_rules'), countOf(/^\t\t(?!type ).* comment "/gm));
    t.true(value('felix_nft_calls')! >= 2);
    t.is(value('felix_nft_errors'), 0);
    t.true(value('felix_nft_list_calls')! >= 1);
    t.is(value('felix_iptables_rules'), undefined);
    return;
  }
  const saved = await exec('iptables-nft-save', '-t', 'filter');
  const filter = { ip_version: '4', table: 'filter' };
  t.is(value('felix_iptables_chains', filter), saved.match(/^:cali-/gm)?.length);
  t.is(value('felix_iptables_rules', filter), saved.match(/^-A .*cali:/gm)?.length);
  t.true(value('felix_iptables_lines_executed', filter)! >= value('felix_iptables_rules', filter)!);
  t.is(
    value('felix_ipsets_calico', { ip_version: 'inet' }),
    (await exec('ipset', 'list', '-n')).match(/^cali40/gm)?.length,
  );
  t.true(value('felix_iptables_restore_calls')! >= 2);
  t.is(value('felix_iptables_restore_errors'), 0);
  t.true(value('felix_iptables_save_calls')! >= 2);
  t.true(value('felix_ipset_calls')! >= 1);
  t.true(value('felix_exec_time_micros_count')! >= 5);
  t.is(value('felix_nft_calls'), undefined);
}

test.serial('the store moves the port, switches TLS on and leaves out what is not wanted', async (t) => {
  const { etcdctl, get, status, folder, exec } = await world(t);
  await until(async () => (await status()).appliedRevision > 0);
  const configure = (spec: object) => etcdctl('put', `${root}/felixconfigurations/default`, JSON.stringify({ spec }));
  t.is((await get('http://127.0.0.1:9091/metrics')).code, 0);
  await configure({ prometheusMetricsEnabled: true });
  await until(async () => (await get('http://127.0.0.1:9091/metrics')).code === 200);
  await configure({
    prometheusMetricsEnabled: true,
    prometheusMetricsPort: 9092,
    prometheusGoMetricsEnabled: false,
    prometheusProcessMetricsEnabled: false,
  });
  await until(async () => (await get('http://127.0.0.1:9092/metrics')).code === 200);
  const { text } = await get('http://127.0.0.1:9092/metrics');
  t.notRegex(text, /^(process|nodejs)_/m);
  t.regex(text, /^felix_host/m);
  t.is((await get('http://127.0.0.1:9091/metrics')).code, 0);
  const [certFile, keyFile] = [join(folder, 'm.crt'), join(folder, 'm.key')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-days', '2'];
  await exec(
    'openssl',
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    keyFile,
    '-out',
    certFile,
    ...subject,
  );
  const half = { prometheusMetricsEnabled: true, prometheusMetricsPort: 9092, prometheusMetricsCertFile: certFile };
  await configure(half);
  await until(async () => /together/.test((await status()).ports?.metrics.problem ?? ''));
  t.is((await get('http://127.0.0.1:9092/metrics')).code, 0, 'what is half protected is not served');
  await configure({ ...half, prometheusMetricsKeyFile: keyFile });
  const connect = `openssl s_client -connect 127.0.0.1:9092 -CAfile ${certFile} -verify_return_error -brief </dev/null`;
  const isSecure = () =>
    exec('sh', '-c', connect).then(
      () => true,
      () => false,
    );
  await until(isSecure);
  t.is((await get('http://127.0.0.1:9092/metrics')).code, 0, 'and no longer in the clear');
});
