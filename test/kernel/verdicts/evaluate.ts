/**
 * A naive policy evaluator, written from the semantics alone (who matches, in which order, with which default) and slow on purpose:
 * no indexes, no sets, no shared code with the product. It says what must become of one packet of a new connection. Pure.
 */
import { hasAddress, sameFamily } from './addresses.ts';
import type {
  Flow,
  GenHostEndpoint,
  GenPolicy,
  GenPort,
  GenRule,
  GenWorkload,
  GenWorld,
  Outcome,
  Packet,
  Sel,
  Side,
} from './model.ts';

type Labels = Readonly<Record<string, string>>;
type Direction = 'ingress' | 'egress';
type Verdict = 'allow' | 'deny';
/** What a list of tiers says when none of them decided. */
type TierOutcome = Verdict | 'undecided';

/** Anything with addresses and labels that a rule's selector can find. */
interface Item {
  readonly labels: Labels;
  readonly nets: readonly string[];
  readonly ports: readonly GenPort[];
}

const namespaceLabel = 'projectcalico.org/namespace';
const serviceAccountLabel = 'projectcalico.org/serviceaccount';

/** What becomes of the first packet of a flow through the host. Without connection tracking there is no translation. */
export function evaluate(world: GenWorld, flow: Flow): Outcome {
  const isUntracked = untrackedVerdict(world, flow) === 'allow';
  const packet = isUntracked
    ? flow.packet
    : { ...flow.packet, destination: internalOf(world, flow.packet.destination) };
  const { destination } = packet;
  const sources = isUntracked ? [packet.source] : sourcesAfter(world, flow, destination);
  return { verdict: verdictOn(world, flow, packet), destination, sources };
}

/** What policy outside connection tracking says, where the packet comes in or where the host sends it out. */
function untrackedVerdict(world: GenWorld, { from, to, packet }: Flow): TierOutcome {
  if (from !== 'host') {
    if (workloadAt(world, from) !== undefined) return 'undecided';
    return evaluateUntracked(world, hostEndpointAt(world, from), 'ingress', packet);
  }
  if (workloadAt(world, to) !== undefined) return 'undecided';
  return evaluateUntracked(world, hostEndpointAt(world, to), 'egress', packet);
}

/** Whether the answer to a flow that came through is tracked too: untracked policy may speak of it, where the answer comes in or goes out. */
export function isAnswerTracked(world: GenWorld, flow: Flow, answer: Packet): boolean {
  if (untrackedVerdict(world, flow) !== 'undecided') return false;
  return untrackedVerdict(world, { from: flow.to, to: flow.from, packet: answer }) === 'undecided';
}

function natsOf(world: GenWorld) {
  return world.workloads.flatMap(({ node, nats }) => (node === world.node ? nats : []));
}

function internalOf(world: GenWorld, address: string): string {
  return natsOf(world).find(({ externalIP }) => externalIP === address)?.internalIP ?? address;
}

/** Sources the packet may have when it leaves: its own, or those that hide it. */
function sourcesAfter(world: GenWorld, { to, packet: { source } }: Flow, destination: string): readonly string[] {
  if (to === 'host') return [source];
  const own = natsOf(world).find(({ internalIP }) => internalIP === source && internalIP === destination);
  if (own !== undefined) return [own.externalIP];
  const isInPool = (address: string) => world.pools.some(({ cidr }) => hasAddress(cidr, address));
  const isNatted = world.pools.some(({ cidr, natOutgoing }) => natOutgoing && hasAddress(cidr, source));
  const isExcluded = world.areHostsExcludedFromNat && world.farHost.includes(destination);
  if (!isNatted || isInPool(destination) || isExcluded) return [source];
  return Object.values(world.linkAddresses).flat();
}

