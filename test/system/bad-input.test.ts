/**
 * Bad input, everywhere it can come in: an API server that refuses it with its path, and an agent that finds it in the store all the same, written
 * behind the API's back. What cannot be read counts as absent: the agent lives, says so, and goes on enforcing and taking policy.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { openEtcdStore } from '#appliance/datastore/etcd/open.ts';
import type { Store } from '#appliance/datastore/store.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { storeKey } from '#appliance/resources/key.ts';
import { kindOf, kinds } from '#appliance/resources/registry.ts';
import { openPlayground, type Playground } from '../../tools/quickstart/playground.ts';
import { call } from '../appliance/apiserver-process.ts';
import { type MalformedManifest, malformedManifests } from '../appliance/resources/malformed-manifests.ts';

const root = '/calico/resources/v3/projectcalico.org';
/** JSON has no such values. */
const manifests = malformedManifests().filter(({ title }) => !/ as (NaN|-?infinity|undefined)/i.test(title));

test('an API server refuses every malformed manifest with 4xx and its path, and an agent enforces on with all of them in its store', async (t) => {
  t.timeout(280_000);
  const playground = await openPlayground([
    { name: 'client', interfaceName: 'caliclient', addresses: ['10.65.0.1/32'], ports: [] },
    { name: 'server', interfaceName: 'caliserver', addresses: ['10.65.0.2/32'], ports: [80] },
    { name: 'stranger', interfaceName: 'calistranger', addresses: ['10.65.0.3/32'], ports: [] },
  ]);
  const store = openEtcdStore({
    endpoints: [`unix:${join(playground.environment.CALICO_RUN_DIR!, 'etcd.sock')}`],
    log: silentLogger,
  });
  try {
    const world = createWorld(playground, store);
    for (const [key, value] of goodObjects) await world.put(key, JSON.stringify(value));
    await world.settled();
    const pids = await world.pids();
    const baseline = await world.ruleset();
    const flows = async (state: string, fromClient = true) => {
      t.is(await playground.connect('client', '10.65.0.2', 80), fromClient, `${state}: from the client`);
      t.false(await playground.connect('stranger', '10.65.0.2', 80), `${state}: from a stranger`);
    };
    await flows('at first');
    t.deepEqual((await world.status()).invalidObjects, {});

    for (const manifest of manifests) {
      const { status, body } = await world.post(manifest.manifest);
      // the URL says what these leave out
      if (status === 201 && ['kind', 'apiVersion', 'metadata.namespace'].includes(manifest.path)) continue;
      t.true(status >= 400 && status < 500, `${manifest.title}: ${status}`);
      t.true(JSON.stringify(body).includes(JSON.stringify(manifest.path).slice(1, -1)), manifest.title);
    }
    await world.settled();
    await flows('after the API was tried');

    const bad = [...manifests.flatMap(asStored), ...garbage()];
    t.true(bad.length > 1_000, `${bad.length} bad objects`);
    for (const [i, { key, value }] of bad.entries()) {
      await world.put(key, value);
      if (i % 200 === 0) await flows(`with ${i} bad objects`);
    }
    await world.settled();
    await flows('with all bad objects');
    t.deepEqual(await world.pids(), pids, 'no restart');
    const { invalidObjects } = await world.status();
    t.deepEqual(
      bad.filter(({ key, mustBeReported }) => mustBeReported && !(key in invalidObjects)).map(({ title }) => title),
      [],
      'reported',
    );

    for (const { key } of bad) if (!(key in invalidObjects)) await world.remove(key);
    await world.settled();
    t.is(await world.ruleset(), baseline, 'what is reported counts as absent');
    await playground.restart('calico-node', 'SIGKILL');
    await world.settled();
    t.is(await world.ruleset(), baseline, 'also after a start');
    await flows('after a start');

    await world.put(quarantineKey, JSON.stringify(quarantine));
    await world.settled();
    await flows('with a good policy more', false);
    await world.remove(quarantineKey);
    for (const { key } of bad) if (key in invalidObjects) await world.remove(key);
    await world.settled();
    await flows('when all is over');
    t.is(await world.ruleset(), baseline);
    t.deepEqual((await world.status()).invalidObjects, {});

    await configurationByBadObjects(world, flows);
    await lockedByGarbage(world, flows);
    t.is((await world.pids()).length, pids.length);
  } finally {
    await store.close();
    await playground.close();
  }

  type World = ReturnType<typeof createWorld>;
  type Flows = (state: string, fromClient?: boolean) => Promise<void>;

  /** The object that every agent reads, with everything that could be wrong with it. */
  async function configurationByBadObjects(world: World, flows: Flows): Promise<void> {
    const key = `${root}/felixconfigurations/default`;
    const ours = manifests.filter(({ title }) => title.startsWith('FelixConfiguration: '));
    const values = [...ours.map(({ manifest }) => JSON.stringify(manifest)), ...texts];
    for (const [i, value] of values.entries()) {
      await world.put(key, value);
      if (i % 20 === 0) await world.settled();
    }
    await world.settled();
    await flows('with a bad configuration');
    t.truthy((await world.status()).invalidObjects[key]);
    await world.remove(key);
  }

  /** Whether a store is ready must be known: while it is not, what is enforced stays, and nothing new comes. */
  async function lockedByGarbage(world: World, flows: Flows): Promise<void> {
    const key = `${root}/clusterinformations/default`;
    const before = await world.read(key);
    await world.put(key, '\u0000garbage');
    await world.put(quarantineKey, JSON.stringify(quarantine));
    await new Promise((resolve) => setTimeout(resolve, 500));
    t.false((await world.status()).isStoreReady);
    await flows('with a locked store');
    await world.put(key, before);
    await world.settled();
    await flows('when it is unlocked', false);
  }
});

