import test from 'ava';
import { wantedEndpoints } from '#appliance/hostendpoints/automatic.ts';
import { planWrites } from '#appliance/hostendpoints/plan.ts';
import { readSettings } from '#appliance/hostendpoints/settings.ts';
import type { HostEndpointTemplate } from '#appliance/resources/kinds/kube-controllers-configuration.ts';
import { apiVersion, type Resource } from '#appliance/resources/resource.ts';

const node: Resource = {
  apiVersion,
  kind: 'Node',
  metadata: { name: 'node-7', labels: { rack: 'r1', role: 'web' } },
  spec: {
    bgp: { ipv4Address: '10.9.0.7/24', ipv6Address: 'FD09:0::7/64', ipv4IPIPTunnelAddr: '10.65.1.1' },
    ipv4VXLANTunnelAddr: '10.65.1.2',
    ipv6VXLANTunnelAddr: 'fd65::2',
    wireguard: { interfaceIPv4Address: '10.65.1.3', interfaceIPv6Address: 'fd65::3' },
    addresses: [
      { address: '10.9.0.7/24', type: 'CalicoNodeIP' },
      { address: '192.0.2.7', type: 'InternalIP' },
      { address: '10.9.0.7', type: 'InternalIP' },
      { address: '198.51.100.7', type: 'ExternalIP' },
    ],
    interfaces: [
      { name: 'eth0', addresses: ['10.9.0.7', 'fd09::7'] },
      { name: 'eth1', addresses: ['203.0.113.7', 'nonsense'] },
      { name: 'bond0' },
    ],
  },
};
const all = [
  ...['10.9.0.7', 'fd09::7', '10.65.1.1', '10.65.1.2', 'fd65::2', '10.65.1.3', 'fd65::3', '192.0.2.7', '203.0.113.7'],
];
const createdBy = { 'projectcalico.org/created-by': 'calico-kube-controllers' };

function wanted(templates: readonly HostEndpointTemplate[], hasDefault = false) {
  return wantedEndpoints(node, { isOn: true, hasDefault, templates });
}

test('the default endpoint stands for all interfaces, with every address of the Node once', (t) => {
  t.deepEqual(wanted([], true).endpoints, [
    {
      name: 'node-7-auto-hep',
      labels: { rack: 'r1', role: 'web', ...createdBy },
      annotations: {},
      spec: { node: 'node-7', interfaceName: '*', expectedIPs: all, profiles: ['projectcalico-default-allow'] },
    },
  ]);
});

test('a template over addresses makes one endpoint without a name of an interface, or none', (t) => {
  const lan = {
    generateName: 'lan',
    interfaceCIDRs: ['10.9.0.0/24', 'fd09::/64'],
    labels: { net: 'lan', role: 'edge' },
  };
  const { endpoints } = wanted([lan, { generateName: 'none', interfaceCIDRs: ['172.16.0.0/12'] }]);
  t.deepEqual(endpoints, [
    {
      name: 'node-7-lan-auto-hep',
      labels: { rack: 'r1', role: 'edge', net: 'lan', ...createdBy },
      annotations: {},
      spec: { node: 'node-7', expectedIPs: ['10.9.0.7', 'fd09::7'], profiles: ['projectcalico-default-allow'] },
    },
  ]);
});

test('a template over names makes one for each interface that matches anywhere', (t) => {
  const { endpoints } = wanted([{ generateName: 'wan', interfacePattern: 'eth[1-9]|bond', annotations: { by: 'us' } }]);
  t.deepEqual(
    endpoints.map(({ name, annotations, spec }) => [name, annotations, spec.interfaceName, spec.expectedIPs]),
    [
      ['node-7-wan-eth1-auto-hep', { by: 'us' }, 'eth1', ['203.0.113.7']],
      ['node-7-wan-bond0-auto-hep', { by: 'us' }, 'bond0', undefined],
    ],
  );
});

test('a node selector says which hosts a template is for', (t) => {
  const cards = (nodeSelector: string) =>
    wanted([{ generateName: 'x', interfacePattern: 'eth0', nodeSelector }]).endpoints;
  t.is(cards("role == 'web' && has(rack)").length, 1);
  t.is(cards("role == 'db'").length, 0);
  t.is(cards('').length, 1);
});