/** `packet` is what policy sees once connections are tracked; what comes before sees the flow's own. */
function verdictOn(world: GenWorld, flow: Flow, packet: Packet): Verdict {
  const from = workloadAt(world, flow.from);
  const to = workloadAt(world, flow.to);
  if (from !== undefined && !from.addresses.includes(packet.source)) return 'deny';
  const isForwarded = flow.from !== 'host' && flow.to !== 'host';
  let isAcceptedEarly = false;

  const untracked = untrackedVerdict(world, flow);
  if (untracked === 'deny' || (flow.from === 'host' && untracked === 'allow')) return untracked;
  if (flow.from !== 'host') {
    isAcceptedEarly = untracked === 'allow';
    if (!isAcceptedEarly) {
      const early = evaluatePreDnat(world, hostEndpointAt(world, flow.from), flow.packet);
      if (early === 'deny') return 'deny';
      isAcceptedEarly = early === 'allow';
    }
  }

  if (isForwarded) {
    if (!isAcceptedEarly && evaluateForward(world, hostEndpointAt(world, flow.from), 'ingress', packet) === 'deny')
      return 'deny';
    if (from !== undefined && evaluateWorkload(world, from, 'egress', packet) === 'deny') return 'deny';
    if (to !== undefined && evaluateWorkload(world, to, 'ingress', packet) === 'deny') return 'deny';
    return evaluateForward(world, hostEndpointAt(world, flow.to), 'egress', packet);
  }
  if (flow.to === 'host') {
    if (from !== undefined) {
      if (evaluateWorkload(world, from, 'egress', packet) === 'deny') return 'deny';
      return world.endpointToHostAction === 'Drop' ? 'deny' : 'allow';
    }
    return isAcceptedEarly ? 'allow' : evaluateHost(world, hostEndpointAt(world, flow.from), 'ingress', packet);
  }
  return to === undefined ? evaluateHost(world, hostEndpointAt(world, flow.to), 'egress', packet) : 'allow';
}

/** Only links whose names begin with `cali` are workloads; one that no endpoint names carries nothing, which no flow here tests. */
function workloadAt(world: GenWorld, link: string): GenWorkload | undefined {
  return world.workloads.find((w) => w.node === world.node && w.interfaceName === link);
}

/** The endpoint of a link: named for it (lowest name first), else bound by an expected address, else the `*` one. */
function hostEndpointAt(world: GenWorld, link: string): GenHostEndpoint | undefined {
  const mine = world.hostEndpoints.filter((h) => h.node === world.node).sort((a, b) => (a.name < b.name ? -1 : 1));
  const addresses = world.linkAddresses[link] ?? [];
  const isBound = (h: GenHostEndpoint) =>
    h.interfaceName === undefined ? h.expectedIps.some((ip) => addresses.includes(ip)) : h.interfaceName === link;
  const named = link.startsWith('cali') ? undefined : mine.find(isBound);
  return named ?? mine.find((h) => h.interfaceName === '*');
}

function evaluateWorkload(world: GenWorld, workload: GenWorkload, direction: Direction, packet: Packet): Verdict {
  const labels = workloadLabels(world, workload);
  const policies = world.policies.filter((p) => p.doNotTrack !== true && p.preDNAT !== true);
  const outcome = evaluateTiers(world, policies, labels, direction, packet, true);
  return outcome === 'undecided' ? evaluateProfiles(world, workload.profiles, direction, packet) : outcome;
}

/** Traffic that ends or begins at the host itself. */
function evaluateHost(
  world: GenWorld,
  endpoint: GenHostEndpoint | undefined,
  direction: Direction,
  packet: Packet,
): Verdict {
  if (endpoint === undefined || isFailsafe(direction, packet)) return 'allow';
  const policies = world.policies.filter((p) => p.doNotTrack !== true && p.preDNAT !== true);
  const outcome = evaluateTiers(world, policies, hostLabels(world, endpoint), direction, packet, true);
  return outcome === 'undecided' ? evaluateProfiles(world, endpoint.profiles, direction, packet) : outcome;
}

