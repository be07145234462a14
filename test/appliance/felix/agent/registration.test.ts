import test from 'ava';
import { createResources } from '#appliance/datastore/resources.ts';
import { keepAddresses, keepRegistering } from '#appliance/felix/agent/registration.ts';
import { createFakeKernel } from '#appliance/kernel/fake/kernel.ts';
import { type Logger, silentLogger } from '#appliance/lib/log.ts';
import { kindOf } from '#appliance/resources/registry.ts';
import { apiVersion, type Resource } from '#appliance/resources/resource.ts';
import { openTestStore, type TestStore, until } from '../status/test-store.ts';

const stamps = { now: () => new Date(0), uuid: () => '0b8a1e57-5d0c-4f38-8d1c-9c6a51f0a027' };
const never = new AbortController().signal;
const root = '/calico/resources/v3/projectcalico.org';

const host = { kernel: createFakeKernel(), isWorkload: (name: string) => name.startsWith('tap') };

function register(
  test: TestStore,
  environment: Record<string, string> = {},
  more: { log?: Logger; nodename?: string } = {},
) {
  const hostAddresses = () => [{ link: 'eth0', isInternal: false, cidr: '10.9.0.7/24' }];
  const options = { store: test.store, nodename: 'node-7', environment, hostAddresses, stamps, retryMs: 1 };
  const kernel = createFakeKernel();
  const registered = keepRegistering(
    { ...options, kernel, isWorkload: () => false, log: silentLogger, ...more },
    never,
  );
  return registered;
}

const node = async (test: TestStore) => JSON.parse((await test.read(`${root}/nodes/node-7`)) ?? 'null');

/** Remembers warnings. */
function recordingLogger(warnings: unknown[]): Logger {
  const log: Logger = { ...silentLogger, warn: (fields) => void warnings.push(fields), child: () => log };
  return log;
}

test('a bare store is initialised and gets the Node', async (t) => {
  const test = await openTestStore();
  await register(test);
  t.deepEqual(await test.keys(), [
    `${root}/clusterinformations/default`,
    `${root}/nodes/node-7`,
    `${root}/tiers/default`,
    `${root}/tiers/kube-admin`,
    `${root}/tiers/kube-baseline`,
  ]);
  t.true(JSON.parse((await test.read(`${root}/clusterinformations/default`))!).spec.datastoreReady);
  t.deepEqual((await node(test)).spec, {
    bgp: { ipv4Address: '10.9.0.7/24' },
    addresses: [{ address: '10.9.0.7/24', type: 'CalicoNodeIP' }],
  });
});

test('a second start writes nothing', async (t) => {
  const test = await openTestStore();
  await register(test);
  const { current } = await test.store.revisions();
  await register(test);
  t.is((await test.store.revisions()).current, current);
});

test('addresses are corrected, and everything else on the Node is left alone', async (t) => {
  const test = await openTestStore();
  await register(test);
  const resources = createResources(test.store, stamps);
  await resources.modify({ kind: kindOf('Node')!, namespace: '', name: 'node-7' }, (current) => ({
    ...current,
    metadata: { ...current.metadata, labels: { rack: 'r1' } },
    spec: { bgp: { asNumber: 64512, ipv4Address: '10.0.0.1/8' } },
  }));
  await register(test);
  t.is((await node(test)).spec.bgp.ipv4Address, '10.0.0.1/8');
  await register(test, { IP: 'autodetect' });
  t.deepEqual((await node(test)).spec.bgp, { asNumber: 64512, ipv4Address: '10.9.0.7/24' });
  t.deepEqual((await node(test)).metadata.labels, { rack: 'r1' });
});

test('a host that only enforces policy registers without addresses', async (t) => {
  const test = await openTestStore();
  await register(test, { CALICO_NETWORKING_BACKEND: 'none' });
  t.deepEqual((await node(test)).spec, {});
});

