import test from 'ava';
import type { Update } from '#appliance/datastore/syncer.ts';
import { createPipeline } from '#appliance/felix/agent/pipeline.ts';
import { createConfigSource, type Resolved } from '#appliance/felix/config/source.ts';
import type { Flush, Message } from '#appliance/felix/model/messages.ts';
import { silentLogger } from '#appliance/lib/log.ts';

const root = '/calico/resources/v3/projectcalico.org';
const clusterInformation = `${root}/clusterinformations/default`;
const configuration = `${root}/felixconfigurations/default`;
const endpoint = `${root}/workloadendpoints/prod/here-cni-a-eth0`;

function world(onFlush: (flush: Flush) => void = () => undefined) {
  const flushes: Flush[] = [];
  const configs: Resolved[] = [];
  const pipeline = createPipeline({
    hostname: 'here',
    config: createConfigSource('here', []),
    dataplane: {
      accept(flush) {
        flushes.push(flush);
        onFlush(flush);
      },
    },
    log: silentLogger,
    onConfig: (resolved) => void configs.push(resolved),
  });
  let revision = 0;
  const put = (key: string, value: unknown): Update => {
    revision += 1;
    const bytes =
      value === undefined ? undefined : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
    return { key, value: bytes, revision };
  };
  return {
    pipeline,
    flushes,
    configs,
    put,
    write: (key: string, value: unknown) => {
      const update = put(key, value);
      return pipeline.onUpdates([update], update.revision);
    },
    start: async () => {
      await pipeline.onUpdates([put(clusterInformation, { spec: { datastoreReady: true } })], revision);
      await pipeline.onStatus('in-sync', revision);
    },
    /** Types of the messages since the last call. */
    told: () => flushes.splice(0).flatMap(({ messages }) => messages.map(({ type }) => type)),
  };
}

const spoofer = {
  kind: 'WorkloadEndpoint',
  spec: { interfaceName: 'cali1', ipNetworks: ['10.0.0.1/32'], allowSpoofedSourcePrefixes: ['192.0.2.0/24'] },
};
const pool = (cidr: string) => ({ kind: 'IPPool', spec: { cidr } });

test('nothing is told before the store is in sync; then configuration first and in-sync last', async (t) => {
  const { pipeline, flushes, write, start } = world();
  await pipeline.onStatus('resync', 0);
  await write(`${root}/ippools/a`, pool('10.0.0.0/24'));
  t.deepEqual(flushes, []);
  await start();
  const types = flushes.flatMap(({ messages }) => messages.map(({ type }) => type));
  t.is(types[0], 'config-update');
  t.is(types.at(-1), 'in-sync');
  t.is(types.filter((type) => type === 'config-update').length, 1);
});

test('a dataplane that has forgotten everything at a new configuration is told all of it again', async (t) => {
  const { pipeline, told, write, start } = world(({ messages }) => {
    const [message] = messages;
    if (message?.type === 'config-update' && message.config.nftablesMode === 'Disabled') pipeline.announceAnew();
  });
  await start();
  await write(`${root}/ippools/a`, pool('10.0.0.0/24'));
  told();
  await write(configuration, { spec: { nftablesMode: 'Disabled' } });
  t.deepEqual(told(), ['config-update', 'ip-pool-update', 'in-sync']);
  await write(`${root}/ippools/b`, pool('10.1.0.0/24'));
  t.deepEqual(told(), ['ip-pool-update']);
});

test('a big flush goes in parts, in order, and only the last carries the new revision', async (t) => {
  const { pipeline, flushes, put, start } = world();
  await start();
  flushes.length = 0;
  const updates = Array.from({ length: 1000 }, (_, i) =>
    put(`${root}/ippools/p${i}`, pool(`10.${i >> 8}.${i & 255}.0/24`)),
  );
  await pipeline.onUpdates(updates, 5000);
  t.true(flushes.length >= 5);
  t.deepEqual(
    flushes.flatMap(({ messages }) => messages.map((message) => (message as { cidr?: string }).cidr ?? message.type))
      .length,
    1000,
  );
  t.true(flushes.slice(0, -1).every(({ revision }) => revision < 1000));
  t.is(flushes.at(-1)?.revision, 5000);
  t.is(pipeline.sentRevision, 5000);
});