function evaluateForward(
  world: GenWorld,
  endpoint: GenHostEndpoint | undefined,
  direction: Direction,
  packet: Packet,
): Verdict {
  if (endpoint === undefined) return 'allow';
  const policies = world.policies.filter(
    (p) => p.applyOnForward === true && p.doNotTrack !== true && p.preDNAT !== true,
  );
  return evaluateTiers(world, policies, hostLabels(world, endpoint), direction, packet, true) === 'deny'
    ? 'deny'
    : 'allow';
}

function evaluatePreDnat(world: GenWorld, endpoint: GenHostEndpoint | undefined, packet: Packet): TierOutcome {
  if (endpoint === undefined || isFailsafe('ingress', packet)) return 'undecided';
  const policies = world.policies.filter((p) => p.preDNAT === true);
  return evaluateTiers(world, policies, hostLabels(world, endpoint), 'ingress', packet, false);
}

function evaluateUntracked(
  world: GenWorld,
  endpoint: GenHostEndpoint | undefined,
  direction: Direction,
  packet: Packet,
): TierOutcome {
  if (endpoint === undefined || endpoint.interfaceName === '*' || isFailsafe(direction, packet)) return 'undecided';
  if (isFailsafeReply(direction, packet)) return 'undecided';
  const policies = world.policies.filter((p) => p.doNotTrack === true);
  return evaluateTiers(world, policies, hostLabels(world, endpoint), direction, packet, false);
}

const failsafes: Readonly<Record<Direction, readonly (readonly [string, number])[]>> = {
  ingress: [
    ['TCP', 22],
    ['UDP', 68],
    ['TCP', 179],
    ['TCP', 2379],
    ['TCP', 2380],
    ['TCP', 5473],
    ['TCP', 6443],
    ['TCP', 6666],
    ['TCP', 6667],
  ],
  egress: [
    ['UDP', 53],
    ['UDP', 67],
    ['TCP', 179],
    ['TCP', 2379],
    ['TCP', 2380],
    ['TCP', 5473],
    ['TCP', 6443],
    ['TCP', 6666],
    ['TCP', 6667],
  ],
};

function isFailsafe(direction: Direction, packet: Packet): boolean {
  return failsafes[direction].some(
    ([protocol, port]) => packet.protocol === protocol && packet.destinationPort === port,
  );
}

/** Without conntrack the answers to failsafe connections must be let through by their source port. */
function isFailsafeReply(direction: Direction, packet: Packet): boolean {
  const opposite = direction === 'ingress' ? 'egress' : 'ingress';
  return failsafes[opposite].some(([protocol, port]) => packet.protocol === protocol && packet.sourcePort === port);
}

function evaluateTiers(
  world: GenWorld,
  policies: readonly GenPolicy[],
  labels: Labels,
  direction: Direction,
  packet: Packet,
  hasDefault: boolean,
): TierOutcome {
  for (const tier of sortedTiers(world, policies)) {
    const applying = policies
      .filter((p) => p.tier === tier.name && appliesTo(p, labels) && hasDirection(p, direction))
      .sort(byOrder);
    if (applying.length === 0) continue;
    const action = firstAction(world, applying, direction, packet);
    if (action === 'Allow') return 'allow';
    if (action === 'Deny') return 'deny';
    const isAllStaged = applying.every((p) => p.kind.startsWith('Staged'));
    if (action === undefined && hasDefault && !isAllStaged && tier.defaultAction !== 'Pass') return 'deny';
  }
  return 'undecided';
}

function hasDirection(policy: GenPolicy, direction: Direction): boolean {
  return policy.types.includes(direction === 'ingress' ? 'Ingress' : 'Egress');
}

