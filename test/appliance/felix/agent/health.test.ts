/** Health of the whole agent in this process, asked over its real port: what fails readiness, what fails liveness, and settings that change meanwhile. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import type { Store } from '#appliance/datastore/store.ts';
import { startAgent } from '#appliance/felix/agent/agent.ts';
import { environmentLayer } from '#appliance/felix/config/layers.ts';
import { createFakeKernel } from '#appliance/kernel/fake/kernel.ts';
import type { Kernel } from '#appliance/kernel/kernel.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { freePort } from '../../datastore/etcd/etcd-server.ts';
import { replacing } from '../replacing.ts';
import { until } from '../status/test-store.ts';

const root = '/calico/resources/v3/projectcalico.org';

async function world(
  t: ExecutionContext,
  more: { kernel?: Kernel; env?: object; local?: object; dataDir?: string } = {},
) {
  const runDir = mkdtempSync(join(tmpdir(), 'calico-health-'));
  const port = await freePort();
  const memory = await openMemoryStore();
  const away = { isAway: false };
  const agent = await startAgent({
    store: losable(memory, away),
    kernel: more.kernel ?? createFakeKernel(),
    nodename: 'here',
    local: [environmentLayer({ ...(more.local ?? healthOn(port)), ...more.env })],
    runDir,
    ...(more.dataDir === undefined ? {} : { dataDir: more.dataDir }),
    environment: { CALICO_NETWORKING_BACKEND: 'none' },
    hostAddresses: () => [],
    stamps: { now: () => new Date(), uuid: () => '0b8a1e57-5d0c-4f38-8d1c-9c6a51f0a027' },
    log: silentLogger,
    setLogLevel: () => undefined,
  });
  t.teardown(async () => {
    await Promise.race([agent.close(), new Promise((resolve) => setTimeout(resolve, 500))]);
    rmSync(runDir, { recursive: true });
  });
  const ask = async (what: string) => {
    const answer = fetch(`http://127.0.0.1:${port}/${what}`, { headers: { connection: 'close' } });
    return answer.then(
      async (response) => ({ code: response.status, text: await response.text() }),
      // the port opens soon after the start
      () => ({ code: 0, text: '' }),
    );
  };
  return {
    agent,
    away,
    ask,
    codes: async () => [(await ask('liveness')).code, (await ask('readiness')).code].join(' '),
    put: (key: string, value: unknown) => memory.put(Buffer.from(`${root}/${key}`), Buffer.from(JSON.stringify(value))),
  };
}

function healthOn(port: number) {
  return { FELIX_HEALTHENABLED: 'true', FELIX_HEALTHPORT: String(port), FELIX_HEALTHHOST: '127.0.0.1' };
}

/** The store, which can be away: calls fail and its watches end. */
function losable(store: Store, away: { isAway: boolean }): Store {
  return new Proxy(store, {
    get(target, name: keyof Store) {
      const member = target[name];
      if (typeof member !== 'function') return member;
      return async (...given: never[]) => {
        if (away.isAway) throw new Error('away');
        const result = await (member as (...all: never[]) => Promise<unknown>).apply(target, given);
        return name === 'watch' ? endless(result as AsyncIterable<unknown> & object, away) : result;
      };
    },
  });
}

function endless<T extends AsyncIterable<unknown> & object>(watch: T, away: { isAway: boolean }): T {
  return new Proxy(watch, {
    get(target, name) {
      if (name !== Symbol.asyncIterator) {
        const member = Reflect.get(target, name) as unknown;
        return typeof member === 'function' ? member.bind(target) : member;
      }
      return async function* () {
        const iterator = target[Symbol.asyncIterator]();
        let next = iterator.next();
        for (;;) {
          const tick = new Promise<'tick'>((resolve) => setTimeout(() => resolve('tick'), 10));
          const first = await Promise.race([next, tick]);
          if (away.isAway) throw new Error('away');
          if (first === 'tick') continue;
          if (first.done === true) return;
          yield first.value;
          next = iterator.next();
        }
      };
    },
  });
}

test('a started agent is live and ready, and has nothing to add', async (t) => {
  const { agent, ask } = await world(t);
  await agent.started;
  await until(async () => (await ask('readiness')).code === 204);
  t.deepEqual(await ask('liveness'), { code: 204, text: '' });
  t.is((await ask('metrics')).code, 404);
});

test('losing the store fails readiness and not liveness, until it is back', async (t) => {
  const { agent, away, ask, codes } = await world(t);
  await agent.started;
  await until(async () => (await codes()) === '204 204');
  away.isAway = true;
  await until(async () => (await ask('readiness')).code === 503);
  const { code, text } = await ask('readiness');
  t.is(code, 503);
  t.regex(text, /CalculationGraph .* reporting live .* reporting non-ready .* the store does not answer/);
  t.is((await ask('liveness')).code, 200, 'with the table');
  away.isAway = false;
  await until(async () => (await codes()) === '204 204');
});

