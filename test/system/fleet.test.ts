/**
 * One object protects a fleet's cards: a template in KubeControllersConfiguration becomes host endpoints of this host's interfaces, also of one that
 * comes later, as Calico's controller would write them; policy by their labels holds for packets; and they go with the template. No controller runs.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { until } from '../appliance/felix/status/test-store.ts';
import { openWorld, type Probe, pause, root } from './coexistence/world.ts';

const template = {
  ...{ generateName: 'cards', interfacePattern: '^eth[1-9]$', nodeSelector: "role == 'edge'" },
  labels: { part: 'card' },
};
const configuration = (templates: readonly unknown[]) => ({
  kind: 'KubeControllersConfiguration',
  apiVersion: 'projectcalico.org/v3',
  metadata: { name: 'default' },
  spec: {
    controllers: {
      node: { hostEndpoint: { autoCreate: 'Enabled', createDefaultHostEndpoint: 'Disabled', templates } },
    },
  },
});
const policy = {
  kind: 'GlobalNetworkPolicy',
  spec: {
    selector: "part == 'card'",
    types: ['Ingress'],
    ingress: [{ action: 'Allow', protocol: 'TCP', destination: { ports: [8002] } }],
  },
};
const probe = (port: number): Probe => ({
  ...{ name: `${port}`, from: 'late', source: '10.7.0.2', target: '10.7.0.1', port, isOurs: port === 8002 },
});

test.serial('a template protects an interface that comes later, and its end takes the endpoint away', async (t) => {
  await using world = await openWorld();
  const get = async (key: string) =>
    JSON.parse((await world.etcdctl('get', '--print-value-only', `${root}/${key}`)) || 'null');
  const put = async (key: string, value: unknown) => world.etcdctl('put', `${root}/${key}`, JSON.stringify(value));
  await world.startAgent();
  await put('globalnetworkpolicies/default.cards', policy);
  await put('kubecontrollersconfigurations/default', configuration([template]));
  const node = await get('nodes/here');
  t.deepEqual(node.spec.interfaces, [{ name: 'eth0', addresses: ['10.9.0.1', 'fd09::1'] }]);
  await put('nodes/here', { ...node, metadata: { ...node.metadata, labels: { role: 'edge' } } });

  await world.addMachine('late', 'eth1', '10.7.0.2/24', '10.7.0.1');
  await world.exec('ip', 'addr', 'add', '10.7.0.1/24', 'dev', 'eth1');
  const key = 'hostendpoints/here-cards-eth1-auto-hep';
  await until(async () => (await get(key))?.spec.expectedIPs !== undefined || pause(), 30_000);
  const endpoint = await get(key);
  t.deepEqual(endpoint.spec, {
    node: 'here',
    interfaceName: 'eth1',
    expectedIPs: ['10.7.0.1'],
    profiles: ['projectcalico-default-allow'],
  });
  t.deepEqual(endpoint.metadata.labels, {
    role: 'edge',
    part: 'card',
    'projectcalico.org/created-by': 'calico-kube-controllers',
  });
  await until(async () => (await world.rules()).ours.includes('default.cards') || pause(), 5_000);
  t.deepEqual(await world.answered([probe(8001), probe(8002)]), ['8002']);
  const rewritten = async () =>
    (await world.etcdctl('get', '-w', 'json', `${root}/${key}`)).match(/"version":(\d+)/)?.[1];
  const before = await rewritten();
  t.truthy(before);
  await sleep(2_000);
  t.is(await rewritten(), before, 'nothing is written twice');

  await put('kubecontrollersconfigurations/default', configuration([]));
  await until(async () => (await get(key)) === null || pause(), 10_000);
  await until(async () => !(await world.rules()).ours.includes('default.cards') || pause(), 5_000);
  t.deepEqual(await world.answered([probe(8001), probe(8002)]), ['8001', '8002']);
  t.true(await world.isAgentRunning());
});
