/** Each parameter: what it is said to do when it changes, against what `decodeConfig()` makes of it; its value, source and precedence through every layer. */
import test from 'ava';
import { decodeConfig } from '#appliance/felix/config/decode.ts';
import { effectOf, namesInTables } from '#appliance/felix/config/effects.ts';
import { environmentLayer, fileLayer } from '#appliance/felix/config/layers.ts';
import { createConfigSource } from '#appliance/felix/config/source.ts';
import { type FelixParameter, felixParameters } from '#appliance/resources/kinds/felix-parameters.ts';

/** Two values besides the default, as text and as the field of a FelixConfiguration has them. */
interface Sample {
  readonly text: string;
  readonly yaml: unknown;
}

const byName: Readonly<Record<string, readonly [Sample, Sample]>> = {
  DeviceRouteProtocol: numbers(80, 81),
  InterfacePrefix: texts('tap', 'veth'),
  LogActionRateLimit: texts('10/second', '7/hour'),
  LogPrefix: texts('one', 'two'),
  MetadataAddr: texts('10.0.0.1', '10.0.0.2'),
  NftablesMarkMask: marks(),
  IptablesMarkMask: marks(),
  FeatureGates: texts('A=x', 'B=y'),
};

const samples: Readonly<Record<FelixParameter['type'], (row: FelixParameter) => readonly [Sample, Sample]>> = {
  boolean: ({ default: byDefault }) => {
    const other = { text: byDefault === 'true' ? 'false' : 'true', yaml: byDefault !== 'true' };
    return [other, other];
  },
  'optional-boolean': () => [
    { text: 'true', yaml: true },
    { text: 'false', yaml: false },
  ],
  integer: () => numbers(1234, 1235),
  seconds: () => [
    { text: '33', yaml: '33s' },
    { text: '44.5', yaml: '44.5s' },
  ],
  milliseconds: () => [
    { text: '33', yaml: '33ms' },
    { text: '44', yaml: '44ms' },
  ],
  string: () => texts('one', 'two'),
  path: () => texts('/one', '/two'),
  file: () => texts('/one', '/two'),
  'host-port': () => texts('10.0.0.1:1', '10.0.0.1:2'),
  enum: ({ words = [], default: byDefault }) => {
    const [a, b = a] = words.filter((word) => word.toLowerCase() !== byDefault.toLowerCase());
    return texts(a!, b!);
  },
  regex: () => texts('^one', '^two'),
  interface: () => texts('one', 'two'),
  'interface-patterns': () => texts('one', '/^two/'),
  list: () => texts('one', 'two'),
  mask: marks,
  ipv4: () => texts('10.0.0.1', '10.0.0.2'),
  ipv6: () => texts('fd00::1', 'fd00::2'),
  cidrs: () => [
    { text: '10.0.0.0/8', yaml: ['10.0.0.0/8'] },
    { text: '11.0.0.0/8,fd00::/8', yaml: ['11.0.0.0/8', 'fd00::/8'] },
  ],
  'dns-label': () => texts('one', 'two'),
  dscp: () => texts('10', '11'),
  'failsafe-ports': () => [
    { text: 'tcp:1', yaml: [{ protocol: 'TCP', port: 1 }] },
    { text: 'udp:10.0.0.0/8:2', yaml: [{ protocol: 'UDP', port: 2, net: '10.0.0.0/8' }] },
  ],
  'port-range': () => texts('1000:2000', '1000:2001'),
  'port-ranges': () => [
    { text: '1000:2000', yaml: ['1000:2000'] },
    { text: '1000:2001', yaml: ['1000:2001'] },
  ],
  'table-range': () => [
    { text: '3-4', yaml: { min: 3, max: 4 } },
    { text: '3-5', yaml: { min: 3, max: 5 } },
  ],
  'table-ranges': () => [
    { text: '3-4', yaml: [{ min: 3, max: 4 }] },
    { text: '3-5,8-9', yaml: [{ min: 3, max: 5 }, { min: 8, max: 9 }] }, // biome-ignore format: as short as its twin
  ],
  'key-values': () => texts('A=true', 'B=false'),
  durations: () => [
    { text: 'A=1m0s', yaml: [{ name: 'A', timeout: '1m0s' }] },
    { text: 'B=10s', yaml: [{ name: 'B', timeout: '10s' }] },
  ],
  'conntrack-timeouts': maps,
  map: maps,
};

