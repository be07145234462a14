/** Writes a generated world out as the resources a user would apply, with their store keys. Pure. */
import type { GenPolicy, GenPort, GenRule, GenWorld, Sel, Side } from './model.ts';

export interface StoredManifest {
  readonly key: string;
  readonly value: Record<string, unknown>;
}

const root = '/calico/resources/v3/projectcalico.org';

export function manifestsOf(world: GenWorld): StoredManifest[] {
  return [
    ...world.tiers.map((t) =>
      manifest('Tier', 'tiers', undefined, t.name, { order: t.order, defaultAction: t.defaultAction }),
    ),
    ...world.profiles.map((p) =>
      manifest('Profile', 'profiles', undefined, p.name, {
        ingress: p.ingress.map(ruleOf),
        egress: p.egress.map(ruleOf),
        labelsToApply: p.labelsToApply,
      }),
    ),
    ...world.networkSets.map((s) =>
      manifest(
        s.namespace === undefined ? 'GlobalNetworkSet' : 'NetworkSet',
        s.namespace === undefined ? 'globalnetworksets' : 'networksets',
        s.namespace,
        s.name,
        { nets: s.nets },
        s.labels,
      ),
    ),
    ...world.hostEndpoints.map((h) =>
      manifest(
        'HostEndpoint',
        'hostendpoints',
        undefined,
        h.name,
        {
          node: h.node,
          interfaceName: h.interfaceName,
          expectedIPs: h.expectedIps,
          profiles: h.profiles,
          ports: h.ports,
        },
        h.labels,
      ),
    ),
    ...world.workloads.map((w) =>
      manifest(
        'WorkloadEndpoint',
        'workloadendpoints',
        w.namespace,
        `${w.node.replaceAll('-', '--')}-vm-${w.name}-eth0`,
        {
          orchestrator: 'vm',
          workload: w.name,
          node: w.node,
          endpoint: 'eth0',
          serviceAccountName: w.serviceAccount,
          ipNetworks: w.addresses.map((a) => (a.includes(':') ? `${a}/128` : `${a}/32`)),
          profiles: w.profiles,
          interfaceName: w.interfaceName,
          ipNATs: w.nats,
          ports: w.ports.map((p: GenPort) => ({ ...p, hostPort: 0, hostIP: '' })),
        },
        { ...w.labels, 'projectcalico.org/namespace': w.namespace, 'projectcalico.org/orchestrator': 'vm' },
      ),
    ),
    ...world.pools.map(({ cidr, natOutgoing }) =>
      manifest('IPPool', 'ippools', undefined, cidr.replaceAll(/[^0-9a-f]+/g, '-'), {
        ...{ cidr, natOutgoing, ipipMode: 'Never', vxlanMode: 'Never' },
        ...{ blockSize: cidr.includes(':') ? 128 : 32, nodeSelector: 'all()' },
      }),
    ),
    ...farHostOf(world),
    ...world.policies.map(policyOf),
  ];
}

function farHostOf({ farHost: [four, six] }: GenWorld): StoredManifest[] {
  if (four === undefined) return [];
  const spec = { bgp: { ipv4Address: `${four}/24`, ipv6Address: `${six}/64` } };
  return [manifest('Node', 'nodes', undefined, 'far-host', spec)];
}

/** What the agent's configuration says of a world. */
export function settingsOf(world: GenWorld): Record<string, string> {
  return {
    defaultendpointtohostaction: world.endpointToHostAction,
    floatingips: 'Enabled',
    natoutgoingexclusions: world.areHostsExcludedFromNat ? 'IPPoolsAndHostIPs' : 'IPPoolsOnly',
  };
}

function manifest(
  kind: string,
  plural: string,
  namespace: string | undefined,
  name: string,
  spec: Record<string, unknown>,
  labels: Readonly<Record<string, string>> = {},
): StoredManifest {
  const path = namespace === undefined ? name : `${namespace}/${name}`;
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }), labels };
  // JSON drops what is undefined, as an absent field.
  const value = JSON.parse(JSON.stringify({ kind, apiVersion: 'projectcalico.org/v3', metadata, spec }));
  return { key: `${root}/${plural}/${path}`, value };
}

function policyOf(p: GenPolicy): StoredManifest {
  const plural = p.kind.toLowerCase().replace(/policy$/, 'policies');
  return manifest(p.kind, plural, p.namespace, p.name, {
    tier: p.tier,
    order: p.order,
    ...(p.kind.startsWith('Staged') ? { stagedAction: 'Set' } : {}),
    selector: p.selector && printSel(p.selector),
    namespaceSelector: p.namespaceSelector && printSel(p.namespaceSelector),
    serviceAccountSelector: p.serviceAccountSelector && printSel(p.serviceAccountSelector),
    types: p.types,
    ingress: p.ingress.map(ruleOf),
    egress: p.egress.map(ruleOf),
    doNotTrack: p.doNotTrack,
    preDNAT: p.preDNAT,
    applyOnForward: p.applyOnForward,
  });
}

function ruleOf(rule: GenRule): Record<string, unknown> {
  const { source, destination, notIcmp, ...plain } = rule;
  return {
    ...plain,
    ...(notIcmp === undefined ? {} : { notICMP: notIcmp }),
    source: sideOf(source),
    destination: sideOf(destination),
  };
}

function sideOf(side: Side): Record<string, unknown> {
  const ports = (list: Side['ports']) => list?.map((p) => (typeof p === 'object' ? `${p[0]}:${p[1]}` : p));
  const hasAccounts = side.serviceAccountNames !== undefined || side.serviceAccountSelector !== undefined;
  return {
    nets: side.nets,
    notNets: side.notNets,
    selector: side.selector && printSel(side.selector),
    notSelector: side.notSelector && printSel(side.notSelector),
    namespaceSelector: side.namespaceSelector && printSel(side.namespaceSelector),
    ports: ports(side.ports),
    notPorts: ports(side.notPorts),
    serviceAccounts: hasAccounts
      ? {
          names: side.serviceAccountNames,
          selector: side.serviceAccountSelector && printSel(side.serviceAccountSelector),
        }
      : undefined,
  };
}

/** The selector as a person would write it; parentheses wherever the meaning could depend on them. */
export function printSel(sel: Sel): string {
  switch (sel.op) {
    case 'all':
    case 'global':
      return `${sel.op}()`;
    case 'has':
      return `has(${sel.key})`;
    case 'in':
    case 'not in':
      return `${sel.key} ${sel.op} {${sel.values.map((v) => `'${v}'`).join(', ')}}`;
    case 'not':
      return `!(${printSel(sel.of)})`;
    case 'and':
    case 'or':
      return sel.of.map((s) => `(${printSel(s)})`).join(sel.op === 'and' ? ' && ' : ' || ');
    default:
      return `${sel.key} ${sel.op} '${sel.value}'`;
  }
}