const endpoint = (name: string, address: string) => ({
  kind: 'WorkloadEndpoint',
  metadata: {
    name: `quickstart-vm-${name}-eth0`,
    namespace: 'shop',
    labels: { part: name, 'projectcalico.org/namespace': 'shop' },
  },
  spec: {
    node: 'quickstart',
    orchestrator: 'vm',
    workload: name,
    endpoint: 'eth0',
    interfaceName: `cali${name}`,
    ipNetworks: [address],
    profiles: ['open'],
  },
});

const goodObjects: readonly (readonly [string, unknown])[] = [
  [
    `${root}/profiles/open`,
    { kind: 'Profile', spec: { ingress: [{ action: 'Allow' }], egress: [{ action: 'Allow' }] } },
  ],
  [`${root}/workloadendpoints/shop/quickstart-vm-client-eth0`, endpoint('client', '10.65.0.1/32')],
  [`${root}/workloadendpoints/shop/quickstart-vm-server-eth0`, endpoint('server', '10.65.0.2/32')],
  [`${root}/workloadendpoints/shop/quickstart-vm-stranger-eth0`, endpoint('stranger', '10.65.0.3/32')],
  [
    `${root}/networkpolicies/shop/server-takes-client`,
    {
      kind: 'NetworkPolicy',
      spec: {
        order: 10,
        selector: "part == 'server'",
        types: ['Ingress'],
        ingress: [{ action: 'Allow', protocol: 'TCP', source: { selector: "part == 'client'" } }, { action: 'Deny' }],
      },
    },
  ],
];

const quarantineKey = `${root}/globalnetworkpolicies/quarantine`;
const quarantine = {
  kind: 'GlobalNetworkPolicy',
  spec: { order: 1, selector: "part == 'client'", types: ['Egress'], egress: [{ action: 'Deny' }] },
};

interface BadObject {
  readonly title: string;
  readonly key: string;
  readonly value: string | Buffer;
  readonly mustBeReported: boolean;
}

/** Fields the agent reads; whatever is wrong with the type of their value must be reported. */
const usedFields: Readonly<Record<string, RegExp>> = {
  GlobalNetworkPolicy: /^(selector|order|ingress|egress|types) as (text|number|list|object)$/,
  NetworkPolicy: /^(selector|order|ingress|egress|types) as (text|number|list|object)$/,
  GlobalNetworkSet: /^nets as (text|object)$/,
  NetworkSet: /^nets as (text|object)$/,
  WorkloadEndpoint: /^(interfaceName|ipNetworks|profiles|ports) as (text|number|object)$/,
  HostEndpoint: /^(interfaceName|expectedIPs|profiles|ports) as (text|number|object)$/,
  Profile: /^(ingress|egress|labelsToApply) as (text|object)$/,
  Tier: /^order as text$/,
  IPPool: /^cidr as (number|object)$/,
};

/** Under the key that the kind would give it, each under a name of its own, endpoints on this host. */
function asStored({ title, manifest }: MalformedManifest, i: number): BadObject[] {
  const [name = '', fault = ''] = title.split(': ');
  const kind = kindOf(name);
  if (kind === undefined) return [];
  const own = kind.kind === 'WorkloadEndpoint' ? `quickstart-vm-bad${i}-eth0` : `bad-${i}`;
  const value = JSON.stringify(manifest).replaceAll('"node-7"', '"quickstart"');
  const mustBeReported = usedFields[kind.kind]?.test(fault) ?? false;
  return [{ title, key: storeKey(kind, kind.isNamespaced ? 'bad' : undefined, own), value, mustBeReported }];
}