function maps(): readonly [Sample, Sample] {
  return [
    { text: 'A=1s,', yaml: { A: '1s' } },
    { text: 'B=2s,', yaml: { B: '2s' } },
  ];
}

function texts(a: string, b: string): readonly [Sample, Sample] {
  return [
    { text: a, yaml: a },
    { text: b, yaml: b },
  ];
}

function numbers(a: number, b: number): readonly [Sample, Sample] {
  return [
    { text: String(a), yaml: a },
    { text: String(b), yaml: b },
  ];
}

function marks(): readonly [Sample, Sample] {
  return [
    { text: '0xf0', yaml: 0xf0 },
    { text: '3840', yaml: 3840 },
  ];
}

function samplesOf(row: FelixParameter): readonly [Sample, Sample] {
  return byName[row.name] ?? samples[row.type](row);
}

const layersOf = (row: FelixParameter, text: string) =>
  new Map([[row.name.toLowerCase(), { text, layer: 'environment' }]]);
const defaults = JSON.stringify(decodeConfig(new Map()).config);
/** Read at the start by the entry and not by `decode.ts`. */
const isReadAtStart = ({ name }: FelixParameter) => /^(Etcd|FelixHostname)/.test(name);

test('effectOf() names parameters that there are', (t) => {
  const names = new Set(felixParameters.map(({ name }) => name));
  t.deepEqual(
    namesInTables.filter((name) => !names.has(name)),
    [],
  );
  t.is(new Set(namesInTables).size, namesInTables.length, 'and each once');
});

for (const row of felixParameters) {
  const effect = effectOf(row);
  test(`${row.name} is ${effect.type} and decodeConfig() agrees`, (t) => {
    for (const { text } of samplesOf(row)) {
      const { config, problems } = decodeConfig(layersOf(row, text));
      t.deepEqual(problems, []);
      const isChanged = JSON.stringify(config) !== defaults;
      t.is(isChanged, effect.type !== 'none' && !isReadAtStart(row), text);
    }
  });
}

const root = '/calico/resources/v3/projectcalico.org/felixconfigurations';

for (const row of felixParameters) {
  test(`${row.name} is taken from each layer in turn, and the source is told`, (t) => {
    const [one, two] = samplesOf(row);
    const set = (one_: Sample) => (row.yaml === undefined ? {} : { spec: { [row.yaml]: one_.yaml } });
    const file = fileLayer('/etc/calico/felix.cfg', `[global]\n${row.name.toUpperCase()} = ${two.text}\n`);
    const environment = environmentLayer({ [`FELIX_${row.name.toUpperCase()}`]: one.text });
    const source = createConfigSource('here', [environment, file]);
    const resolved = () => source.resolve().values.get(row.name.toLowerCase());
    const decoded = () => JSON.stringify(source.resolve().config);
    const by = ({ text }: Sample) => JSON.stringify(decodeConfig(layersOf(row, text)).config);

    t.deepEqual(resolved(), { text: one.text, layer: 'environment' });
    t.is(decoded(), by(one));
    source.setLocal([file]);
    t.deepEqual(resolved(), { text: two.text, layer: '/etc/calico/felix.cfg' });
    t.is(decoded(), by(two));
    source.setLocal([]);
    t.is(resolved(), undefined, 'the default is no value of anybody');
    if (row.yaml === undefined) return;

    const put = (name: string, value: object | undefined) => source.update({ key: `${root}/${name}`, value });
    const layer = () => resolved()?.layer;
    put('default', set(one));
    t.is(layer(), 'FelixConfiguration default');
    t.is(decoded(), by(one));
    source.update({
      key: `${root.replace('felixconfigurations', 'nodes')}/here`,
      value: { metadata: { labels: { a: 'b' } } },
    });
    put('some', { spec: { nodeSelector: "a == 'b'", ...set(two).spec } });
    t.is(layer(), 'FelixConfiguration some');
    t.is(decoded(), by(two));
    put('node.here', set(one));
    t.is(layer(), 'FelixConfiguration node.here');
    t.is(decoded(), by(one));
    source.setLocal([file]);
    t.is(layer(), '/etc/calico/felix.cfg');
    source.setLocal([environment, file]);
    t.is(layer(), 'environment');
    source.setLocal([]);
    put('node.here', undefined);
    put('some', undefined);
    put('default', undefined);
    t.is(decoded(), defaults);
  });
}
