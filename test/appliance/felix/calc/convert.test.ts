import test from 'ava';
import { Fields, ProblemList } from '#appliance/felix/calc/convert/fields.ts';
import { parseResourceKey, parseWorkloadEndpointName } from '#appliance/felix/calc/convert/key.ts';
import { convertProfile } from '#appliance/felix/calc/convert/profile.ts';
import { convertWorkloadEndpoint } from '#appliance/felix/calc/convert/workload-endpoint.ts';
import { scanRules } from '#appliance/felix/calc/rule-scanner.ts';
import { namedPortSetId } from '#appliance/selector/id.ts';

test('parseWorkloadEndpointName() splits at single dashes and takes double ones for dashes', (t) => {
  t.deepEqual(parseWorkloadEndpointName('edge--1-vm-db--2-eth0'), ['edge-1', 'vm', 'db-2', 'eth0']);
  for (const name of ['', 'a-b-c', 'a-b-c-d-e', 'a--b-c-d', 'a-b-c-', '-']) {
    t.is(parseWorkloadEndpointName(name), undefined, name);
  }
});

test('parseResourceKey() reads keys of global and namespaced kinds and nothing else', (t) => {
  const root = '/calico/resources/v3/projectcalico.org';
  t.deepEqual(parseResourceKey(`${root}/tiers/a`), { plural: 'tiers', namespace: '', name: 'a' });
  t.deepEqual(parseResourceKey(`${root}/networksets/n/a`), { plural: 'networksets', namespace: 'n', name: 'a' });
  for (const key of [
    `${root}/tiers`,
    `${root}/tiers/`,
    `${root}/a/b/c/d`,
    `${root}/a//b`,
    '/calico/ipam/v2/config',
    '',
  ]) {
    t.is(parseResourceKey(key), undefined, key);
  }
});

test('Fields sees own properties only, and null as absent', (t) => {
  const list = new ProblemList();
  const fields = new Fields(
    JSON.parse('{"a": null, "__proto__": {"b": "x"}}') as Record<string, unknown>,
    'spec',
    list,
  );
  t.is(fields.raw('constructor'), undefined);
  t.is(fields.raw('a'), undefined);
  t.is(fields.text('b'), '');
  t.deepEqual(list.problems, []);
});

test('ProblemList keeps no more problems than a person would read', (t) => {
  const list = new ProblemList();
  for (let i = 0; i < 1000; i++) list.refuse('spec', 'bad');
  t.is(list.problems.length, 50);
});

test('convertWorkloadEndpoint() drops labels that pretend to be inherited, and sets the service account', (t) => {
  const context = { namespace: 'prod', name: 'here-k8s-a-eth0', hostname: 'here', isSourceSpoofingAllowed: false };
  const labels = { app: 'db', 'pcns.env': 'x', 'pcsa.env': 'x', 'projectcalico.org/serviceaccount': 'fake' };
  const spec = { interfaceName: 'cali1', ipNetworks: ['10.0.0.1'], serviceAccountName: 'robot' };
  const { value } = convertWorkloadEndpoint(context, { metadata: { labels }, spec });
  t.deepEqual(value?.labels, ['app', 'db', 'projectcalico.org/serviceaccount', 'robot']);
});

test('scanRules() leaves out the selector when named ports alone already filter by it', (t) => {
  const { value } = convertProfile({
    spec: {
      ingress: [
        {
          action: 'Allow',
          protocol: 'TCP',
          destination: { selector: 'a == "x"', notSelector: 'b == "y"', ports: ['http'], notPorts: ['dns'] },
        },
      ],
    },
  });
  const ids: string[] = [];
  const [rule] = scanRules(value!.inbound, ({ id }) => void ids.push(id));
  const folded = '(a == "x" && !b == "y")';
  t.deepEqual(rule?.dst, {
    namedPortSets: [namedPortSetId(folded, 'tcp', 'http')],
    notNamedPortSets: [namedPortSetId(folded, 'tcp', 'dns')],
  });
  t.is(ids.length, 2);
});

const refusedRules: Record<string, object> = {
  'an unknown action': { action: 'allow' },
  'no action': {},
  'a port without a protocol': { action: 'Allow', destination: { ports: [80] } },
  'a port with ICMP': { action: 'Allow', protocol: 'ICMP', destination: { ports: [80] } },
  'a named port with ICMP': { action: 'Allow', protocol: 'ICMP', destination: { ports: ['http'] } },
  'a port above 65535': { action: 'Allow', protocol: 'TCP', destination: { ports: [65536] } },
  'a port of digits above 65535': { action: 'Allow', protocol: 'TCP', destination: { ports: ['99999'] } },
  'a range that runs backwards': { action: 'Allow', protocol: 'TCP', destination: { ports: ['2:1'] } },
  'an unknown protocol': { action: 'Allow', protocol: 'XTP' },
  'a protocol above 255': { action: 'Allow', protocol: 256 },
  'ICMP types without the protocol': { action: 'Allow', icmp: { type: 8 } },
  'an ICMP code without a type': { action: 'Allow', protocol: 'ICMP', icmp: { code: 8 } },
  'an IP version that is none': { action: 'Allow', ipVersion: 5 },
  'a service without a name': { action: 'Allow', source: { services: { namespace: 'x' } } },
  'a selector that does not parse': { action: 'Allow', source: { namespaceSelector: 'x ==' } },
};

for (const [what, rule] of Object.entries(refusedRules)) {
  test(`readRules() refuses ${what}`, (t) => {
    const { value, problems } = convertProfile({ spec: { ingress: [rule] } });
    t.is(value, undefined);
    t.is(problems.length, 1);
    t.true(problems[0]!.path.startsWith('spec.ingress[0]'));
  });
}