/** Real tiers by order (absent last) then name; tiers that only policies name come after them and deny. */
function sortedTiers(world: GenWorld, policies: readonly GenPolicy[]) {
  const infinite = Number.POSITIVE_INFINITY;
  const real = [...world.tiers].sort((a, b) => {
    const x = a.order ?? infinite;
    const y = b.order ?? infinite;
    return x === y ? (a.name < b.name ? -1 : 1) : x - y;
  });
  const missing = [...new Set(policies.map((p) => p.tier))].filter((name) => !real.some((t) => t.name === name)).sort();
  return [...real, ...missing.map((name) => ({ name, defaultAction: 'Deny' as const }))];
}

function byOrder(a: GenPolicy, b: GenPolicy): number {
  const x = a.order ?? Number.POSITIVE_INFINITY;
  const y = b.order ?? Number.POSITIVE_INFINITY;
  if (x !== y) return x < y ? -1 : 1;
  const text = (p: GenPolicy) => `${p.name}/${p.namespace ?? ''}/${p.kind}`;
  return text(a) < text(b) ? -1 : 1;
}

/** The first Allow, Deny or Pass among the rules of the enforced policies, in order. */
function firstAction(world: GenWorld, policies: readonly GenPolicy[], direction: Direction, packet: Packet) {
  for (const policy of policies) {
    if (policy.kind.startsWith('Staged')) continue;
    for (const rule of policy[direction]) {
      if (rule.action !== 'Log' && ruleMatches(world, rule, policy.namespace, packet)) return rule.action;
    }
  }
  return undefined;
}

function evaluateProfiles(world: GenWorld, names: readonly string[], direction: Direction, packet: Packet): Verdict {
  for (const name of names) {
    if (name === 'projectcalico-default-allow') return 'allow';
    const profile = world.profiles.find((p) => p.name === name);
    if (profile === undefined) return 'deny';
    for (const rule of profile[direction]) {
      if (rule.action === 'Log' || !ruleMatches(world, rule, undefined, packet)) continue;
      if (rule.action === 'Pass') break;
      return rule.action === 'Allow' ? 'allow' : 'deny';
    }
  }
  return 'deny';
}

function appliesTo(policy: GenPolicy, labels: Labels): boolean {
  if (policy.namespace !== undefined && labels[namespaceLabel] !== policy.namespace) return false;
  const isGlobal = policy.namespace === undefined;
  // In a global policy `all()` beside a namespace or service account selector means "all that have one".
  const all = (key: string, isPresent: boolean): Sel => (isGlobal && isPresent ? { op: 'has', key } : { op: 'all' });
  const hasNs = policy.namespaceSelector !== undefined;
  const hasSa = policy.serviceAccountSelector !== undefined;
  const namespaceAll = all(namespaceLabel, hasNs);
  const accountAll = all(serviceAccountLabel, hasSa);
  const ownAll = hasNs ? namespaceAll : accountAll;
  return (
    selects(policy.selector ?? { op: 'all' }, labels, '', policy.selector === undefined ? { op: 'all' } : ownAll) &&
    (policy.namespaceSelector === undefined || selects(policy.namespaceSelector, labels, 'pcns.', namespaceAll)) &&
    (policy.serviceAccountSelector === undefined || selects(policy.serviceAccountSelector, labels, 'pcsa.', accountAll))
  );
}

/** Evaluates a selector over labels with every key prefixed; `all` and `global` as the caller defines them. */
function selects(
  sel: Sel,
  labels: Labels,
  prefix: string,
  all: Sel = { op: 'all' },
  global: Sel = { op: 'all' },
): boolean {
  const value = 'key' in sel ? labels[prefix + sel.key] : undefined;
  switch (sel.op) {
    case 'all':
      return all.op === 'all' || selects(all, labels, '');
    case 'global':
      return global.op === 'all' || selects(global, labels, '');
    case 'has':
      return value !== undefined;
    case '==':
      return value === sel.value;
    case '!=':
      return value !== sel.value;
    case 'contains':
      return value?.includes(sel.value) ?? false;
    case 'starts with':
      return value?.startsWith(sel.value) ?? false;
    case 'ends with':
      return value?.endsWith(sel.value) ?? false;
    case 'in':
      return value !== undefined && sel.values.includes(value);
    case 'not in':
      return value === undefined || !sel.values.includes(value);
    case 'not':
      return !selects(sel.of, labels, prefix, all, global);
    case 'and':
      return sel.of.every((s) => selects(s, labels, prefix, all, global));
    case 'or':
      return sel.of.some((s) => selects(s, labels, prefix, all, global));
  }
}

