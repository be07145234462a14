import test from 'ava';
import fc from 'fast-check';
import { environmentLayer, fileLayer } from '#appliance/felix/config/layers.ts';
import { createConfigSource } from '#appliance/felix/config/source.ts';

const root = '/calico/resources/v3/projectcalico.org';
const configKey = (name: string) => `${root}/felixconfigurations/${name}`;
const port = (vxlanPort: unknown) => ({ spec: { vxlanPort } });

/** From the lowest layer to the highest: what the store says, and the port that then applies. */
const steps: readonly (readonly [key: string, value: unknown, port: number])[] = [
  [configKey('default'), port(1), 1],
  [configKey('node.other'), port(99), 1],
  [configKey('rack'), { spec: { nodeSelector: "rack == 'r1'", vxlanPort: 2 } }, 1],
  [`${root}/nodes/here`, { metadata: { labels: { rack: 'r1', odd: 7 } } }, 2],
  [configKey('node.here'), port(3), 3],
];

test('createConfigSource() orders the layers of the store, and takes back what is gone', (t) => {
  const source = createConfigSource('here', []);
  t.is(source.resolve().config.vxlanPort, 4789);
  const before: number[] = [];
  for (const [key, value, expected] of steps) {
    before.push(source.resolve().config.vxlanPort);
    t.true(source.update({ key, value }));
    t.is(source.resolve().config.vxlanPort, expected, key);
  }
  for (const [key] of steps.toReversed()) {
    source.update({ key, value: undefined });
    t.is(source.resolve().config.vxlanPort, before.pop()!, key);
  }
});

test('createConfigSource() ends alike whatever the order of updates', (t) => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...steps], { minLength: steps.length }), (shuffled) => {
      const source = createConfigSource('here', []);
      for (const [key, value] of shuffled) source.update({ key, value });
      return source.resolve().config.vxlanPort === 3;
    }),
    { verbose: 1 },
  );
  t.pass();
});

test('createConfigSource() puts file and environment above the store', (t) => {
  const file = fileLayer('/etc/calico/felix.cfg', 'VXLANPort=4');
  for (const [local, expected] of [
    [[file], 4],
    [[environmentLayer({ FELIX_VXLANPORT: '5' }), file], 5],
    [[environmentLayer({ FELIX_VXLANPORT: '' }), file], 4],
  ] as const) {
    const source = createConfigSource('here', local);
    for (const [key, value] of steps) source.update({ key, value });
    t.is(source.resolve().config.vxlanPort, expected);
  }
});

test('createConfigSource() does not fall from a bad value to a lower layer', (t) => {
  const source = createConfigSource('here', []);
  source.update({ key: configKey('default'), value: port(1) });
  source.update({ key: configKey('node.here'), value: port(70_000) });
  const { config, problems, values } = source.resolve();
  t.is(config.vxlanPort, 4789);
  t.deepEqual(problems, ['VXLANPort: cannot use "70000" (from FelixConfiguration node.here); the default applies']);
  t.deepEqual(values.get('vxlanport'), { text: '70000', layer: 'FelixConfiguration node.here' });
});

test('createConfigSource() is ready only while ClusterInformation says true', (t) => {
  const source = createConfigSource('here', []);
  const key = `${root}/clusterinformations/default`;
  const seen = [true, false, 'true', undefined, true].map((datastoreReady) => {
    source.update({ key, value: { spec: { datastoreReady } } });
    return [source.isStoreReady, source.problems.has(key)];
  });
  t.deepEqual(seen, [
    [true, false],
    [false, false],
    [false, true],
    [false, true],
    [true, false],
  ]);
  source.update({ key, value: undefined });
  t.false(source.isStoreReady);
});

test('createConfigSource() reports objects by key, and forgets what was repaired or removed', (t) => {
  const source = createConfigSource('here', []);
  const key = configKey('rack');
  const paths = () => source.problems.get(key)?.map(({ path }) => path);
  source.update({ key, value: { spec: { nodeSelector: '(((', vxlanPort: [{}] } } });
  t.deepEqual(paths(), ['spec.vxlanPort', 'spec.nodeSelector']);
  source.update({ key, value: undefined, unreadable: 'not JSON' });
  t.deepEqual(paths(), ['']);
  source.update({ key, value: { spec: {} } });
  t.is(paths(), undefined);
  t.false(source.update({ key: `${root}/tiers/default`, value: {} }));
});