/** What is not a resource at all. */
const texts = [
  '',
  'null',
  '[]',
  '7',
  '"x"',
  '{',
  '{"spec":',
  `${'['.repeat(20_000)}`,
  '\u0000',
  '{"spec":[]}',
  '{"spec":7}',
];

/** Bytes that are no resource under keys of every kind, and keys that are none of a resource. */
function garbage(): BadObject[] {
  const bytes = [...texts.map((text) => Buffer.from(text)), Buffer.from([0xff, 0xfe, 0x00, 0x80])];
  const underKinds = kinds.flatMap((kind) =>
    bytes.map((value, i) => ({
      title: `garbage ${i} as ${kind.kind}`,
      key: storeKey(kind, kind.isNamespaced ? 'bad' : undefined, `garbage-${i}`),
      value,
      mustBeReported: kind.kind in usedFields,
    })),
  );
  const keys = ['/', '/tiers', '/tiers/', '/tiers/a/b/c', '/networkpolicies/a', '/networkpolicies//a', '/nothings/a'];
  const badKeys = [...keys, '/constructor/a', `/tiers/${'x'.repeat(5_000)}`, '/tiers/\u0000'].map((key) => ({
    title: key.slice(0, 30),
    key: root + key,
    value: '{"spec":{"order":"x"}}',
    mustBeReported: false,
  }));
  return [...underKinds, ...wrongKinds(), ...badKeys];
}

/** The example of one kind under the key of another: what the graph reads it as is nothing at all. */
function wrongKinds(): BadObject[] {
  return kinds.map((kind, i) => {
    const { kind: other, example } = kinds[(i + 1) % kinds.length]!;
    const name = kind.kind === 'WorkloadEndpoint' ? 'quickstart-vm-wrong-eth0' : 'wrong';
    const key = storeKey(kind, kind.isNamespaced ? 'bad' : undefined, name);
    const value = JSON.stringify(example).replaceAll('"node-7"', '"quickstart"');
    return { title: `${other} as ${kind.kind}`, key, value, mustBeReported: kind.kind.endsWith('Policy') };
  });
}

interface Status {
  readonly isStoreReady: boolean;
  readonly invalidObjects: Readonly<Record<string, unknown>>;
}

function createWorld(playground: Playground, store: Store) {
  const runDir = playground.environment.CALICO_RUN_DIR!;
  const inHost = async (...words: string[]) =>
    (await execa('ip', ['netns', 'exec', playground.hostNamespace, ...words])).stdout;
  const at = (socket: string) => ({ dir: '', env: {}, socket: join(runDir, socket) });
  let revision = 0;
  return {
    async put(key: string, value: string | Buffer) {
      ({ revision } = await store.put(Buffer.from(key), Buffer.from(value)));
    },
    async remove(key: string) {
      ({ revision } = await store.delete({ key: Buffer.from(key) }));
    },
    read: async (key: string) => (await store.range({ key: Buffer.from(key) })).entries[0]!.value,
    async settled() {
      await playground.settled();
      const { status } = await call(at('node.sock'), 'GET', `/wait?revision=${revision}`);
      if (status !== 200) throw new Error(`the agent did not reach revision ${revision}`);
    },
    status: async (): Promise<Status> => (await call(at('node.sock'), 'GET', '/status')).body,
    post: (manifest: unknown) =>
      call(at('api.sock'), 'POST', `/apis/projectcalico.org/v3/${collectionOf(manifest)}`, manifest ?? null),
    /** Of the daemons, without what they start for a moment. */
    async pids() {
      const pids = (await execa('ip', ['netns', 'pids', playground.hostNamespace])).stdout.split('\n');
      return pids.filter((pid) => !pids.includes(parentOf(pid))).sort();
    },
    /** Without counts, and without an order where there is none. */
    async ruleset() {
      const text = (await inHost('nft', 'list', 'ruleset')).replace(/packets \d+ bytes \d+/g, '');
      const blocks = text.split(/\n\t}\n/).map((block) => block.split(/,\s*/).toSorted().join(',\n'));
      return blocks.toSorted().join('\n');
    },
  };
}

/** Of a process that has ended, itself. */
function parentOf(pid: string): string {
  try {
    return /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]!;
  } catch {
    return pid;
  }
}

/** Where a client would send it. */
function collectionOf(manifest: unknown): string {
  const { kind: name, metadata } = (manifest ?? {}) as { kind?: unknown; metadata?: { namespace?: unknown } };
  const kind = typeof name === 'string' ? kindOf(name) : undefined;
  if (kind === undefined) return 'globalnetworksets';
  const namespace = typeof metadata?.namespace === 'string' && metadata.namespace !== '' ? metadata.namespace : 'x';
  return kind.isNamespaced ? `namespaces/${encodeURIComponent(namespace)}/${kind.plural}` : kind.plural;
}