test('a name that is too long becomes a hash in lower case', (t) => {
  const generateName = 'x'.repeat(250);
  const [endpoint] = wanted([{ generateName, interfacePattern: 'eth0' }]).endpoints;
  t.is(endpoint?.name, 'bkdag2qc3bh4mtwvhifedbco7qjlvfmlcxylznqkc-auto-hep');
});

test('what is stored alike is not written; what differs is changed, what nobody wants any more goes', (t) => {
  const { endpoints, problems } = wanted([{ generateName: 'wan', interfacePattern: 'eth1' }], true);
  const stored = new Map(endpoints.map((one): [string, Resource] => [one.name, asStored(one)]));
  t.deepEqual(planWrites({ endpoints, problems }, stored).writes, []);
  const other = { ...stored.get('node-7-auto-hep')! };
  other.spec = { ...other.spec, expectedIPs: ['10.9.0.8'] };
  stored.set('node-7-auto-hep', other);
  stored.set('node-7-old-auto-hep', asStored({ ...endpoints[1]!, name: 'node-7-old-auto-hep' }));
  stored.set('by-hand', { ...other, metadata: { name: 'by-hand', labels: {} } });
  t.deepEqual(
    planWrites({ endpoints, problems }, stored).writes.map(({ type, name }) => `${type} ${name}`),
    ['update node-7-auto-hep', 'delete node-7-old-auto-hep'],
  );
});

test('an endpoint that a person made under the name is left alone, and said', (t) => {
  const plan = wanted([], true);
  const stored = new Map([
    ['node-7-auto-hep', { ...asStored(plan.endpoints[0]!), metadata: { name: 'node-7-auto-hep' } }],
  ]);
  t.deepEqual(planWrites(plan, stored), {
    writes: [],
    problems: ['HostEndpoint node-7-auto-hep was made by somebody else, and stays as it is'],
  });
});

test('a template that cannot be read makes nothing, stops no other, and deletes nothing', (t) => {
  const plan = wanted([
    { generateName: 'bad', nodeSelector: 'role ==' },
    { generateName: 'wan', interfacePattern: 'eth1' },
  ]);
  const old = asStored({ ...plan.endpoints[0]!, name: 'node-7-bad-eth0-auto-hep' });
  const { writes, problems } = planWrites(plan, new Map([['node-7-bad-eth0-auto-hep', old]]));
  t.deepEqual(
    writes.map(({ type, name }) => `${type} ${name}`),
    ['create node-7-wan-eth1-auto-hep'],
  );
  t.regex(problems[0] ?? '', /^template bad: nodeSelector: /);
});

test('annotations that others added stay', (t) => {
  const plan = wanted([{ generateName: 'wan', interfacePattern: 'eth1', annotations: { by: 'us' } }]);
  const stored = asStored(plan.endpoints[0]!);
  const more = { ...stored, metadata: { ...stored.metadata, annotations: { by: 'us', note: 'kept' } } };
  t.deepEqual(planWrites(plan, new Map([[stored.metadata.name, more]])).writes, []);
  const less = { ...stored, metadata: { ...stored.metadata, annotations: {} } };
  t.is(planWrites(plan, new Map([[stored.metadata.name, less]])).writes.length, 1);
});

test('settings: off by default, the default endpoint on; a kube-controllers told by its environment is believed', (t) => {
  const configuration = (hostEndpoint: unknown, status: Record<string, unknown> = {}): Resource => ({
    apiVersion,
    kind: 'KubeControllersConfiguration',
    metadata: { name: 'default' },
    spec: { controllers: { node: hostEndpoint === undefined ? {} : { hostEndpoint } } },
    status,
  });
  t.is(readSettings(undefined), undefined);
  t.is(readSettings({ ...configuration({}), spec: { controllers: {} } }), undefined);
  t.like(readSettings(configuration(undefined)), { isOn: false, hasDefault: true });
  t.like(readSettings(configuration({ autoCreate: 'Enabled', createDefaultHostEndpoint: 'Disabled' })), {
    isOn: true,
    hasDefault: false,
  });
  const environmentVars = { AUTO_HOST_ENDPOINTS: 'enabled' };
  t.like(readSettings(configuration({ autoCreate: 'Disabled' }, { environmentVars })), { isOn: true });
});

function asStored({ name, labels, annotations, spec }: ReturnType<typeof wanted>['endpoints'][number]): Resource {
  const metadata = { name, labels, annotations, resourceVersion: '5' };
  return { apiVersion, kind: 'HostEndpoint', metadata, spec } as Resource;
}
