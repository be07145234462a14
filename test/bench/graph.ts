/**
 * The calculation graph at size: 10,000 policies with one rule and one selector of their own each way, each on 1 % of 1,000 local
 * endpoints, and 50,000 remote endpoints. Prints build time, longest pause, heap and the cost of single changes.
 * Run: `node --expose-gc test/bench/graph.ts` (through bin/run-ts).
 */
import { performance } from 'node:perf_hooks';
import { decodeUpdate, type GraphUpdate } from '#appliance/felix/calc/decode.ts';
import { createGraph, type Graph } from '#appliance/felix/calc/graph.ts';
import { LargeValues } from '#appliance/felix/calc/large-values.ts';

const root = '/calico/resources/v3/projectcalico.org';
const counts = { policies: 10_000, local: 1000, remote: 50_000 };
const batchSize = 500;
let revision = 1;
const large = new LargeValues();

interface Stored {
  readonly key: string;
  readonly value: Buffer | undefined;
}

function stored(key: string, value: object | undefined): Stored {
  return { key, value: value && Buffer.from(JSON.stringify(value)) };
}

function policy(i: number, order = i): Stored {
  return stored(`${root}/globalnetworkpolicies/policy-${i}`, {
    kind: 'GlobalNetworkPolicy',
    apiVersion: 'projectcalico.org/v3',
    metadata: { name: `policy-${i}`, uid: `0b8a1e57-5d0c-4f38-8d1c-${i}`, creationTimestamp: '2026-08-01T09:30:00Z' },
    spec: {
      tier: 'default',
      order,
      ingress: [peerRule('source', `role == "client-${i}"`)],
      egress: [peerRule('destination', `role == "server-${i}"`)],
      selector: `group == "g${i % 100}"`,
      types: ['Ingress', 'Egress'],
    },
  });
}

function peerRule(side: 'source' | 'destination', selector: string): object {
  const rule = { action: 'Allow', protocol: 'TCP', destination: { ports: [443] } };
  return { ...rule, [side]: { ...(side === 'destination' ? rule.destination : {}), selector } };
}

function endpoint(host: string, i: number, role: string): Stored {
  const name = `${host}-cni-c${i}-eth0`;
  const address = `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}/32`;
  return stored(`${root}/workloadendpoints/prod/${name}`, {
    kind: 'WorkloadEndpoint',
    apiVersion: 'projectcalico.org/v3',
    metadata: {
      name,
      namespace: 'prod',
      uid: `0b8a1e57-5d0c-4f38-8d1c-${i}`,
      creationTimestamp: '2026-08-01T09:30:00Z',
      labels: {
        role,
        group: `g${i % 100}`,
        app: `app-${i % 500}`,
        'projectcalico.org/namespace': 'prod',
        'projectcalico.org/orchestrator': 'cni',
      },
    },
    spec: {
      orchestrator: 'cni',
      node: host,
      containerID: `c${i}`,
      endpoint: 'eth0',
      ipNetworks: [address],
      profiles: ['prod-base'],
      interfaceName: `cali${i}`,
      mac: 'ee:ee:ee:ee:ee:ee',
      ports: [{ name: 'pg', protocol: 'TCP', port: 5432, hostPort: 0, hostIP: '' }],
    },
  });
}

const role = (i: number) => `${i % 2 === 0 ? 'client' : 'server'}-${Math.floor(i / 2) % counts.policies}`;

function* everything(): Generator<Stored> {
  for (let i = 0; i < counts.policies; i++) yield policy(i);
  yield stored(`${root}/profiles/prod-base`, { spec: { ingress: [], egress: [], labelsToApply: { env: 'prod' } } });
  yield stored(`${root}/tiers/default`, { spec: { order: 1_000_000, defaultAction: 'Deny' } });
  for (let i = 0; i < counts.local; i++) yield endpoint('here', i, role(i));
  for (let i = 0; i < counts.remote; i++) yield endpoint(`host${i % 500}`, i + 100_000, role(i));
}

function decode({ key, value }: Stored): GraphUpdate {
  return decodeUpdate({ key, value, revision: ++revision }, large);
}

function build(graph: Graph): void {
  let batch: Stored[] = [];
  const slices: number[] = [];
  const slice = (work: () => void) => {
    const start = performance.now();
    work();
    slices.push(performance.now() - start);
  };
  const feed = () => {
    slice(() => graph.update(batch.map(decode)));
    batch = [];
  };
  for (const entry of everything()) {
    batch.push(entry);
    if (batch.length === batchSize) feed();
  }
  feed();
  const fed = slices.reduce((sum, ms) => sum + ms, 0);
  graph.status('in-sync', revision);
  let messages = 0;
  for (let isLast = false; !isLast; ) {
    slice(() => {
      const part = graph.flush(batchSize)!;
      messages += part.messages.length;
      isLast = part.isLast;
    });
  }
  const total = slices.reduce((sum, ms) => sum + ms, 0);
  console.log(`build: ${total.toFixed(0)} ms (updates ${fed.toFixed(0)} ms), ${messages} messages`);
  console.log(`longest slice of ${batchSize}: ${Math.max(...slices).toFixed(1)} ms`);
}

function measure(name: string, graph: Graph, changes: readonly Stored[]): void {
  const times: number[] = [];
  let messages = 0;
  for (const change of changes) {
    const start = performance.now();
    graph.update([decode(change)]);
    messages += graph.flush()?.messages.length ?? 0;
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor((times.length - 1) * share)]!.toFixed(3);
  console.log(
    `${name}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms, ${messages / changes.length} messages each`,
  );
}

function heapMb(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1e6;
}

const range = Array.from({ length: 300 }, (_, i) => i);
const before = heapMb();
const graph = createGraph({ hostname: 'here' });
build(graph);
console.log(`heap: ${(heapMb() - before).toFixed(0)} MB, rss ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`);
measure(
  'policy created',
  graph,
  range.map((i) => policy(counts.policies + i)),
);
measure(
  'policy reordered',
  graph,
  range.map((i) => policy(i, i + 0.5)),
);
measure(
  'policy deleted',
  graph,
  range.map((i) => ({ key: policy(counts.policies + i).key, value: undefined })),
);
const remote = (i: number, label: string) => endpoint(`host${i % 500}`, i + 100_000, label);
measure(
  'remote endpoint relabelled',
  graph,
  range.map((i) => remote(i, role(i + 7))),
);
measure(
  'remote endpoint added',
  graph,
  range.map((i) => remote(i + counts.remote, role(i))),
);
measure(
  'remote endpoint deleted',
  graph,
  range.map((i) => ({ key: remote(i + counts.remote, '').key, value: undefined })),
);
measure(
  'local endpoint relabelled',
  graph,
  range.map((i) => endpoint('here', i, role(i + 7))),
);
measure(
  'local endpoint added',
  graph,
  range.map((i) => endpoint('here', i + 5000, role(i))),
);
const everyone = stored(`${root}/globalnetworkpolicies/everyone`, {
  spec: {
    ingress: [{ action: 'Allow', source: { selector: 'all()' } }],
    selector: 'group == "g1"',
    types: ['Ingress'],
  },
});
measure('policy with all() created', graph, [everyone]);
const relabelled = stored(`${root}/profiles/prod-base`, { spec: { labelsToApply: { env: 'test' } } });
measure("labels of everybody's profile changed", graph, [relabelled]);
