/**
 * Manifests as operators write them, every kind included: a web tier behind a host firewall, trial policies, BGP with a route
 * reflector, pools of both families. Each applies to a new store as it is, in this order.
 */

/** A YAML document as the parser gives it. */
export interface RealisticManifest {
  readonly title: string;
  readonly manifest: { readonly kind: string; readonly [member: string]: unknown };
}

/** All of them, what others refer to first. */
export const realisticManifests: readonly RealisticManifest[] = [
  global('a tier for the security team', 'Tier', 'security', { order: 100 }),
  global('a tier that passes what it does not decide', 'Tier', 'platform', { order: 500, defaultAction: 'Pass' }),
  global('the default tier as it is', 'Tier', 'default', { order: 1_000_000, defaultAction: 'Deny' }),
  global('agents that log, with more ways in than usual', 'FelixConfiguration', 'default', {
    logSeverityScreen: 'Info',
    reportingInterval: '60s',
    defaultEndpointToHostAction: 'Return',
    chainInsertMode: 'Insert',
    failsafeInboundHostPorts: [
      { protocol: 'TCP', port: 22, net: '192.0.2.0/24' },
      { protocol: 'UDP', port: 68 },
      { protocol: 'TCP', port: 179 },
      { protocol: 'TCP', port: 2379 },
      { protocol: 'TCP', port: 6443 },
    ],
    failsafeOutboundHostPorts: [
      { protocol: 'UDP', port: 53 },
      { protocol: 'UDP', port: 67 },
      { protocol: 'TCP', port: 2379 },
    ],
    nftablesMode: 'Enabled',
    wireguardEnabled: true,
    prometheusMetricsEnabled: true,
    prometheusMetricsPort: 9091,
    routeTableRanges: [{ min: 1, max: 250 }],
  }),
  global('one host that logs more', 'FelixConfiguration', 'node.edge-1', {
    logSeverityScreen: 'Debug',
    interfacePrefix: 'cali,tap',
  }),
  global('hosts of a rack with an MTU of their own', 'FelixConfiguration', 'rack-7', {
    nodeSelector: "rack == 'r7'",
    vxlanMTU: 8950,
  }),
  global('the main pool', 'IPPool', 'default-ipv4-ippool', {
    cidr: '10.48.0.0/16',
    blockSize: 26,
    ipipMode: 'Never',
    vxlanMode: 'CrossSubnet',
    natOutgoing: true,
    nodeSelector: 'all()',
    allowedUses: ['Workload', 'Tunnel'],
  }),
  global('a pool of IPv6', 'IPPool', 'default-ipv6-ippool', {
    cidr: 'fd00:48::/64',
    blockSize: 122,
    natOutgoing: true,
    nodeSelector: "!has(legacy) && zone in {'a', 'b'}",
  }),
  global('a pool for load balancers', 'IPPool', 'lb-pool', {
    cidr: '203.0.113.0/24',
    allowedUses: ['LoadBalancer'],
    assignmentMode: 'Automatic',
    nodeSelector: 'all()',
  }),
  global('a small pool that is being emptied', 'IPPool', 'old-pool', {
    cidr: '10.50.0.0/28',
    disabled: true,
    ipipMode: 'Always',
  }),
  global('addresses the routers use', 'IPReservation', 'gateways', {
    reservedCIDRs: ['10.48.0.0/30', 'fd00:48::1/128'],
  }),
  global('strict address management', 'IPAMConfiguration', 'default', {
    strictAffinity: true,
    maxBlocksPerHost: 4,
    autoAllocateBlocks: true,
  }),
  global('a block of a host', 'BlockAffinity', 'edge-1-10-48-3-64-26', {
    state: 'confirmed',
    node: 'edge-1',
    type: 'host',
    cidr: '10.48.3.64/26',
    deleted: false,
  }),
  global('BGP without a mesh', 'BGPConfiguration', 'default', {
    logSeverityScreen: 'Info',
    nodeToNodeMeshEnabled: false,
    asNumber: 63_400,
    serviceClusterIPs: [{ cidr: '10.96.0.0/12' }],
    serviceExternalIPs: [{ cidr: '104.244.42.129/32' }, { cidr: '172.217.3.0/24' }],
    listenPort: 178,
    bindMode: 'NodeIP',
    communities: [{ name: 'bgp-large-community', value: '63400:300:100' }],
    prefixAdvertisements: [{ cidr: '172.218.4.0/26', communities: ['bgp-large-community', '63400:120'] }],
    ignoredInterfaces: ['docker0', 'virbr*'],
  }),
  global('one host that ignores interfaces', 'BGPConfiguration', 'node.edge-1', { logSeverityScreen: 'debug' }),
  global('what the rack gets', 'BGPFilter', 'to-rack', {
    exportV4: [
      { action: 'Accept', matchOperator: 'In', cidr: '10.48.0.0/16', prefixLength: { min: 24, max: 26 } },
      { action: 'Reject' },
    ],
    importV4: [{ action: 'Reject', matchOperator: 'Equal', cidr: '0.0.0.0/0', source: 'RemotePeers' }],
    importV6: [{ action: 'Accept', matchOperator: 'NotIn', cidr: '5000::/8', interface: 'eth*' }],
  }),
  global('a router of the rack', 'BGPPeer', 'rack-1-tor', {
    nodeSelector: "rack == 'r1'",
    peerIP: '192.20.30.40:1790',
    asNumber: 64_567,
    filters: ['to-rack'],
    password: { secretKeyRef: { name: 'bgp-secrets', key: 'rack-password' } },
    keepaliveTime: '20s',
    sourceAddress: 'None',
    ttlSecurity: 1,
  }),
  global('everybody with the reflectors', 'BGPPeer', 'node-rr', {
    nodeSelector: "!has(route-reflector) && kubernetes.io/os == 'linux'",
    peerSelector: 'has(route-reflector)',
  }),
  global('a router of IPv6 behind a gateway', 'BGPPeer', 'v6-upstream', {
    node: 'edge-1',
    peerIP: '[2001:db8::1]:179',
    reachableBy: '2001:db8:1::1',
    asNumber: '1.10',
    nextHopMode: 'Self',
  }),
  global('a host', 'Node', 'edge-1', {
    bgp: {
      asNumber: 63_400,
      ipv4Address: '192.0.2.11/24',
      ipv6Address: '2001:db8::11/64',
      routeReflectorClusterID: '224.0.0.1',
    },
    orchRefs: [{ nodeName: 'edge-1', orchestrator: 'k8s' }],
    addresses: [{ address: '192.0.2.11', type: 'InternalIP' }],
  }),
  global(
    'the uplink of a host',
    'HostEndpoint',
    'edge-1-eth0',
    {
      node: 'edge-1',
      interfaceName: 'eth0',
      expectedIPs: ['192.0.2.11', '2001:db8::11'],
      profiles: ['projectcalico-default-allow'],
      ports: [
        { name: 'http', protocol: 'TCP', port: 80 },
        { name: 'dns', protocol: 'UDP', port: 53 },
      ],
    },
    { type: 'production', role: 'edge' },
  ),
  global(
    'all interfaces of a host',
    'HostEndpoint',
    'edge-2-all',
    { node: 'edge-2', interfaceName: '*' },
    { role: 'db' },
  ),
  global('automatic host endpoints', 'KubeControllersConfiguration', 'default', {
    logSeverityScreen: 'Info',
    healthChecks: 'Enabled',
    etcdV3CompactionPeriod: '10m',
    controllers: {
      node: {
        reconcilerPeriod: '5m',
        syncLabels: 'Enabled',
        leakGracePeriod: '15m',
        hostEndpoint: {
          autoCreate: 'Enabled',
          createDefaultHostEndpoint: 'Enabled',
          templates: [
            {
              generateName: 'internal',
              interfaceCIDRs: ['10.0.0.0/8'],
              nodeSelector: 'has(internal)',
              labels: { net: 'internal' },
            },
          ],
        },
      },
      loadBalancer: { assignIPs: 'AllServices' },
    },
  }),
  global('a report of a host', 'CalicoNodeStatus', 'edge-1-report', {
    node: 'edge-1',
    classes: ['Agent', 'BGP', 'Routes'],
    updatePeriodSeconds: 10,
  }),
  global('what is known of the cluster', 'ClusterInformation', 'default', { clusterType: 'bgp', datastoreReady: true }),
  global(
    'known attackers',
    'GlobalNetworkSet',
    'threat-feed',
    {
      nets: ['198.51.100.0/24', '203.0.113.9', '2001:db8:bad::/48'],
    },
    { feed: 'threats' },
  ),
  namespaced(
    'addresses of a partner',
    'NetworkSet',
    'partner-a',
    'shop',
    { nets: ['198.51.100.0/28', '203.0.113.0/24'] },
    { partner: 'a' },
  ),
  global('a profile that allows its own', 'Profile', 'kns.shop', {
    ingress: [{ action: 'Allow', source: { selector: "pcns.projectcalico.org/name == 'shop'" } }],
    egress: [{ action: 'Allow' }],
    labelsToApply: { 'pcns.projectcalico.org/name': 'shop' },
  }),
  namespaced(
    'an endpoint of a container',
    'WorkloadEndpoint',
    'edge--1-k8s-web--0-eth0',
    'shop',
    {
      orchestrator: 'k8s',
      node: 'edge-1',
      pod: 'web-0',
      endpoint: 'eth0',
      containerID: '1337495556942031415926535',
      interfaceName: 'cali0ef24ba',
      mac: 'ca:fe:1d:52:bb:e9',
      ipNetworks: ['10.48.3.65/32', 'fd00:48::65/128'],
      ipNATs: [{ internalIP: '10.48.3.65', externalIP: '203.0.113.65' }],
      profiles: ['kns.shop'],
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      qosControls: { ingressBandwidth: 10_000_000, egressPacketRate: 500, dscp: 'AF41' },
    },
    { app: 'web' },
  ),
  global('block attackers before connection tracking', 'GlobalNetworkPolicy', 'block-threats', {
    selector: "role == 'edge'",
    order: 1,
    types: ['Ingress'],
    applyOnForward: true,
    doNotTrack: true,
    ingress: [{ action: 'Deny', source: { selector: "feed == 'threats'" } }],
  }),
  global('node ports for the office only', 'GlobalNetworkPolicy', 'allow-office-nodeports', {
    tier: 'security',
    order: 10,
    preDNAT: true,
    applyOnForward: true,
    selector: 'has(role)',
    ingress: [
      { action: 'Allow', protocol: 'TCP', source: { nets: ['192.0.2.0/24'] }, destination: { ports: ['30000:32767'] } },
      { action: 'Deny', protocol: 'TCP', destination: { ports: ['30000:32767'] } },
    ],
  }),
  global('ping and path discovery', 'GlobalNetworkPolicy', 'security.allow-icmp', {
    tier: 'security',
    order: 20,
    selector: 'all()',
    types: ['Ingress', 'Egress'],
    ingress: [
      { action: 'Allow', protocol: 'ICMP', icmp: { type: 8 } },
      { action: 'Allow', protocol: 'ICMPv6', icmp: { type: 128, code: 0 } },
      { action: 'Pass' },
    ],
    egress: [{ action: 'Allow', protocol: 'ICMP' }, { action: 'Pass' }],
  }),
  global('default deny for everything outside the system', 'GlobalNetworkPolicy', 'default-deny', {
    namespaceSelector: "kubernetes.io/metadata.name not in {'kube-system', 'calico-system'}",
    types: ['Ingress', 'Egress'],
    egress: [
      { action: 'Allow', protocol: 'UDP', destination: { selector: "k8s-app == 'kube-dns'", ports: [53] } },
      { action: 'Allow', protocol: 'TCP', destination: { services: { name: 'kube-dns', namespace: 'kube-system' } } },
    ],
  }),
  namespaced('the web shop', 'NetworkPolicy', 'allow-web', 'shop', {
    order: 100,
    selector: "app == 'web'",
    ingress: [
      {
        action: 'Allow',
        protocol: 'TCP',
        source: { namespaceSelector: 'global()', notNets: ['10.0.0.0/8'] },
        destination: { ports: ['http', 443] },
        http: { methods: ['GET', 'PUT'], paths: [{ exact: '/cart' }, { prefix: '/api/v1/' }] },
        metadata: { annotations: { 'example.com/ticket': 'NET-1234' } },
      },
      { action: 'Log', source: { notSelector: "app in {'web', 'lb'}" } },
      { action: 'Deny' },
    ],
    egress: [
      { action: 'Allow', protocol: 'TCP', destination: { selector: "app == 'db'", ports: [5432, '6000:6010'] } },
    ],
    types: ['Ingress', 'Egress'],
  }),
  namespaced('who may use the database', 'NetworkPolicy', 'platform.allow-db', 'shop', {
    tier: 'platform',
    selector: "app == 'db'",
    serviceAccountSelector: "team == 'data'",
    ingress: [
      {
        action: 'Allow',
        protocol: 6,
        source: { serviceAccounts: { names: ['api'], selector: "role == 'api'" } },
        destination: { ports: [5432] },
      },
    ],
    performanceHints: ['AssumeNeededOnEveryNode'],
  }),
  global('a trial of a wider deny', 'StagedGlobalNetworkPolicy', 'security.deny-all-egress', {
    stagedAction: 'Set',
    tier: 'security',
    selector: 'all()',
    types: ['Egress'],
    egress: [{ action: 'Log' }, { action: 'Deny' }],
  }),
  namespaced('a trial inside a namespace', 'StagedNetworkPolicy', 'allow-web-next', 'shop', {
    stagedAction: 'Learn',
    selector: "app == 'web'",
    ingress: [{ action: 'Allow', protocol: 'SCTP', destination: { ports: [3868] } }],
  }),
  namespaced('a trial of a removal', 'StagedNetworkPolicy', 'allow-web', 'shop', { stagedAction: 'Delete' }),
  namespaced('a trial of a Kubernetes policy', 'StagedKubernetesNetworkPolicy', 'db-in', 'shop', {
    stagedAction: 'Set',
    podSelector: {
      matchLabels: { app: 'db' },
      matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['test'] }],
    },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [
      {
        from: [{ podSelector: {} }, { ipBlock: { cidr: '172.17.0.0/16', except: ['172.17.1.0/24'] } }],
        ports: [{ protocol: 'TCP', port: 6379 }],
      },
    ],
    egress: [
      {
        to: [{ namespaceSelector: { matchLabels: { team: 'data' } } }],
        ports: [{ protocol: 'TCP', port: 32_000, endPort: 32_768 }],
      },
    ],
  }),
  namespaced('a virtual machine on the move', 'LiveMigration', 'vm-1-to-edge-2', 'shop', {
    source: { workload: { hostname: 'edge-1', orchestratorID: 'k8s', workloadID: 'shop/vm-1' } },
    target: { selector: "vm == '1'" },
  }),
];

type Spec = Readonly<Record<string, unknown>>;
type Labels = Readonly<Record<string, string>>;

function global(title: string, kind: string, name: string, spec: Spec, labels?: Labels): RealisticManifest {
  const metadata = { name, ...(labels === undefined ? {} : { labels }) };
  return { title, manifest: { apiVersion: 'projectcalico.org/v3', kind, metadata, spec } };
}

function namespaced(
  title: string,
  kind: string,
  name: string,
  namespace: string,
  spec: Spec,
  labels?: Labels,
): RealisticManifest {
  const metadata = { name, namespace, ...(labels === undefined ? {} : { labels }) };
  return { title, manifest: { apiVersion: 'projectcalico.org/v3', kind, metadata, spec } };
}