test('a store that is locked before the start is waited for', async (t) => {
  const { pipeline, flushes, write } = world();
  await write(`${root}/ippools/a`, pool('10.0.0.0/24'));
  await pipeline.onStatus('in-sync', 1);
  t.deepEqual(flushes, []);
  await write(clusterInformation, { spec: { datastoreReady: false } });
  t.deepEqual(flushes, []);
  await write(clusterInformation, { spec: { datastoreReady: true } });
  t.is(flushes.at(-1)?.messages.at(-1)?.type, 'in-sync');
});

test('while the store is locked nothing is told, afterwards all at once', async (t) => {
  const { pipeline, write, start, told } = world();
  await start();
  told();
  await write(clusterInformation, { spec: { datastoreReady: false } });
  await write(`${root}/ippools/a`, pool('10.0.0.0/24'));
  await write(configuration, { spec: { vxlanPort: 1 } });
  await pipeline.onStatus('in-sync', 9);
  t.deepEqual(told(), []);
  await write(clusterInformation, { spec: { datastoreReady: true } });
  t.deepEqual(new Set(told()), new Set<Message['type']>(['config-update', 'ip-pool-update']));
});

test('configuration is told when its meaning changes, and reported when its values or problems do', async (t) => {
  const { configs, write, start, told } = world();
  await start();
  t.is(configs.length, 1);
  told();
  await write(configuration, { spec: { vxlanPort: 1 } });
  t.deepEqual(told(), ['config-update']);
  await write(configuration, { spec: { vxlanPort: 1 }, metadata: { labels: { a: 'b' } } });
  t.is(configs.length, 2);
  await write(configuration, { spec: { vxlanPort: 1, logSeverityScreen: 'loud' } });
  t.deepEqual(told(), []);
  t.is(configs.length, 3);
  t.is(configs[2]?.problems.length, 1);
});

test('what the process alone looks at costs the dataplane nothing', async (t) => {
  const { configs, write, start, told } = world();
  await start();
  told();
  for (const spec of [{ healthPort: 1 }, { prometheusMetricsEnabled: true }, { reportingInterval: '1s' }]) {
    const before = configs.length;
    await write(configuration, { spec });
    t.deepEqual(told(), []);
    t.is(configs.length, before + 1, 'but is reported');
  }
});

test('endpoints that ask to spoof come and go with the setting', async (t) => {
  const { pipeline, write, start, told } = world();
  await write(endpoint, spoofer);
  await start();
  t.false(told().includes('workload-endpoint-update'));
  t.true(pipeline.problems().has(endpoint));
  await write(configuration, { spec: { workloadSourceSpoofing: 'Any' } });
  t.true(told().includes('workload-endpoint-update'));
  t.false(pipeline.problems().has(endpoint));
  await write(configuration, { spec: { workloadSourceSpoofing: 'Disabled' } });
  t.true(told().includes('workload-endpoint-remove'));
  await write(endpoint, undefined);
  await write(configuration, { spec: { workloadSourceSpoofing: 'Any' } });
  t.deepEqual(told(), ['config-update']);
});

test('what cannot be read counts as absent and is named, until it is repaired', async (t) => {
  const { pipeline, write, start } = world();
  await start();
  const keys = [configuration, `${root}/globalnetworkpolicies/a`, `${root}/nodes/here`];
  for (const key of keys) await write(key, 'garbage');
  t.deepEqual([...pipeline.problems().keys()].sort(), [...keys].sort());
  for (const key of keys) await write(key, undefined);
  t.is(pipeline.problems().size, 0);
});