test('a locked store is not written to, and one warning says so', async (t) => {
  const test = await openTestStore();
  const resources = createResources(test.store, stamps);
  const locked = {
    apiVersion,
    kind: 'ClusterInformation',
    metadata: { name: 'default' },
    spec: { datastoreReady: false },
  };
  await resources.create(locked, { isSystem: true });
  const warnings: unknown[] = [];
  const registered = register(test, {}, { log: recordingLogger(warnings) });
  await until(() => warnings.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.is(await node(test), null);
  const ref = { kind: kindOf('ClusterInformation')!, namespace: '', name: 'default' };
  const unlock = (current: Resource) => ({ ...current, spec: { ...current.spec, datastoreReady: true } });
  await resources.modify(ref, unlock, { isSystem: true });
  await registered;
  t.is((await node(test)).metadata.name, 'node-7');
  t.deepEqual(warnings, [{ reason: 'the store is locked' }]);
});

test('a store that is away only makes it later', async (t) => {
  const test = await openTestStore();
  test.isAway = true;
  const registered = register(test);
  await until(() => test.calls.length > 3);
  test.isAway = false;
  await registered;
  t.is((await node(test)).metadata.name, 'node-7');
});

test('an address another Node has is a warning, unless it is not to be checked', async (t) => {
  const test = await openTestStore();
  await register(test);
  for (const [environment, expected] of [
    [{}, [{ addresses: ['10.9.0.7'], other: 'node-7' }]],
    [{ DISABLE_NODE_IP_CHECK: 'true' }, []],
  ] as const) {
    const warnings: unknown[] = [];
    await register(test, environment, { nodename: 'node-8', log: recordingLogger(warnings) });
    t.deepEqual(warnings, [...expected]);
  }
});

test('the signal ends it', async (t) => {
  const test = await openTestStore();
  test.isAway = true;
  const abort = new AbortController();
  const options = { store: test.store, nodename: 'a', environment: {}, hostAddresses: () => [], stamps, ...host };
  const registered = keepRegistering({ ...options, retryMs: 60_000, log: silentLogger }, abort.signal);
  await until(() => test.calls.length > 0);
  abort.abort();
  await registered;
  t.pass();
});

test('the Node lists the interfaces of the host and follows them, but for links of containers, guests and workloads', async (t) => {
  const test = await openTestStore();
  const kernel = createFakeKernel();
  const link = (index: number, name: string) => ({
    index,
    name,
    kind: '',
    mac: '',
    mtuBytes: 1500,
    isUp: true,
    isRunning: true,
  });
  for (const [n, name] of ['lo', 'eth1', 'eth0', 'docker0', 'veth1', 'tap5', 'Wrong_Name'].entries()) {
    kernel.setLink(link(n + 1, name));
  }
  kernel.setAddress({ family: 6, ifindex: 3, prefix: 'fe80::7/64' });
  kernel.setAddress({ family: 6, ifindex: 3, prefix: 'fd09::7/64' });
  kernel.setAddress({ family: 4, ifindex: 3, prefix: '10.9.0.7/24' });
  const abort = new AbortController();
  const options = {
    ...{ store: test.store, nodename: 'node-7', environment: {}, hostAddresses: () => [], stamps, log: silentLogger },
    ...{ kernel, isWorkload: host.isWorkload, retryMs: 1, settleMs: 1 },
  };
  await keepRegistering(options, abort.signal);
  const first = [{ name: 'eth0', addresses: ['10.9.0.7', 'fd09::7'] }, { name: 'eth1' }];
  t.deepEqual((await node(test)).spec.interfaces, first);
  const keeping = keepAddresses(options, abort.signal);
  const { current } = await test.store.revisions();
  kernel.setLink(link(9, 'veth2'));
  kernel.setLink({ ...link(2, 'eth1'), isUp: false, isRunning: false });
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.is((await test.store.revisions()).current, current, 'what the Node does not tell is not written');
  kernel.setAddress({ family: 4, ifindex: 2, prefix: '192.0.2.7/24' });
  await until(
    async () => (await node(test)).spec.interfaces.length === 2 && (await node(test)).spec.interfaces[1].addresses,
  );
  t.deepEqual((await node(test)).spec.interfaces[1], { name: 'eth1', addresses: ['192.0.2.7'] });
  kernel.removeLink('eth1');
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.is((await node(test)).spec.interfaces.length, 2, 'not so soon again');
  abort.abort();
  await keeping;
});

test('a Node that somebody takes away while the agent runs stays away', async (t) => {
  const test = await openTestStore();
  await register(test);
  const kernel = createFakeKernel();
  const abort = new AbortController();
  const base = { store: test.store, nodename: 'node-7', environment: {}, hostAddresses: () => [], stamps };
  const keeping = keepAddresses(
    { ...base, kernel, isWorkload: () => false, log: silentLogger, settleMs: 1 },
    abort.signal,
  );
  await createResources(test.store, stamps).delete({ kind: kindOf('Node')!, namespace: '', name: 'node-7' });
  kernel.setLink({ index: 2, name: 'eth0', kind: '', mac: '', mtuBytes: 1500, isUp: true, isRunning: true });
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.is(await node(test), null);
  abort.abort();
  await keeping;
});
