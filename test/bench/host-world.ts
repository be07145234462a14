/**
 * The store content of the host bench: local endpoints in groups, remote ones in apps, policies whose rules have selectors of their own, and one set of very
 * many CIDRs. Pure.
 */

export interface Sizes {
  readonly policies: number;
  readonly localEndpoints: number;
  readonly remoteEndpoints: number;
  readonly cidrs: number;
}

export interface StoredObject {
  readonly key: string;
  readonly value: Record<string, unknown>;
}

const root = '/calico/resources/v3/projectcalico.org';
const groups = 100;
const endpointsPerApp = 20;

export function worldOf(sizes: Sizes): StoredObject[] {
  return [
    object('ClusterInformation', 'clusterinformations', 'default', {
      datastoreReady: true,
      clusterGUID: '0'.repeat(32),
    }),
    object('Tier', 'tiers', 'default', { order: 1_000_000, defaultAction: 'Deny' }),
    object('Profile', 'profiles', 'open', { ingress: [{ action: 'Allow' }], egress: [{ action: 'Allow' }] }),
    bigSet(sizes.cidrs),
    ...range(sizes.localEndpoints).map((i) => localEndpoint(i)),
    ...range(sizes.remoteEndpoints).map((i) => remoteEndpoint(i, appOf(i))),
    ...range(sizes.policies).map((i) => policy(i, 8000, sizes)),
  ];
}

/** The set's CIDRs; `without` leaves one out. */
export function bigSet(cidrs: number, without?: number): StoredObject {
  const nets = range(cidrs).flatMap((i) =>
    i === without ? [] : [`${100 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.0/25`],
  );
  return object('GlobalNetworkSet', 'globalnetworksets', 'big', { nets }, { big: 'yes' });
}

export function localEndpoint(i: number): StoredObject {
  return endpoint('bench', i, `10.1.${i >> 8}.${i & 255}`, { group: `g${i % groups}` });
}

export function appOf(i: number): number {
  return Math.floor(i / endpointsPerApp);
}

export function remoteEndpoint(i: number, app: number): StoredObject {
  return endpoint(`far-${i % 500}`, i, `10.${16 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`, { app: `a${app}` });
}

/** Applies to one group (1 % of the local endpoints); one ingress and one egress rule, each with a selector nobody else has. */
export function policy(i: number, port: number, sizes: Sizes): StoredObject {
  const app = i % Math.max(1, appOf(sizes.remoteEndpoints));
  const selector = (side: string) => (i === 0 ? "big == 'yes'" : `app == 'a${app}' && not-${side} != 'p${i}'`);
  return object('GlobalNetworkPolicy', 'globalnetworkpolicies', `p${i}`, {
    tier: 'default',
    order: i,
    selector: `group == 'g${i % groups}'`,
    types: ['Ingress', 'Egress'],
    ingress: [
      { action: 'Allow', protocol: 'TCP', source: { selector: selector('in') }, destination: { ports: [port] } },
    ],
    egress: [{ action: 'Allow', protocol: 'TCP', destination: { selector: selector('out'), ports: [port] } }],
  });
}

function endpoint(node: string, i: number, address: string, labels: Record<string, string>): StoredObject {
  const name = `${node.replaceAll('-', '--')}-vm-w${i}-eth0`;
  const spec = {
    orchestrator: 'vm',
    node,
    workload: `w${i}`,
    endpoint: 'eth0',
    ipNetworks: [`${address}/32`],
    profiles: ['open'],
    interfaceName: `cali${i}`,
  };
  const all = { ...labels, 'projectcalico.org/namespace': 'bench', 'projectcalico.org/orchestrator': 'vm' };
  return object('WorkloadEndpoint', 'workloadendpoints', name, spec, all, 'bench');
}

function object(
  kind: string,
  plural: string,
  name: string,
  spec: Record<string, unknown>,
  labels?: Record<string, string>,
  namespace?: string,
): StoredObject {
  const metadata = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid: '00000000-0000-4000-8000-000000000000',
    creationTimestamp: '2026-01-01T00:00:00Z',
    ...(labels === undefined ? {} : { labels }),
  };
  const path = namespace === undefined ? name : `${namespace}/${name}`;
  return { key: `${root}/${plural}/${path}`, value: { kind, apiVersion: 'projectcalico.org/v3', metadata, spec } };
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
