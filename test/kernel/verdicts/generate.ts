/**
 * Random policy worlds and packets over a small vocabulary, so that rules really meet the packets. Everything made here is valid input:
 * what validation refuses is never generated. Pure.
 */
import { hasAddress } from './addresses.ts';
import type {
  Flow,
  GenHostEndpoint,
  GenNetworkSet,
  GenPolicy,
  GenPool,
  GenPort,
  GenProfile,
  GenRule,
  GenTier,
  GenWorkload,
  GenWorld,
  Packet,
  Sel,
  Side,
} from './model.ts';
import type { Random } from './random.ts';

export const node = 'lab-host';
/** The workloads' links, and the host's own two links with their addresses; a far host sits behind each of those. */
export const workloadLinks = ['caliw0', 'caliw1', 'caliw2', 'caliw3'] as const;
export const hostLinks = ['eth0', 'eth1'] as const;
export const linkAddresses = { eth0: ['10.66.0.1', 'fd66::1'], eth1: ['10.67.0.1', 'fd67::1'] };
export const farAddresses = {
  eth0: ['10.66.0.2', '10.66.0.9', 'fd66::2', 'fd66::9'],
  eth1: ['10.67.0.2', '10.67.0.9', 'fd67::2', 'fd67::9'],
};

export function workloadAddresses(index: number): string[] {
  return [`10.65.0.${10 + index}`, `fd65::${10 + index}`];
}

/** Where the floating IPs of workloads are. */
export function externalAddresses(index: number): string[] {
  return [`10.69.0.${10 + index}`, `fd69::${10 + index}`];
}

const vocabulary: Readonly<Record<string, readonly string[]>> = {
  role: ['web', 'db', 'lb'],
  env: ['prod', 'dev'],
  app: ['shop', 'shop-api', 'blog'],
};
const keys = Object.keys(vocabulary);
const namespaces = ['red', 'blue'];
const serviceAccounts = ['builder', 'reader'];
const portPool = [22, 53, 80, 443, 8080, 8443, 30000];
const netPool = {
  4: [
    '10.65.0.0/24',
    '10.65.0.10/32',
    '10.65.0.12/31',
    '10.66.0.0/24',
    '10.66.0.2/32',
    '10.67.0.0/16',
    '10.64.0.0/10',
    '0.0.0.0/0',
  ],
  6: ['fd65::/64', 'fd65::10/128', 'fd66::/64', 'fd66::2/128', 'fd67::/32', 'fd00::/8', '::/0'],
};
const icmpTypes = { 4: [8, 13], 6: [128] };

export function generateWorld(random: Random): GenWorld {
  const tiers = generateTiers(random);
  const profiles = generateProfiles(random);
  return {
    node,
    tiers,
    profiles,
    workloads: workloadLinks.map((link, i) => generateWorkload(random, link, i)),
    hostEndpoints: generateHostEndpoints(random),
    networkSets: generateNetworkSets(random),
    policies: Array.from({ length: 1 + random.below(9) }, (_, i) => generatePolicy(random, i, tiers)),
    pools: generatePools(random),
    areHostsExcludedFromNat: random.chance(0.5),
    farHost: random.chance(0.7) ? ['10.66.0.2', 'fd66::2'] : [],
    endpointToHostAction: random.pick(['Drop', 'Return', 'Accept'] as const),
    linkAddresses,
  };
}

/** Some cover all workloads, some a part of them, and some addresses beyond the host: what comes from there is then translated too. */
function generatePools(random: Random): GenPool[] {
  const four = random.pick([
    [],
    ['10.65.0.0/24'],
    ['10.65.0.10/31'],
    ['10.65.0.10/31', '10.65.0.12/31'],
    ['10.65.0.10/31', '10.65.0.12/32', '10.65.0.13/32'],
  ]);
  const six = random.pick([[], ['fd65::/64'], ['fd65::10/124'], ['fd65::10/128', 'fd65::11/128']]);
  const beyond = random.some(
    ['10.66.0.0/24', '10.67.0.0/30', 'fd66::/64', '10.68.0.0/24', '10.68.1.0/24', '10.68.2.0/24'],
    0,
  );
  return [...four, ...six, ...beyond].map((cidr) => ({ cidr, natOutgoing: random.chance(0.7) }));
}

