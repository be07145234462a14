/** An agent that reaches the API server's etcd over TLS with nothing but the certificate of its node: it registers, enforces and reports. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { createCertificates } from '../appliance/etcd-face/certificates.ts';
import { until as untilWithin } from '../appliance/felix/status/test-store.ts';
import { createNamespace } from '../kernel/netlink/namespace.ts';

const program = (name: string) => join(import.meta.dirname, '../../bin', name);
const root = '/calico/resources/v3/projectcalico.org';
const until = (check: () => boolean | Promise<boolean>) => untilWithin(check, 30_000);

const policy = {
  kind: 'GlobalNetworkPolicy',
  spec: { selector: "part == 'a'", ingress: [{ action: 'Allow', protocol: 'TCP', destination: { ports: [25] } }] },
};
const endpoint = {
  kind: 'WorkloadEndpoint',
  metadata: { labels: { part: 'a' } },
  spec: { node: 'here', interfaceName: 'calia', ipNetworks: ['10.65.0.1/32'] },
};
const configuration = {
  kind: 'FelixConfiguration',
  spec: { reportingInterval: '1s', endpointReportingEnabled: true, endpointReportingDelay: '0.1s' },
};

test('an agent with the certificate of its node registers, enforces and reports, and is refused nothing it needs', async (t) => {
  const namespace = await createNamespace();
  const folder = mkdtempSync(join(tmpdir(), 'calico-certificate-'));
  const { file, makeAuthority, makeCertificate, remove } = createCertificates();
  makeAuthority('ca');
  makeCertificate('ca', 'server');
  makeCertificate('ca', 'master', '/O=system:masters/CN=operator');
  makeCertificate('ca', 'node', '/O=system:nodes/CN=system:node:here');
  const start = (name: string, env: Record<string, string>) =>
    execa('ip', ['netns', 'exec', namespace.name, program(name)], {
      env: {
        CALICO_CONFIG_DIR: join(folder, name, 'etc'),
        CALICO_DATA_DIR: join(folder, name, 'data'),
        CALICO_RUN_DIR: join(folder, name, 'run'),
        ...env,
      },
      reject: false,
      all: true,
      stdin: 'ignore',
    });
  const address = 'https://127.0.0.1:23790';
  const keeper = start('calico-apiserver', {
    CALICO_ETCD_LISTEN: address,
    CALICO_ETCD_TLS_CERT_FILE: file('server.crt'),
    CALICO_ETCD_TLS_KEY_FILE: file('server.key'),
    CALICO_ETCD_TLS_CA_FILE: file('ca.crt'),
  });
  let said = '';
  keeper.all.on('data', (text: Buffer) => {
    said += text;
  });
  const flags = ['--endpoints', address, '--cacert', file('ca.crt')];
  const etcdctl = (...words: string[]) =>
    namespace.exec('etcdctl', ...flags, '--cert', file('master.crt'), '--key', file('master.key'), ...words);
  await until(() => said.includes('"serving"'));
  const agent = start('calico-node', {
    DATASTORE_TYPE: 'etcdv3',
    ETCD_ENDPOINTS: address,
    ETCD_CA_CERT_FILE: file('ca.crt'),
    ETCD_CERT_FILE: file('node.crt'),
    ETCD_KEY_FILE: file('node.key'),
    CALICO_NETWORKING_BACKEND: 'none',
    NODENAME: 'here',
  });
  t.teardown(async () => {
    for (const child of [agent, keeper]) child.kill('SIGKILL');
    await Promise.all([agent, keeper]);
    await namespace[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
    remove();
  });
  await until(async () => (await etcdctl('get', `${root}/nodes/here`)).includes('"kind":"Node"'));
  await etcdctl('put', `${root}/felixconfigurations/default`, JSON.stringify(configuration));
  await etcdctl('put', `${root}/workloadendpoints/shop/here-vm-a-eth0`, JSON.stringify(endpoint));
  await etcdctl('put', `${root}/globalnetworkpolicies/only-smtp`, JSON.stringify(policy));
  await until(async () => (await namespace.exec('nft', 'list', 'ruleset')).includes('gnp/only-smtp/ingress/0'));
  const reported = () => etcdctl('get', '--prefix', '/calico/felix/v2/no-region/host/here/');
  await until(async () => {
    const text = await reported();
    return text.includes('"first_update"') && text.includes('{"status":"down"}');
  });
  t.is(agent.exitCode, null);
  t.false(said.includes('permission denied'), said);
});