function ruleMatches(world: GenWorld, rule: GenRule, namespace: string | undefined, packet: Packet): boolean {
  if (rule.ipVersion !== undefined && rule.ipVersion !== packet.family) return false;
  if (rule.protocol !== undefined && !isProtocol(packet, rule.protocol)) return false;
  if (rule.notProtocol !== undefined && isProtocol(packet, rule.notProtocol)) return false;
  if (rule.icmp !== undefined && !isIcmp(packet, rule.icmp)) return false;
  if (rule.notIcmp !== undefined && isIcmp(packet, rule.notIcmp)) return false;
  return (
    sideMatches(world, rule, rule.source, namespace, packet, packet.source, packet.sourcePort) &&
    sideMatches(world, rule, rule.destination, namespace, packet, packet.destination, packet.destinationPort)
  );
}

const protocolNumbers: Readonly<Record<string, number>> = {
  ICMP: 1,
  TCP: 6,
  UDP: 17,
  ICMPv6: 58,
  SCTP: 132,
  UDPLite: 136,
};

function protocolNumber(protocol: string | number): number {
  return typeof protocol === 'number' ? protocol : protocolNumbers[protocol]!;
}

function isProtocol(packet: Packet, protocol: string | number): boolean {
  const wanted = protocolNumber(protocol);
  if (wanted === 1 && packet.family === 6) return false;
  if (wanted === 58 && packet.family === 4) return false;
  return protocolNumber(packet.protocol) === wanted;
}

function isIcmp(packet: Packet, match: { type: number; code?: number }): boolean {
  return packet.icmp?.type === match.type && (match.code === undefined || packet.icmp.code === match.code);
}

function sideMatches(
  world: GenWorld,
  rule: GenRule,
  side: Side,
  namespace: string | undefined,
  packet: Packet,
  address: string,
  port: number | undefined,
): boolean {
  if (side.nets !== undefined && side.nets.length > 0 && !side.nets.some((net) => hasAddress(net, address)))
    return false;
  if (side.notNets !== undefined && side.notNets.length > 0) {
    if (!side.notNets.some((net) => sameFamily(net, address))) return false;
    if (side.notNets.some((net) => hasAddress(net, address))) return false;
  }
  const isSelected = positiveSelection(side, namespace);
  const items = allItems(world);
  const chosen = items.filter((i) => isSelected === undefined || isSelected(i.labels));
  if (isSelected !== undefined) {
    const good = chosen.filter((i) => side.notSelector === undefined || !selects(side.notSelector, i.labels, ''));
    if (!good.some((i) => i.nets.some((net) => hasAddress(net, address)))) return false;
  } else if (side.notSelector !== undefined) {
    const bad = items.filter((i) => selects(side.notSelector!, i.labels, ''));
    if (bad.some((i) => i.nets.some((net) => hasAddress(net, address)))) return false;
  }
  const portItems =
    side.notSelector === undefined || isSelected === undefined
      ? chosen
      : chosen.filter((i) => !selects(side.notSelector!, i.labels, ''));
  if (
    side.ports !== undefined &&
    side.ports.length > 0 &&
    !portMatches(side.ports, portItems, rule, packet, address, port)
  )
    return false;
  if (side.notPorts !== undefined && side.notPorts.length > 0) {
    // A port criterion holds only for packets that have ports.
    if (port === undefined) return !side.notPorts.some((p) => typeof p !== 'string');
    if (portMatches(side.notPorts, portItems, rule, packet, address, port)) return false;
  }
  return true;
}