function generateTiers(random: Random): GenTier[] {
  const extra = ['security', 'platform'].slice(0, random.below(3)).map((name) => ({
    name,
    ...(random.chance(0.8) ? { order: random.pick([5, 100, 100, 2_000_000]) } : {}),
    defaultAction: random.pick(['Deny', 'Pass'] as const),
  }));
  return [{ name: 'default', order: 1_000_000, defaultAction: 'Deny' }, ...extra];
}

function generateProfiles(random: Random): GenProfile[] {
  const kinds: { name: string; labelsToApply: Record<string, string> }[] = [
    ...namespaces.map((ns) => ({
      name: `kns.${ns}`,
      labelsToApply: {
        'pcns.projectcalico.org/name': ns,
        ...Object.fromEntries(random.some(keys, 0, 2).map((k) => [`pcns.${k}`, random.pick(vocabulary[k]!)])),
      },
    })),
    ...serviceAccounts.map((sa) => ({
      name: `ksa.${sa}`,
      labelsToApply: Object.fromEntries(random.some(keys, 0, 2).map((k) => [`pcsa.${k}`, random.pick(vocabulary[k]!)])),
    })),
    { name: 'base', labelsToApply: random.chance(0.5) ? { role: random.pick(vocabulary.role!) } : {} },
  ];
  return kinds.map((p) => ({
    ...p,
    ingress: random.chance(0.6) ? [simple('Allow')] : generateRules(random, false, 2),
    egress: random.chance(0.6) ? [simple('Allow')] : generateRules(random, false, 2),
  }));
}

function simple(action: GenRule['action']): GenRule {
  return { action, source: {}, destination: {} };
}

function generateLabels(random: Random): Record<string, string> {
  return Object.fromEntries(random.some(keys, 0).map((k) => [k, random.pick(vocabulary[k]!)]));
}

function generatePorts(random: Random): GenPort[] {
  return random.some<GenPort>(
    [
      { name: 'http', protocol: 'TCP', port: random.pick([80, 8080]) },
      { name: 'http', protocol: 'UDP', port: 443 },
      { name: 'dns', protocol: 'UDP', port: 53 },
    ],
    0,
  );
}

function generateWorkload(random: Random, interfaceName: string, index: number): GenWorkload {
  const namespace = namespaces[index % 2]!;
  const account = random.chance(0.6) ? random.pick(serviceAccounts) : undefined;
  const profiles = [
    `kns.${namespace}`,
    ...(account === undefined ? [] : [`ksa.${account}`]),
    ...(random.chance(0.3) ? ['base'] : []),
    ...(random.chance(0.1) ? ['not-there'] : []),
    ...(random.chance(0.1) ? ['projectcalico-default-allow'] : []),
  ];
  return {
    name: `w${index}`,
    namespace,
    node,
    interfaceName,
    labels: generateLabels(random),
    ...(account === undefined ? {} : { serviceAccount: account }),
    profiles: random.chance(0.1) ? [] : profiles,
    addresses: workloadAddresses(index),
    nats: externalAddresses(index).flatMap((externalIP, i) =>
      random.chance(0.4) ? [{ externalIP, internalIP: workloadAddresses(index)[i]! }] : [],
    ),
    ports: generatePorts(random),
  };
}

function generateHostEndpoints(random: Random): GenHostEndpoint[] {
  const far: GenHostEndpoint = {
    name: 'far',
    node: 'far-host',
    interfaceName: 'eth0',
    expectedIps: farAddresses.eth0,
    labels: generateLabels(random),
    profiles: [],
    ports: generatePorts(random),
  };
  const local = hostLinks
    .filter(() => random.chance(0.5))
    .map((link, i): GenHostEndpoint => {
      const isByAddress = random.chance(0.3);
      return {
        name: `host-${i}`,
        node,
        ...(isByAddress ? {} : { interfaceName: link }),
        expectedIps: isByAddress || random.chance(0.7) ? linkAddresses[link] : [],
        labels: generateLabels(random),
        profiles: random.some(['base', 'projectcalico-default-allow'], 0, 1),
        ports: generatePorts(random),
      };
    });
  const wild: GenHostEndpoint[] = random.chance(0.25)
    ? [
        {
          name: 'all-links',
          node,
          interfaceName: '*',
          expectedIps: [],
          labels: generateLabels(random),
          profiles: random.some(['base', 'projectcalico-default-allow'], 0, 1),
          ports: [],
        },
      ]
    : [];
  return [far, ...local, ...wild];
}

