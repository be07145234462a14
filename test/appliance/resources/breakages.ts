/**
 * Sound manifests and mistakes to make in them, each independent of the others: of one value, between fields, in metadata.
 * Whichever are made, exactly their paths must be reported.
 */

/** One mistake: where something is put, what (undefined removes), and the paths reported when they are not that place. */
export type Breakage = readonly [at: string, value: unknown, ...paths: string[]];

/** A sound manifest and the mistakes for it. */
export interface BreakableManifest {
  readonly title: string;
  readonly manifest: object;
  readonly breakages: readonly Breakage[];
}

const inMetadata: readonly Breakage[] = [
  ['metadata.name', 'Not A Name'],
  ['metadata.labels["a b"]', 'c'],
  ['metadata.labels.colour', 'dark red'],
  ['metadata.annotations["a b"]', 'c'],
  ['metadata.finalizers', 'none'],
  ['metadata.surplus', 1],
  ['surplus', {}],
  ['spec.surplus', 1],
];

const inAnyGlobalKind: readonly Breakage[] = [...inMetadata, ['metadata.namespace', 'prod']];

/** Everything that takes a name as it comes; of `default` objects the name is not broken. */
const withoutName = inAnyGlobalKind.filter(([at]) => at !== 'metadata.name');

const templates = 'spec.controllers.node.hostEndpoint.templates';
const rule = (index: number) => `spec.ingress[${index}]`;

