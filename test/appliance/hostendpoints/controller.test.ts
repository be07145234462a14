/** The controller over a store in memory that it follows as the agent does. */
import test, { type ExecutionContext } from 'ava';
import { followStore } from '#appliance/datastore/follow.ts';
import { createResources } from '#appliance/datastore/resources.ts';
import { createHostEndpointController } from '#appliance/hostendpoints/controller.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { kindOf } from '#appliance/resources/registry.ts';
import { apiVersion, type Resource } from '#appliance/resources/resource.ts';
import { openTestStore, until } from '../felix/status/test-store.ts';

let uids = 0;
const stamps = { now: () => new Date(0), uuid: () => `0b8a1e57-5d0c-4f38-8d1c-${String(++uids).padStart(12, '0')}` };
const prefix = '/calico/resources/v3/projectcalico.org/';

async function world(t: ExecutionContext, hosts: readonly string[] = ['node-7']) {
  const { store } = await openTestStore();
  const resources = createResources(store, stamps);
  const start = (nodename: string) => {
    const controller = createHostEndpointController({
      ...{ nodename, resources, mayWrite: () => true, log: silentLogger, settleMs: 1, retryMs: 5 },
    });
    const follower = followStore({
      store,
      prefixes: [prefix],
      log: silentLogger,
      sink: {
        onUpdates: (updates) => controller.onUpdates(updates),
        onStatus: (status) => {
          if (status === 'in-sync') controller.onInSync();
        },
      },
    });
    t.teardown(async () => {
      await follower.close();
      await controller.close();
    });
  };
  for (const host of hosts) {
    const interfaces = [{ name: 'eth0', addresses: ['10.9.0.7'] }, { name: 'eth1' }];
    const metadata = { name: host, labels: { role: 'web' } };
    await resources.create({ apiVersion, kind: 'Node', metadata, spec: { interfaces } }, { isSystem: true });
    start(host);
  }
  const names = async () => {
    const { entries } = await resources.list({ kind: kindOf('HostEndpoint')!, namespace: '', limit: 0 });
    return entries.map(({ key }) => key.toString().split('/').at(-1));
  };
  const configure = async (hostEndpoint: unknown) => {
    const resource = { apiVersion, kind: 'KubeControllersConfiguration', metadata: { name: 'default' } };
    const spec = { controllers: { node: { hostEndpoint } } };
    const ref = { kind: kindOf('KubeControllersConfiguration')!, namespace: '', name: 'default' };
    await resources
      .modify(ref, (current: Resource) => ({ ...current, spec }))
      .catch(() => resources.create({ ...resource, spec }));
  };
  return { resources, names, configure, revision: async () => (await store.revisions()).current };
}

const rest = () => new Promise((resolve) => setTimeout(resolve, 60));
const wan = { generateName: 'wan', interfacePattern: '^eth', nodeSelector: "role == 'web'" };

test('one template makes the endpoints of a fleet, each host its own, and its end takes them away', async (t) => {
  const { names, configure, revision } = await world(t, ['node-7', 'node-8']);
  await rest();
  t.deepEqual(await names(), []);
  await configure({ autoCreate: 'Enabled', createDefaultHostEndpoint: 'Disabled', templates: [wan] });
  const all = [
    'node-7-wan-eth0-auto-hep',
    'node-7-wan-eth1-auto-hep',
    'node-8-wan-eth0-auto-hep',
    'node-8-wan-eth1-auto-hep',
  ];
  await until(async () => (await names()).length === 4);
  t.deepEqual(await names(), all);
  const before = await revision();
  await rest();
  t.is(await revision(), before, 'nothing is written twice');
  await configure({ autoCreate: 'Enabled', templates: [] });
  await until(async () => (await names()).join() === 'node-7-auto-hep,node-8-auto-hep');
  await configure({ autoCreate: 'Disabled' });
  await until(async () => (await names()).length === 0);
  t.pass();
});

test('a label or interface more of the Node reaches the endpoint; what somebody takes away comes back', async (t) => {
  const { resources, names, configure } = await world(t);
  await configure({ autoCreate: 'Enabled' });
  await until(async () => (await names()).length === 1);
  const ref = { kind: kindOf('HostEndpoint')!, namespace: '', name: 'node-7-auto-hep' };
  await resources.modify({ kind: kindOf('Node')!, namespace: '', name: 'node-7' }, (node) => ({
    ...node,
    metadata: { ...node.metadata, labels: { role: 'db' } },
    spec: { interfaces: [{ name: 'eth0', addresses: ['10.9.0.8'] }] },
  }));
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const { resource } = await resources.get(ref);
  t.is(resource.metadata.labels?.role, 'db');
  t.deepEqual(resource.spec.expectedIPs, ['10.9.0.8']);
});

test('what a person made stays: under another name, and under the name of an automatic one', async (t) => {
  const { resources, names, configure, revision } = await world(t);
  const spec = { node: 'node-7', interfaceName: 'eth0' };
  for (const name of ['by-hand', 'node-7-auto-hep']) {
    await resources.create({ apiVersion, kind: 'HostEndpoint', metadata: { name }, spec });
  }
  await configure({ autoCreate: 'Enabled' });
  const before = await revision();
  await rest();
  await configure({ autoCreate: 'Disabled' });
  await rest();
  t.deepEqual(await names(), ['by-hand', 'node-7-auto-hep']);
  t.is(await revision(), before + 1, 'only the configuration was written');
});

test('somebody who keeps changing an endpoint is answered ever more seldom', async (t) => {
  const { resources, names, configure, revision } = await world(t);
  await configure({ autoCreate: 'Enabled' });
  await until(async () => (await names()).length === 1);
  const ref = { kind: kindOf('HostEndpoint')!, namespace: '', name: 'node-7-auto-hep' };
  const before = await revision();
  for (let n = 0; n < 20; n++) {
    await resources.modify(ref, (one) => ({ ...one, spec: { ...one.spec, expectedIPs: [`192.0.2.${n}`] } }));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const ours = (await revision()) - before - 20;
  t.true(ours <= 4, `${ours} answers`);
});