function generateNetworkSets(random: Random): GenNetworkSet[] {
  const nets = () => [...random.some(netPool[4], 0, 3), ...random.some(netPool[6], 0, 3)];
  return [
    { name: 'set-0', labels: generateLabels(random), nets: nets() },
    { name: 'set-1', labels: generateLabels(random), nets: nets() },
    { name: 'set-2', namespace: random.pick(namespaces), labels: generateLabels(random), nets: nets() },
  ].slice(0, random.below(4));
}

export function generateSelector(random: Random, depth = 2): Sel {
  if (depth > 0 && random.chance(0.35)) {
    if (random.chance(0.3)) return { op: 'not', of: generateSelector(random, depth - 1) };
    const of = [generateSelector(random, depth - 1), generateSelector(random, depth - 1)];
    return { op: random.pick(['and', 'or'] as const), of };
  }
  const key = random.pick(keys);
  const values = vocabulary[key]!;
  switch (random.below(7)) {
    case 0:
      return { op: 'all' };
    case 1:
      return { op: 'has', key };
    case 2:
      return { op: random.pick(['in', 'not in'] as const), key, values: random.some(values, 0) };
    case 3:
      return {
        op: random.pick(['contains', 'starts with', 'ends with'] as const),
        key,
        value: random.pick(['sh', 'shop', 'b', 'api', 'e']),
      };
    default:
      return { op: random.pick(['==', '==', '!='] as const), key, value: random.pick(values) };
  }
}

function namespaceSelector(random: Random): Sel {
  return random.chance(0.3)
    ? { op: '==', key: 'projectcalico.org/name', value: random.pick(namespaces) }
    : generateSelector(random, 1);
}

function generatePolicy(random: Random, index: number, tiers: readonly GenTier[]): GenPolicy {
  const isNamespaced = random.chance(0.35);
  const isStaged = random.chance(0.12);
  const types = random.some(['Ingress', 'Egress'] as const, 1);
  const stage = isNamespaced
    ? 'plain'
    : random.pick(['plain', 'plain', 'plain', 'forward', 'untracked', 'prednat'] as const);
  const isPreDnat = stage === 'prednat';
  const usable: readonly ('Ingress' | 'Egress')[] = isPreDnat ? ['Ingress'] : types;
  return {
    kind: `${isStaged ? 'Staged' : ''}${isNamespaced ? 'NetworkPolicy' : 'GlobalNetworkPolicy'}`,
    name: `p${index}`,
    ...(isNamespaced ? { namespace: random.pick(namespaces) } : {}),
    tier: random.chance(0.06) ? 'gone' : random.pick(tiers).name,
    ...(random.chance(0.8) ? { order: random.pick([1, 10, 10, 500.5]) } : {}),
    ...(random.chance(0.85) ? { selector: generateSelector(random) } : {}),
    ...(!isNamespaced && random.chance(0.15) ? { namespaceSelector: namespaceSelector(random) } : {}),
    ...(random.chance(0.12) ? { serviceAccountSelector: generateSelector(random, 1) } : {}),
    types: usable,
    ingress: usable.includes('Ingress') ? generateRules(random, isNamespaced, 4) : [],
    egress: usable.includes('Egress') ? generateRules(random, isNamespaced, 4) : [],
    ...(stage === 'plain' ? {} : { applyOnForward: true }),
    ...(stage === 'untracked' ? { doNotTrack: true } : {}),
    ...(isPreDnat ? { preDNAT: true } : {}),
  };
}

function generateRules(random: Random, isNamespaced: boolean, max: number): GenRule[] {
  return Array.from({ length: random.below(max + 1) }, () => generateRule(random, isNamespaced));
}