/** One for each way of checking. */
export const breakableManifests: readonly BreakableManifest[] = [
  {
    title: 'a global policy',
    manifest: manifest('GlobalNetworkPolicy', {
      ingress: [
        { action: 'Allow', protocol: 'TCP', source: { nets: ['10.0.0.0/8'] }, destination: { ports: [80, 443] } },
        { action: 'Allow', destination: { nets: ['10.0.0.0/8', '10.1.0.0/16'] } },
        { action: 'Allow', protocol: 'ICMP', icmp: { type: 8 } },
        { action: 'Allow', http: { methods: ['GET'], paths: [{ prefix: '/' }] } },
        { action: 'Allow', source: { services: { name: 'api', namespace: 'prod' } } },
        { action: 'Allow', protocol: 'UDP', source: { ports: [53] }, destination: { ports: [53] } },
      ],
      egress: [{ action: 'Allow' }],
    }),
    breakages: [
      ...inAnyGlobalKind,
      ['spec.selector', 'a = b'],
      ['spec.order', 'first'],
      ['spec.tier', 'Ops'],
      ['spec.doNotTrack', true, 'spec.applyOnForward'],
      ['spec.types', ['Ingress', 'Ingress'], 'spec.types[1]'],
      [`${rule(0)}.action`, 'Alow'],
      [`${rule(0)}.protocol`, 'tcp'],
      [`${rule(0)}.source.nets[0]`, '10.0.0.1/8'],
      [`${rule(0)}.source.selector`, 'has('],
      [`${rule(0)}.destination.ports[1]`, 70_000],
      [`${rule(1)}.destination.nets[1]`, 'fd00::/8'],
      [`${rule(1)}.source.ports`, ['http', 80], `${rule(1)}.source.ports[1]`],
      [`${rule(1)}.source.notNets`, ['0.0.0.0/0'], `${rule(1)}.source.notNets[0]`],
      [`${rule(2)}.protocol`, 'TCP', `${rule(2)}.icmp`],
      [`${rule(2)}.notICMP.code`, 7],
      [`${rule(3)}.action`, 'Deny', `${rule(3)}.http`],
      [`${rule(3)}.http.methods[1]`, 'GET'],
      [`${rule(3)}.http.paths[0].prefix`, 'no slash'],
      [`${rule(4)}.source.services.namespace`, undefined],
      [`${rule(4)}.source.selector`, 'all()'],
      [`${rule(5)}.protocol`, undefined, `${rule(5)}.source.ports[0]`, `${rule(5)}.destination.ports[0]`],
      ['spec.egress[0].http', { methods: ['GET'] }],
      ['spec.egress[0].metadata.annotations["-"]', 'x'],
      ['spec.egress[1]', 'Deny'],
    ],
  },
  {
    title: 'a staged policy that removes',
    manifest: manifest('StagedNetworkPolicy', { stagedAction: 'Delete' }, 'prod'),
    breakages: [
      ...inMetadata,
      ['metadata.namespace', undefined],
      ['spec.selector', 'all()'],
      ['spec.order', 5],
      ['spec.ingress', [{ action: 'Allow' }]],
      ['spec.tier', 7],
    ],
  },
  {
    title: 'a staged Kubernetes policy',
    manifest: manifest(
      'StagedKubernetesNetworkPolicy',
      {
        podSelector: { matchLabels: { app: 'db' } },
        ingress: [
          { from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }], ports: [{ port: 80, endPort: 90 }] },
          { from: [{ podSelector: {} }] },
        ],
      },
      'prod',
    ),
    breakages: [
      ...inMetadata,
      ['spec.podSelector.matchLabels.app', 'a b'],
      ['spec.policyTypes', ['Both'], 'spec.policyTypes[0]'],
      ['spec.ingress[0].from[0].ipBlock.except[0]', '172.16.0.0/16'],
      ['spec.ingress[0].ports[0].endPort', 70],
      ['spec.ingress[0].ports[1]', { endPort: 70 }, 'spec.ingress[0].ports[1].endPort'],
      ['spec.ingress[1].from[0].ipBlock', { cidr: '10.0.0.0/8' }],
      ['spec.ingress[1].from[1]', {}],
      ['spec.egress', [{ from: [] }], 'spec.egress[0].from'],
    ],
  },
  {
    title: 'a pool for load balancers',
    manifest: manifest('IPPool', { cidr: '203.0.113.0/24', allowedUses: ['LoadBalancer'] }),
    breakages: [
      ...inAnyGlobalKind,
      ['spec.cidr', '203.0.113.1/24'],
      ['spec.blockSize', 19],
      ['spec.ipipMode', 'Always'],
      ['spec.natOutgoing', 'yes'],
      ['spec.disableBGPExport', true],
      ['spec.nodeSelector', "a == 'b'"],
      ['spec.namespaceSelector', 'global()'],
      ['spec.assignmentMode', 'automatic'],
    ],
  },
  {
    title: 'a pool of tunnels',
    manifest: manifest('IPPool', { cidr: 'fd00::/64' }),
    breakages: [
      ...inAnyGlobalKind,
      ['spec.blockSize', 26],
      ['spec.ipipMode', 'CrossSubnet'],
      ['spec.namespaceSelector', "a == 'b'"],
      ['spec.disabled', 1],
    ],
  },
  {
    title: 'settings of BGP',
    manifest: manifest(
      'BGPConfiguration',
      {
        communities: [{ name: 'internal', value: '64512:1' }],
        prefixAdvertisements: [{ cidr: '10.0.0.0/8', communities: ['internal', '64512:2'] }],
        nodeToNodeMeshEnabled: false,
      },
      undefined,
      'default',
    ),
    breakages: [
      ...withoutName,
      ['spec.asNumber', '1.2.3'],
      ['spec.listenPort', 70_000],
      ['spec.nodeMeshMaxRestartTime', '2m'],
      ['spec.serviceClusterIPs', [{ cidr: '10.0.0.1' }], 'spec.serviceClusterIPs[0].cidr'],
      ['spec.communities[0].value', '64512'],
      ['spec.prefixAdvertisements[0].communities[1]', 'external'],
      ['spec.prefixAdvertisements[0].communities[2]', 'not a name'],
      ['spec.ignoredInterfaces', ['*'], 'spec.ignoredInterfaces[0]'],
    ],
  },
  {
    title: 'settings of BGP for one host',
    manifest: manifest('BGPConfiguration', { logSeverityScreen: 'Info' }, undefined, 'node.edge-1'),
    breakages: [
      ...withoutName,
      ['spec.asNumber', 64_512],
      ['spec.nodeToNodeMeshEnabled', true],
      ['spec.communities', [{ name: 'a', value: '1:1' }]],
      ['spec.bindMode', 'All'],
    ],
  },
  {
    title: 'a BGP peer',
    manifest: manifest('BGPPeer', {
      peerIP: '192.0.2.1',
      asNumber: 64_512,
      nodeSelector: 'all()',
      nextHopMode: 'Self',
    }),
    breakages: [
      ...inAnyGlobalKind,
      ['spec.node', 'edge-1', 'spec.nodeSelector'],
      ['spec.reachableBy', '2001:db8::1'],
      ['spec.keepOriginalNextHop', true],
      ['spec.ttlSecurity', 256],
      ['spec.filters', ['Not A Name'], 'spec.filters[0]'],
      ['spec.password', { secretKeyRef: { name: 'a' } }, 'spec.password.secretKeyRef.key'],
    ],
  },
  {
    title: 'a BGP filter',
    manifest: manifest('BGPFilter', {
      importV4: [{ action: 'Accept' }, { action: 'Accept', operations: [{ setPriority: { value: 1 } }] }],
    }),
    breakages: [
      ...inAnyGlobalKind,
      ['spec.importV4[0].cidr', '10.0.0.0/8', 'spec.importV4[0].matchOperator'],
      ['spec.importV4[0].asPathPrefix', ['x'], 'spec.importV4[0].asPathPrefix[0]'],
      ['spec.importV4[1].action', 'Reject', 'spec.importV4[1].operations'],
      ['spec.importV4[1].operations[0].addCommunity', { value: '1:1' }, 'spec.importV4[1].operations[0]'],
      ['spec.importV4[1].matchOperator', 'In', 'spec.importV4[1].cidr'],
      ['spec.exportV6', [{ priority: 1 }], 'spec.exportV6[0].action'],
    ],
  },
  {
    title: 'a host endpoint',
    manifest: manifest('HostEndpoint', { node: 'edge-1', interfaceName: 'eth0' }),
    breakages: [
      ...inAnyGlobalKind,
      ['spec.node', undefined],
      ['spec.interfaceName', undefined],
      ['spec.profiles', ['Not A Name'], 'spec.profiles[0]'],
      [
        'spec.ports[0]',
        { name: 'a b', protocol: 'ICMP', port: 0 },
        ...['name', 'protocol', 'port'].map((field) => `spec.ports[0].${field}`),
      ],
    ],
  },
  {
    title: 'a workload endpoint',
    manifest: manifest(
      'WorkloadEndpoint',
      {
        orchestrator: 'cni',
        node: 'edge-1',
        containerID: 'c0ffee',
        endpoint: 'eth0',
        interfaceName: 'cali0',
        ipNetworks: ['10.0.0.1/32', '10.0.0.2/32'],
        ipNATs: [{ internalIP: '10.0.0.1', externalIP: '192.0.2.1' }],
      },
      'prod',
      'edge--1-cni-c0ffee-eth0',
    ),
    breakages: [
      ...inMetadata.filter(([at]) => at !== 'metadata.name'),
      ['metadata.name', 'edge--1-cni-c0ffee-eth1'],
      ['spec.interfaceName', 'much-too-long-a-name'],
      ['spec.ipv4Gateway', 'fd00::1'],
      ['spec.ipNATs[0].externalIP', 'fd00::1'],
      ['spec.ipNATs[1]', { internalIP: '10.9.9.9', externalIP: '192.0.2.2' }, 'spec.ipNATs[1].internalIP'],
      ['spec.ports', [{ protocol: 'TCP', port: 1 }], 'spec.ports[0].name'],
      ['spec.mac', 'none'],
      ['spec.qosControls.dscp', 64],
    ],
  },
  {
    title: 'a nameless workload endpoint',
    manifest: manifest(
      'WorkloadEndpoint',
      { orchestrator: 'vm', node: 'edge-1', workload: 'db', endpoint: 'eth0', interfaceName: 'tap0' },
      'prod',
      'edge--1-vm-db-eth0',
    ),
    breakages: [
      ['spec.node', undefined],
      ['spec.workload', undefined],
      ['spec.endpoint', undefined],
    ],
  },
  {
    title: 'settings of the agents',
    manifest: manifest(
      'FelixConfiguration',
      {
        routeTableRanges: [
          { min: 1, max: 9 },
          { min: 20, max: 29 },
        ],
        failsafeInboundHostPorts: [{ port: 22 }],
      },
      undefined,
      'default',
    ),
    breakages: [
      ...withoutName,
      ['spec.nodeSelector', 'all()'],
      ['spec.reportingInterval', 'soon'],
      ['spec.routeTableRange', { min: 1, max: 2 }],
      ['spec.routeTableRanges[0].min', 10, 'spec.routeTableRanges[0]'],
      ['spec.routeTableRanges[1].max', 'many'],
      ['spec.failsafeInboundHostPorts[0].net', '10.0.0.0/33'],
      ['spec.failsafeInboundHostPorts[0].protocol', 'icmp'],
      ['spec.kubeNodePortRanges', ['http'], 'spec.kubeNodePortRanges[0]'],
    ],
  },
  {
    title: 'settings of the controllers',
    manifest: manifest(
      'KubeControllersConfiguration',
      {
        controllers: {
          node: {
            hostEndpoint: {
              templates: [
                { generateName: 'a', interfacePattern: 'eth.*' },
                { generateName: 'b', interfaceCIDRs: ['10.0.0.0/8'] },
              ],
            },
          },
        },
      },
      undefined,
      'default',
    ),
    breakages: [
      ...withoutName,
      ['spec.logSeverityScreen', 'Loud'],
      ...(
        [
          ['[0].interfacePattern', '['],
          ['[0].labels["a b"]', 'c'],
          ['[0].nodeSelector', 'a ='],
          ['[1].generateName', 'a'],
          ['[1].interfaceCIDRs', undefined, '[1]'],
          ['[2]', { interfacePattern: 'x' }, '[2].generateName'],
        ] as const
      ).map(([at, value, path]): Breakage => [`${templates}${at}`, value, `${templates}${path ?? at}`]),
    ],
  },
  {
    title: 'the default tier',
    manifest: manifest('Tier', { order: 1_000_000, defaultAction: 'Deny' }, undefined, 'default'),
    breakages: [...withoutName, ['spec.order', 5], ['spec.defaultAction', 'Pass']],
  },
  {
    title: 'a network set',
    manifest: manifest('NetworkSet', { nets: ['10.0.0.0/8'] }, 'prod'),
    breakages: [
      ...inMetadata,
      ['metadata.labels["projectcalico.org/namespace"]', 'prod'],
      ['spec.nets[0]', '10.0.0.0/40'],
      ['spec.nets[1]', 7],
    ],
  },
  {
    title: 'a node',
    manifest: manifest('Node', { bgp: { asNumber: 1 }, addresses: [{ address: '192.0.2.1' }] }),
    breakages: [
      ...inAnyGlobalKind,
      ['spec.bgp', {}],
      ['spec.addresses[0].type', 'Other'],
      ['spec.addresses[0].address', 'here'],
      ['spec.wireguard.interfaceIPv4Address', 'fd00::1'],
    ],
  },
];

function manifest(kind: string, spec: object, namespace?: string, name = 'sound'): object {
  const metadata = { name, labels: { app: 'a' }, ...(namespace === undefined ? {} : { namespace }) };
  return { apiVersion: 'projectcalico.org/v3', kind, metadata, spec };
}