test('a locked store is ready and says so: there is nothing to do', async (t) => {
  const { agent, ask, put } = await world(t);
  await agent.started;
  await put('clusterinformations/default', {
    kind: 'ClusterInformation',
    metadata: { name: 'default' },
    spec: { datastoreReady: false },
  });
  await until(async () => (await ask('readiness')).text.includes('the store is locked'));
  t.is((await ask('readiness')).code, 200);
});

test('a pass that hangs fails liveness after its time, which can be changed meanwhile', async (t) => {
  const fake = createFakeKernel();
  const trap = { isSet: false };
  const kernel = replacing(
    fake,
    'nft',
    replacing(fake.nft, 'apply', (...given: Parameters<typeof fake.nft.apply>) =>
      trap.isSet ? new Promise(() => undefined) : fake.nft.apply(...given),
    ),
  );
  const { agent, ask, codes, put } = await world(t, { kernel });
  await agent.started;
  await until(async () => (await codes()) === '204 204');
  trap.isSet = true;
  await put('felixconfigurations/default', {
    spec: { healthTimeoutOverrides: [{ name: 'InternalDataplaneMainLoop', timeout: '200ms' }], logPrefix: 'other' },
  });
  await put('ippools/a', { kind: 'IPPool', metadata: { name: 'a' }, spec: { cidr: '10.0.0.0/8', natOutgoing: true } });
  await until(async () => (await codes()) === '503 503');
  t.regex((await ask('liveness')).text, /InternalDataplaneMainLoop \| 200ms +\| timed out +\| timed out +\| busy/);
  t.false(agent.isLive());
  await put('felixconfigurations/default', {
    spec: { healthTimeoutOverrides: [{ name: 'InternalDataplaneMainLoop', timeout: '1h' }] },
  });
  await until(async () => (await ask('liveness')).code === 204);
});

test('a kernel that refuses everything fails readiness in its own words, and not liveness', async (t) => {
  const fake = createFakeKernel();
  const refusal = { ok: false, refusals: [{ index: -1, code: 'EPERM', message: 'Operation not permitted' }] };
  const kernel = replacing(
    fake,
    'nft',
    replacing(fake.nft, 'apply', async () => refusal),
  );
  const { ask } = await world(t, { kernel });
  await until(async () => (await ask('readiness')).text.includes('Operation not permitted'));
  t.is((await ask('readiness')).code, 503);
  t.is((await ask('liveness')).code, 200);
});

test('a graph that hangs fails liveness', async (t) => {
  const { ask, put } = await world(t, {
    env: {
      FELIX_DEBUGSIMULATECALCGRAPHHANGAFTER: '0.001',
      FELIX_HEALTHTIMEOUTOVERRIDES: 'CalculationGraph=200ms',
    },
  });
  await put('ippools/a', { spec: { cidr: '10.0.0.0/8' } });
  await until(async () => (await ask('liveness')).code === 503);
  t.regex((await ask('liveness')).text, /CalculationGraph +\| 200ms +\| timed out/);
});

test('the port opens, moves and closes as the store says', async (t) => {
  const { agent, put } = await world(t, { local: {} });
  await agent.started;
  const [one, two] = [await freePort(), await freePort()];
  const configure = (spec: object) => put('felixconfigurations/default', { spec });
  const code = (port: number) =>
    fetch(`http://127.0.0.1:${port}/readiness`, { headers: { connection: 'close' } }).then(
      ({ status }) => status,
      () => 0,
    );
  await configure({ healthEnabled: true, healthPort: one });
  await until(async () => (await code(one)) === 204);
  await configure({ healthEnabled: true, healthPort: two });
  await until(async () => (await code(two)) === 204);
  t.is(await code(one), 0);
  await configure({ healthEnabled: false, healthPort: two });
  await until(async () => (await code(two)) === 0);
});

test('where the file with the MTU of workloads is required, a host that cannot write it is not ready', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'calico-mtu-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const dataDir = join(folder, 'data');
  writeFileSync(dataDir, 'in the way');
  const { ask, codes, put } = await world(t, { dataDir });
  const kind = 'FelixConfiguration';
  await put('felixconfigurations/default', { kind, metadata: { name: 'default' }, spec: {} });
  await until(async () => (await codes()) === '204 204', 10_000);
  await put('felixconfigurations/default', { kind, metadata: { name: 'default' }, spec: { requireMTUFile: true } });
  await until(async () => (await codes()) === '200 503', 10_000);
  t.regex((await ask('readiness')).text, /FelixStartup .* the MTU of workloads cannot be written: /);
  rmSync(dataDir);
  await until(async () => (await codes()) === '204 204', 15_000);
  t.regex(readFileSync(join(dataDir, 'mtu'), 'utf8'), /^\d+$/);
});