export function generateRule(random: Random, isNamespaced: boolean): GenRule {
  const protocol = random.chance(0.6)
    ? random.pick(['TCP', 'UDP', 'TCP', 'UDP', 6, 'ICMP', 'ICMPv6', 'SCTP', 99] as const)
    : undefined;
  const hasPorts = protocol === 'TCP' || protocol === 'UDP' || protocol === 6 || protocol === 'SCTP';
  const icmpFamily = protocol === 'ICMP' ? 4 : protocol === 'ICMPv6' ? 6 : undefined;
  const family = icmpFamily ?? random.pick([4, 6] as const);
  const isPinned = random.chance(0.1);
  const notProtocol =
    protocol === undefined && random.chance(0.15) ? random.pick(['TCP', 'UDP', 99] as const) : undefined;
  const icmp = () => ({
    type: random.pick(icmpTypes[icmpFamily!]),
    ...(random.chance(0.5) ? { code: random.below(2) } : {}),
  });
  const portUse = hasPorts ? 'numbers' : protocol === undefined && notProtocol === undefined ? 'names' : 'none';
  return {
    action: random.pick(['Allow', 'Allow', 'Allow', 'Deny', 'Deny', 'Pass', 'Log'] as const),
    ...(isPinned ? { ipVersion: family } : {}),
    ...(protocol === undefined ? {} : { protocol }),
    ...(notProtocol === undefined ? {} : { notProtocol }),
    ...(icmpFamily !== undefined && random.chance(0.5) ? { icmp: icmp() } : {}),
    ...(icmpFamily !== undefined && random.chance(0.2) ? { notIcmp: icmp() } : {}),
    source: generateSide(random, family, isNamespaced, random.chance(0.2) ? portUse : 'none'),
    destination: generateSide(random, family, isNamespaced, random.chance(0.6) ? portUse : 'none'),
  };
}

function generateSide(
  random: Random,
  family: 4 | 6,
  isNamespaced: boolean,
  portUse: 'numbers' | 'names' | 'none',
): Side {
  const names = ['http', 'dns', 'nowhere'];
  const portList = (): (number | readonly [number, number] | string)[] => {
    if (portUse === 'names') return random.some(names, 1, 2);
    const numbers: (number | readonly [number, number] | string)[] = random.some(portPool, 1, 3);
    if (random.chance(0.3)) numbers.push([79, 1000]);
    if (random.chance(0.25)) numbers.push(random.pick(names));
    return numbers;
  };
  const netsOf = (min: number) => random.some(netPool[family], min, 3);
  const withoutAll = (nets: string[]) => nets.filter((n) => !n.endsWith('/0'));
  const notNets = random.chance(0.08) ? withoutAll(netsOf(1)) : [];
  return {
    ...(random.chance(0.15) ? { nets: netsOf(1) } : {}),
    ...(notNets.length > 0 ? { notNets } : {}),
    ...(random.chance(0.2) ? { selector: generateSelector(random) } : {}),
    ...(random.chance(0.08) ? { notSelector: generateSelector(random, 1) } : {}),
    ...(random.chance(isNamespaced ? 0.12 : 0.08)
      ? { namespaceSelector: random.chance(0.25) ? { op: 'global' as const } : namespaceSelector(random) }
      : {}),
    ...(random.chance(0.05) ? { serviceAccountNames: random.some(serviceAccounts, 1) } : {}),
    ...(random.chance(0.04) ? { serviceAccountSelector: generateSelector(random, 1) } : {}),
    ...(portUse !== 'none' && random.chance(0.8) ? { ports: portList() } : {}),
    ...(portUse !== 'none' && random.chance(0.15) ? { notPorts: portList() } : {}),
  };
}

/** Packets of connections of their own: no two of them are, to conntrack, the same flow or each other's answer, also when they are translated. */
export function generateFlows(random: Random, count: number, world?: GenWorld): Flow[] {
  const flows: Flow[] = [];
  const known = new Set<string>();
  while (flows.length < count) {
    const flow = generateFlow(random, world);
    const { protocol, sourcePort, icmp } = flow.packet;
    const isFresh = icmp !== undefined || ((protocol === 'TCP' || protocol === 'UDP') && sourcePort === 0);
    const tuples = isFresh ? [] : tuplesOf(flow.packet, world);
    if (tuples.some((tuple) => known.has(tuple))) continue;
    for (const tuple of tuples) known.add(tuple);
    flows.push(flow);
  }
  return flows;
}

