/** The whole agent in this process, over a store and a kernel in memory. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import { startAgent } from '#appliance/felix/agent/agent.ts';
import type { AgentOptions } from '#appliance/felix/agent/agent-options.ts';
import { environmentLayer } from '#appliance/felix/config/layers.ts';
import { createFakeKernel } from '#appliance/kernel/fake/kernel.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { call } from '../../apiserver-process.ts';
import { until } from '../status/test-store.ts';

const root = '/calico/resources/v3/projectcalico.org';

async function options(t: ExecutionContext, more: Partial<AgentOptions> = {}) {
  const runDir = mkdtempSync(join(tmpdir(), 'calico-agent-'));
  t.teardown(() => rmSync(runDir, { recursive: true }));
  return {
    store: await openMemoryStore(),
    kernel: createFakeKernel(),
    nodename: 'here',
    local: [],
    runDir,
    environment: { CALICO_NETWORKING_BACKEND: 'none' },
    hostAddresses: () => [],
    stamps: { now: () => new Date(), uuid: () => '0b8a1e57-5d0c-4f38-8d1c-9c6a51f0a027' },
    log: silentLogger,
    setLogLevel: () => undefined,
    ...more,
  };
}

async function start(t: ExecutionContext, given: Awaited<ReturnType<typeof options>>) {
  const agent = await startAgent(given);
  t.teardown(() => agent.close());
  const place = { dir: '', env: {}, socket: join(given.runDir, 'node.sock') };
  return {
    agent,
    get: async (path: string) => (await call(place, 'GET', path)).body,
    put: async (key: string, value: unknown) =>
      (await given.store.put(Buffer.from(key), Buffer.from(JSON.stringify(value)))).revision,
  };
}

const chains = async (kernel: AgentOptions['kernel']) => (await kernel.nft.dumpTable('calico'))?.chains.length ?? 0;

test('startAgent() registers the host, applies what is stored and says how far it is', async (t) => {
  const given = await options(t, { local: [environmentLayer({ FELIX_REPORTINGINTERVALSECS: '0' })] });
  const { get, put } = await start(t, given);
  await until(async () => (await get('/status')).isStoreReady === true);
  const revision = await put(`${root}/ippools/a`, { spec: { cidr: 'nonsense' } });
  t.true((await get(`/wait?revision=${revision}&timeoutMs=5000`)).appliedRevision >= revision);
  t.true((await chains(given.kernel)) > 0);
  const status = await get('/status');
  t.is(status.node, 'here');
  t.deepEqual(Object.keys(status.invalidObjects), [`${root}/ippools/a`]);
  t.deepEqual(status.config, { reportingintervalsecs: { text: '0', layer: 'environment' } });
});

test('startAgent() changes no kernel while another agent serves the same run directory', async (t) => {
  const first = await options(t);
  await start(t, first);
  const second = await options(t, { runDir: first.runDir });
  await t.throwsAsync(startAgent(second), { code: 'SOCKET_IN_USE' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.is(await chains(second.kernel), 0);
  t.deepEqual((await second.store.range({ key: Buffer.from('/'), rangeEnd: Buffer.from('0') })).entries, []);
});

test('done rejects with a fault of ours', async (t) => {
  const given = await options(t, {
    setLogLevel() {
      throw new Error('a fault');
    },
  });
  const { agent } = await start(t, given);
  await t.throwsAsync(agent.done, { message: 'a fault' });
});

test('started settles once the kernel has what is stored', async (t) => {
  const given = await options(t);
  const { agent } = await start(t, given);
  await agent.started;
  t.true((await chains(given.kernel)) > 0);
});

test('started rejects when the agent is closed before', async (t) => {
  const given = await options(t);
  const store = { ...given.store, watch: () => new Promise<never>(() => undefined) };
  const { agent } = await start(t, { ...given, store });
  await agent.close();
  await t.throwsAsync(agent.started, { name: 'AbortError' });
});

test('close() leaves the kernel as it is', async (t) => {
  const given = await options(t);
  const { agent } = await start(t, given);
  await until(async () => (await chains(given.kernel)) > 0);
  const before = await chains(given.kernel);
  await agent.close();
  t.is(await chains(given.kernel), before);
});

test('reload() takes other layers at once, also for what needs no store, and GET /config tells of them', async (t) => {
  const levels: (string | undefined)[] = [];
  const given = await options(t, { setLogLevel: (level) => void levels.push(level) });
  const { agent, get, put } = await start(t, given);
  await agent.started;
  const row = async (name: string) => {
    const { parameters } = await get('/config');
    return parameters.find((parameter: { name: string }) => parameter.name === name);
  };
  await put(`${root}/felixconfigurations/default`, { spec: { logSeverityScreen: 'Warning', openstackRegion: 'b' } });
  await until(() => levels.at(-1) === 'warn');
  t.like(await row('LogSeverityScreen'), { value: 'Warning', source: 'FelixConfiguration default' });
  t.like(await row('OpenstackRegion'), { value: 'b', inUse: '' });
  await agent.reload([environmentLayer({ FELIX_LOGSEVERITYSCREEN: 'Debug', FELIX_LOGPREFIX: 'x' })], ['A: waits']);
  t.is(levels.at(-1), 'debug');
  t.like(await row('LogSeverityScreen'), {
    value: 'Debug',
    source: 'environment',
    overridden: [{ value: 'Warning', source: 'FelixConfiguration default' }],
  });
  t.true((await get('/config')).problems.includes('A: waits'));
  await agent.reload([], []);
  t.is(levels.at(-1), 'warn');
  t.deepEqual((await get('/config')).problems, []);
});

test('GET /hits has the counters of rules', async (t) => {
  const given = await options(t);
  const { agent, get, put } = await start(t, given);
  await agent.started;
  await put(`${root}/workloadendpoints/shop/here-vm-a-eth0`, {
    kind: 'WorkloadEndpoint',
    metadata: { labels: { part: 'a' } },
    spec: { node: 'here', interfaceName: 'calia', ipNetworks: ['10.65.0.1/32'] },
  });
  const revision = await put(`${root}/globalnetworkpolicies/one`, {
    kind: 'GlobalNetworkPolicy',
    spec: { selector: "part == 'a'", ingress: [{ action: 'Allow', protocol: 'TCP' }] },
  });
  await get(`/wait?revision=${revision}&timeoutMs=5000`);
  const { rules, stages } = await get('/hits');
  t.like(rules[0], {
    kind: 'GlobalNetworkPolicy',
    name: 'one',
    direction: 'ingress',
    rule: 0,
    action: 'allow',
    packets: 0,
  });
  t.true(stages.some(({ stage }: { stage: string }) => stage === 'drop/unknown-interface'));
});

test('a workload that is up has a file in the run directory, and none once it is down', async (t) => {
  const kernel = createFakeKernel();
  const link = { index: 5, name: 'calia', kind: 'veth', mac: '', mtuBytes: 1500, isUp: true, isRunning: true };
  kernel.setLink(link);
  const given = await options(t, { kernel });
  const { agent, put } = await start(t, given);
  await agent.started;
  await put(`${root}/workloadendpoints/shop/here-vm-a-eth0`, {
    kind: 'WorkloadEndpoint',
    spec: {
      node: 'here',
      orchestrator: 'vm',
      workload: 'a',
      endpoint: 'eth0',
      interfaceName: 'calia',
      ipNetworks: ['10.65.0.1/32'],
    },
  });
  const place = join(given.runDir, 'endpoint-status');
  const names = () => (existsSync(place) ? readdirSync(place) : []);
  await until(() => names().length === 1);
  t.regex(names()[0] ?? '', /^vm \S+a eth0$/);
  kernel.setLink({ ...link, isUp: false, isRunning: false });
  await until(() => names().length === 0);
});