/** Who a side's positive selectors choose, or undefined when it has none. */
function positiveSelection(side: Side, namespace: string | undefined): ((labels: Labels) => boolean) | undefined {
  const isAccount = (labels: Labels) =>
    (side.serviceAccountNames === undefined || side.serviceAccountNames.includes(labels[serviceAccountLabel] ?? '')) &&
    (side.serviceAccountSelector === undefined || selects(side.serviceAccountSelector, labels, 'pcsa.'));
  const hasAccounts = side.serviceAccountNames !== undefined || side.serviceAccountSelector !== undefined;
  const hasBody = hasAccounts || side.selector !== undefined;
  const isInNamespace = (labels: Labels) => {
    if (side.namespaceSelector !== undefined) {
      const has: Sel = { op: 'has', key: namespaceLabel };
      return selects(side.namespaceSelector, labels, 'pcns.', has, { op: 'not', of: has });
    }
    return namespace === undefined || labels[namespaceLabel] === namespace;
  };
  const isNamespaceUsed =
    (side.namespaceSelector !== undefined || namespace !== undefined) &&
    (hasBody || side.notSelector !== undefined || side.namespaceSelector !== undefined);
  if (!hasBody && !isNamespaceUsed) return undefined;
  return (labels) =>
    (!isNamespaceUsed || isInNamespace(labels)) &&
    (!hasAccounts || isAccount(labels)) &&
    (side.selector === undefined || selects(side.selector, labels, ''));
}

function portMatches(
  ports: NonNullable<Side['ports']>,
  items: readonly Item[],
  rule: GenRule,
  packet: Packet,
  address: string,
  port: number | undefined,
): boolean {
  if (port === undefined) return false;
  return ports.some((p) => {
    if (typeof p === 'number') return p === port;
    if (typeof p !== 'string') return p[0] <= port && port <= p[1];
    return items.some(
      (item) =>
        item.nets.some((net) => hasAddress(net, address)) &&
        item.ports.some(
          (named) =>
            named.name === p &&
            named.port === port &&
            named.protocol === packet.protocol &&
            (rule.protocol === undefined || protocolNumber(rule.protocol) === protocolNumber(named.protocol)),
        ),
    );
  });
}

function allItems(world: GenWorld): Item[] {
  return [
    ...world.workloads.map((w) => ({ labels: workloadLabels(world, w), nets: w.addresses, ports: w.ports })),
    ...world.hostEndpoints.map((h) => ({ labels: hostLabels(world, h), nets: h.expectedIps, ports: h.ports })),
    ...world.networkSets.map((s) => ({ labels: setLabels(world, s.namespace, s.labels), nets: s.nets, ports: [] })),
  ];
}

function setLabels(world: GenWorld, namespace: string | undefined, labels: Labels): Labels {
  if (namespace === undefined) return labels;
  return withProfiles(world, { ...labels, [namespaceLabel]: namespace }, [`kns.${namespace}`]);
}

function workloadLabels(world: GenWorld, workload: GenWorkload): Labels {
  const own: Record<string, string> = {
    ...workload.labels,
    [namespaceLabel]: workload.namespace,
    'projectcalico.org/orchestrator': 'vm',
  };
  if (workload.serviceAccount !== undefined) own[serviceAccountLabel] = workload.serviceAccount;
  return withProfiles(world, own, workload.profiles);
}

function hostLabels(world: GenWorld, endpoint: GenHostEndpoint): Labels {
  return withProfiles(world, endpoint.labels, endpoint.profiles);
}

/** Own labels win; then the first profile in the list that defines a label. */
function withProfiles(world: GenWorld, own: Labels, profiles: readonly string[]): Labels {
  const labels: Record<string, string> = {};
  for (const name of [...profiles].reverse())
    Object.assign(labels, world.profiles.find((p) => p.name === name)?.labelsToApply);
  return { ...labels, ...own };
}