/** What conntrack knows the flow by, as it comes and as it leaves, whichever way it goes. */
function tuplesOf({ protocol, source, destination, sourcePort, destinationPort }: Packet, world?: GenWorld): string[] {
  const { pools = [], workloads = [] } = world ?? {};
  const nats = workloads.flatMap((workload) => workload.nats);
  const inner = nats.find(({ externalIP }) => externalIP === destination)?.internalIP ?? destination;
  const isNatted = pools.some(({ cidr, natOutgoing }) => natOutgoing && hasAddress(cidr, source));
  const isInPool = pools.some(({ cidr }) => hasAddress(cidr, inner));
  // What is masqueraded has an address of the host's, and we do not know which.
  const hosts = Object.values(linkAddresses).flat();
  const endOf = (address: string) => (hosts.includes(address) ? 'host' : address);
  return [
    [source, destination],
    [isNatted && !isInPool ? 'host' : source, inner],
  ].map(([from = '', to = '']) => {
    const ends = [`${endOf(from)} ${sourcePort}`, `${endOf(to)} ${destinationPort}`].sort();
    return `${protocol} ${ends.join(' ')}`;
  });
}

/** A random packet between two different places of the lab; in a world with floating IPs also to one of these. A source port of 0 stands for a fresh one. */
function generateFlow(random: Random, world: GenWorld | undefined): Flow {
  const family = random.pick([4, 6] as const);
  const places = [...workloadLinks, ...hostLinks, 'host'] as const;
  const from = random.pick(places);
  const to = random.pick(places.filter((p) => p !== from));
  const packet = {
    family,
    source: addressAt(random, from, family, to),
    destination: addressAt(random, to, family, from),
    ...transport(random, family),
  };
  return world === undefined ? { from, to, packet } : vary(random, world, { from, to, packet });
}

/** To a floating IP (a workload's own as well), or with a source that is another's. */
function vary(random: Random, world: GenWorld, flow: Flow): Flow {
  const { from, packet } = flow;
  const isOurs = (address: string) => address.includes(':') === (packet.family === 6);
  const floating = world.workloads.flatMap(({ interfaceName, nats }) =>
    nats.flatMap(({ externalIP }) => (isOurs(externalIP) ? [{ to: interfaceName, externalIP }] : [])),
  );
  if (floating.length > 0 && random.chance(0.2)) {
    const { to, externalIP } = random.pick(floating);
    return {
      from,
      to,
      packet: { ...packet, source: addressAt(random, from, packet.family, to), destination: externalIP },
    };
  }
  if (from.startsWith('cali') && random.chance(0.04)) {
    const others = [...workloadLinks.keys()].flatMap(workloadAddresses).filter((a) => isOurs(a) && a !== packet.source);
    return { ...flow, packet: { ...packet, source: random.pick([...others, ...farAddresses.eth1.filter(isOurs)]) } };
  }
  return flow;
}

/** An address of a place; the host's own is the one on the link that faces the other place. */
function addressAt(random: Random, place: string, family: 4 | 6, other: string): string {
  const index = (workloadLinks as readonly string[]).indexOf(place);
  const isFar = place === 'eth0' || place === 'eth1';
  const link = other === 'eth1' ? 'eth1' : 'eth0';
  const list = index >= 0 ? workloadAddresses(index) : isFar ? farAddresses[place] : linkAddresses[link];
  return random.pick(list.filter((a) => a.includes(':') === (family === 6)));
}

function transport(random: Random, family: 4 | 6): Omit<Packet, 'family' | 'source' | 'destination'> {
  const kind = random.pick(['TCP', 'UDP', 'TCP', 'UDP', 'ICMP', 99] as const);
  if (kind === 99) return { protocol: 99 };
  if (kind === 'ICMP') {
    const icmp = { type: random.pick(icmpTypes[family]), code: random.below(2) };
    return { protocol: family === 4 ? 'ICMP' : 'ICMPv6', icmp };
  }
  return {
    protocol: kind,
    sourcePort: random.chance(0.2) ? random.pick(portPool) : 0,
    destinationPort: random.pick(portPool),
  };
}
