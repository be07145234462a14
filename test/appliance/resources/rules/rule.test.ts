/** Rules of policies: what excludes, needs or contradicts what. */
import test from 'ava';
import { type Change, testVerdicts, type Verdict } from './verdicts.ts';

type Rule = Record<string, unknown>;

function ingress(...rules: Rule[]): Change {
  return { spec: { ingress: rules } };
}

function egress(...rules: Rule[]): Change {
  return { spec: { egress: rules } };
}

function allow(rest: Rule = {}): Rule {
  return { action: 'Allow', ...rest };
}

const services = { name: 'api', namespace: 'prod' };
const at = 'spec.ingress[0]';

const rules: readonly Verdict[] = [
  ['a rule needs an action', ingress(allow()), ingress({ protocol: 'TCP' }), `${at}.action`],
  ['an action is one of four words', ingress({ action: 'Pass' }), ingress({ action: 'allow' }), `${at}.action`],
  ['ipVersion is 4 or 6', ingress(allow({ ipVersion: 6 })), ingress(allow({ ipVersion: 5 })), `${at}.ipVersion`],
  [
    'protocol names are case-sensitive',
    ingress(allow({ protocol: 'SCTP' })),
    ingress(allow({ protocol: 'tcp' })),
    `${at}.protocol`,
  ],
  [
    'protocol numbers are 1 to 255',
    ingress(allow({ protocol: 255 })),
    ingress(allow({ protocol: 0 })),
    `${at}.protocol`,
  ],
  [
    'protocol digits count as a number',
    ingress(allow({ notProtocol: '17' })),
    ingress(allow({ notProtocol: '256' })),
    `${at}.notProtocol`,
  ],
  [
    'numeric ports need a protocol',
    ingress(allow({ protocol: 'TCP', source: { ports: [80] } })),
    ingress(allow({ source: { ports: [80] } })),
    `${at}.source.ports[0]`,
  ],
  [
    'port ranges need a protocol, named ports do not',
    ingress(allow({ destination: { notPorts: ['http'] } })),
    ingress(allow({ destination: { notPorts: ['http', '80:90'] } })),
    `${at}.destination.notPorts[1]`,
  ],
  [
    'ports of any form need a protocol that has ports',
    ingress(allow({ protocol: 132, destination: { ports: ['http'] } })),
    ingress(allow({ protocol: 'ICMP', destination: { ports: ['http'] } })),
    `${at}.destination.ports[0]`,
  ],
  [
    'ports are 1 to 65535',
    ingress(allow({ protocol: 'UDP', destination: { ports: [65535, '1:2', '53'] } })),
    ingress(allow({ protocol: 'UDP', destination: { ports: [53, 65536] } })),
    `${at}.destination.ports[1]`,
  ],
  [
    'a port range is in order',
    ingress(allow({ protocol: 'UDP', destination: { ports: ['5:5'] } })),
    ingress(allow({ protocol: 'UDP', destination: { ports: ['6:5'] } })),
    `${at}.destination.ports[0]`,
  ],
  [
    'port names are those an endpoint can have',
    ingress(allow({ destination: { ports: ['my-port-1'] } })),
    ingress(allow({ destination: { ports: ['my_port.1-X'] } })),
    `${at}.destination.ports[0]`,
  ],
  [
    'a side has at most 50 ports',
    ingress(allow({ protocol: 'TCP', destination: { ports: Array(50).fill(1) } })),
    ingress(allow({ protocol: 'TCP', destination: { ports: Array(51).fill(1) } })),
    `${at}.destination.ports`,
  ],
  [
    'nets have a prefix length',
    ingress(allow({ source: { nets: ['10.0.0.1/32'] } })),
    ingress(allow({ source: { nets: ['10.0.0.1'] } })),
    `${at}.source.nets[0]`,
  ],
  [
    'nets have no host bits',
    ingress(allow({ source: { nets: ['10.0.0.0/8'] } })),
    ingress(allow({ source: { nets: ['10.0.0.1/8'] } })),
    `${at}.source.nets[0]`,
  ],
  [
    'octets have no leading zeros',
    ingress(allow({ source: { notNets: ['10.0.0.0/8'] } })),
    ingress(allow({ source: { notNets: ['010.0.0.0/8'] } })),
    `${at}.source.notNets[0]`,
  ],
  [
    'nets agree with ipVersion',
    ingress(allow({ ipVersion: 6, source: { nets: ['fd00::/8'] } })),
    ingress(allow({ ipVersion: 6, source: { nets: ['fd00::/8', '10.0.0.0/8'] } })),
    `${at}.source.nets[1]`,
  ],
  [
    'a rule has nets of one family',
    ingress(allow({ source: { nets: ['10.0.0.0/8'] }, destination: { notNets: ['10.1.0.0/16'] } })),
    ingress(allow({ source: { nets: ['10.0.0.0/8'] }, destination: { notNets: ['fd00::/8'] } })),
    `${at}.destination.notNets[0]`,
  ],
  [
    'notNets cannot exclude all of IPv4',
    ingress(allow({ source: { nets: ['0.0.0.0/0'] } })),
    ingress(allow({ source: { notNets: ['0.0.0.0/0'] } })),
    `${at}.source.notNets[0]`,
  ],
  [
    'notNets cannot exclude all of IPv6',
    ingress(allow({ source: { nets: ['::/0'] } })),
    ingress(allow({ source: { notNets: ['0:0::0/0'] } })),
    `${at}.source.notNets[0]`,
  ],
  [
    'icmp needs an ICMP protocol',
    ingress(allow({ protocol: 58, icmp: { type: 1 } })),
    ingress(allow({ protocol: 'TCP', icmp: { type: 1 } })),
    `${at}.icmp`,
  ],
  [
    'notICMP needs no protocol',
    ingress(allow({ notICMP: { type: 1 } })),
    ingress(allow({ icmp: { type: 1 } })),
    `${at}.icmp`,
  ],
  [
    'an ICMP code needs a type',
    ingress(allow({ notICMP: { type: 3, code: 0 } })),
    ingress(allow({ notICMP: { code: 0 } })),
    `${at}.notICMP.code`,
  ],
  [
    'ICMP types end at 254',
    ingress(allow({ protocol: 'ICMP', icmp: { type: 254 } })),
    ingress(allow({ protocol: 'ICMP', icmp: { type: 255 } })),
    `${at}.icmp.type`,
  ],
  [
    'ICMP codes end at 255',
    ingress(allow({ notICMP: { type: 0, code: 255 } })),
    ingress(allow({ notICMP: { type: 0, code: 256 } })),
    `${at}.notICMP.code`,
  ],
  [
    'ICMP is of IPv4',
    ingress(allow({ protocol: 'ICMP', ipVersion: 4 })),
    ingress(allow({ protocol: 1, ipVersion: 6 })),
    `${at}.protocol`,
  ],
  [
    'ICMPv6 is of IPv6',
    ingress(allow({ notProtocol: 'ICMPv6', ipVersion: 6 })),
    ingress(allow({ notProtocol: 'ICMPv6', ipVersion: 4 })),
    `${at}.notProtocol`,
  ],
  [
    'http is for ingress',
    ingress(allow({ http: { methods: ['GET'] } })),
    egress(allow({ http: { methods: ['GET'] } })),
    'spec.egress[0].http',
  ],
  [
    'http is for rules that allow',
    ingress(allow({ http: { methods: ['GET'] } })),
    ingress({ action: 'Deny', http: { methods: ['GET'] } }),
    `${at}.http`,
  ],
  [
    'http goes over TCP',
    ingress(allow({ protocol: 6, http: { methods: ['GET'] } })),
    ingress(allow({ protocol: 'UDP', http: { methods: ['GET'] } })),
    `${at}.http`,
  ],
  [
    'http methods are unique',
    ingress(allow({ http: { methods: ['GET', 'PUT'] } })),
    ingress(allow({ http: { methods: ['GET', 'GET'] } })),
    `${at}.http.methods[1]`,
  ],
  [
    'http has at most 20 methods',
    ingress(allow({ http: { methods: names(20) } })),
    ingress(allow({ http: { methods: names(21) } })),
    `${at}.http.methods`,
  ],
  [
    'an http path is exact or a prefix',
    ingress(allow({ http: { paths: [{ exact: '/a' }] } })),
    ingress(allow({ http: { paths: [{ exact: '/a', prefix: '/b' }] } })),
    `${at}.http.paths[0]`,
  ],
  [
    'an http path begins with a slash',
    ingress(allow({ http: { paths: [{ prefix: '/' }] } })),
    ingress(allow({ http: { paths: [{ prefix: 'a' }] } })),
    `${at}.http.paths[0].prefix`,
  ],
  [
    'an http path has no query',
    ingress(allow({ http: { paths: [{ exact: '/a;b' }] } })),
    ingress(allow({ http: { paths: [{ exact: '/a?b' }] } })),
    `${at}.http.paths[0].exact`,
  ],
  [
    'services name a service',
    ingress(allow({ source: { services } })),
    ingress(allow({ source: { services: { namespace: 'prod' } } })),
    `${at}.source.services.name`,
  ],
  [
    'services of a global policy have a namespace',
    ingress(allow({ source: { services } })),
    ingress(allow({ source: { services: { name: 'api' } } })),
    `${at}.source.services.namespace`,
  ],
  [
    'services exclude selectors',
    ingress(allow({ source: { services } })),
    ingress(allow({ source: { services, selector: 'all()' } })),
    `${at}.source.selector`,
  ],
  [
    'services exclude negated selectors',
    ingress(allow({ source: { services } })),
    ingress(allow({ source: { services, notSelector: 'all()' } })),
    `${at}.source.notSelector`,
  ],
  [
    'services exclude namespace selectors',
    ingress(allow({ source: { services } })),
    ingress(allow({ source: { services, namespaceSelector: 'all()' } })),
    `${at}.source.namespaceSelector`,
  ],
  [
    'services exclude service accounts',
    ingress(allow({ source: { services } })),
    ingress(allow({ source: { services, serviceAccounts: { names: ['x'] } } })),
    `${at}.source.serviceAccounts`,
  ],
  [
    'services exclude nets',
    ingress(allow({ source: { services } })),
    ingress(allow({ source: { services, nets: ['10.0.0.0/8'] } })),
    `${at}.source.nets`,
  ],
  [
    'services exclude notNets',
    ingress(allow({ source: { services } })),
    ingress(allow({ source: { services, notNets: ['10.0.0.0/8'] } })),
    `${at}.source.notNets`,
  ],
  [
    'services as destination exclude ports',
    egress(allow({ protocol: 'TCP', destination: { services } })),
    egress(allow({ protocol: 'TCP', destination: { services, ports: [80] } })),
    'spec.egress[0].destination.ports',
  ],
  [
    'services stand in the source of ingress',
    ingress(allow({ source: { services } })),
    ingress(allow({ destination: { services } })),
    `${at}.destination.services`,
  ],
  [
    'services stand in the destination of egress',
    egress(allow({ destination: { services } })),
    egress(allow({ source: { services } })),
    'spec.egress[0].source.services',
  ],
  [
    'global() stands in namespace selectors only',
    ingress(allow({ source: { namespaceSelector: 'global()' } })),
    ingress(allow({ source: { selector: 'global()' } })),
    `${at}.source.selector`,
  ],
  [
    'global() stands alone',
    ingress(allow({ source: { namespaceSelector: ' global( ) ' } })),
    ingress(allow({ source: { namespaceSelector: "global() || a == 'b'" } })),
    `${at}.source.namespaceSelector`,
  ],
  [
    'selectors parse',
    ingress(allow({ source: { selector: "a in {'b'}" } })),
    ingress(allow({ source: { selector: 'a = b' } })),
    `${at}.source.selector`,
  ],
  [
    'selectors of service accounts parse',
    ingress(allow({ source: { serviceAccounts: { selector: 'has(a)' } } })),
    ingress(allow({ source: { serviceAccounts: { selector: 'has(' } } })),
    `${at}.source.serviceAccounts.selector`,
  ],
  [
    'selectors have at most 1024 characters',
    ingress(allow({ source: { selector: long(1024) } })),
    ingress(allow({ source: { selector: long(1025) } })),
    `${at}.source.selector`,
  ],
  [
    'annotations of rules have qualified keys',
    ingress(allow({ metadata: { annotations: { 'Example.com/why': 'x y' } } })),
    ingress(allow({ metadata: { annotations: { 'a b': 'x' } } })),
    `${at}.metadata.annotations["a b"]`,
  ],
  [
    'a policy has at most 1024 rules a direction',
    ingress(...Array(1024).fill(allow())),
    ingress(...Array(1025).fill(allow())),
    'spec.ingress',
  ],
  [
    'rules have no other fields',
    ingress(allow({ protocol: 'TCP' })),
    ingress(allow({ protocols: 'TCP' })),
    `${at}.protocols`,
  ],
];

testVerdicts(test, 'GlobalNetworkPolicy', rules);
testVerdicts(test, 'Profile', [
  [
    'rules are checked',
    ingress(allow({ protocol: 'TCP', source: { ports: [1] } })),
    egress(allow({ source: { ports: [1] } })),
    'spec.egress[0].source.ports[0]',
  ],
  [
    'labelsToApply are labels',
    { spec: { labelsToApply: { 'a.b/c': 'd' } } },
    { spec: { labelsToApply: { a: 'b c' } } },
    'spec.labelsToApply.a',
  ],
]);
testVerdicts(test, 'NetworkPolicy', [
  [
    'services may leave out the namespace',
    ingress(allow({ source: { services: { name: 'api' } } })),
    ingress(allow({ source: { services: {} } })),
    `${at}.source.services.name`,
  ],
]);

function names(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `M${i}`);
}

/** A selector of exactly this many characters. */
function long(length: number): string {
  return `a == '${'x'.repeat(length - 7)}'`;
}
