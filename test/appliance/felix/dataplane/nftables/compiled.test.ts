/** Compiled lists over a kernel in memory: what a change costs, what is shared, what is left when all is gone. */
import test from 'ava';
import type { Rule } from '#appliance/felix/model/policy.ts';
import { createFakeKernel } from '#appliance/kernel/fake/kernel.ts';
import type { Kernel, NftOperation } from '#appliance/kernel/kernel.ts';
import { countElements } from '#appliance/kernel/nft-keys.ts';
import { allowAllProfile, config, inSync, ipSet, policy, rule, tier, workload, workloadGone } from '../sample.ts';
import { openDataplane } from './lab.ts';

const tcp = 6;

/** Allows peers of one set to one port. */
function allow(set: string, port: number): Rule {
  return rule('allow', { protocol: tcp, src: { sets: [set] }, dst: { ports: [{ first: port, last: port }] } });
}

/** Hundred rules, each with a set of its own; two endpoints with the same policy. */
const base = [
  config(),
  allowAllProfile,
  ...Array.from({ length: 100 }, (_, i) => ipSet(`s:${i}`, `10.1.0.${i}/32`, `10.2.0.${i}/32`)),
  policy('web', { inbound: Array.from({ length: 100 }, (_, i) => allow(`s:${i}`, 8000)) }),
  workload('a', { tiers: [tier(['web'])], profiles: ['allow'] }),
  workload('b', { tiers: [tier(['web'])], profiles: ['allow'] }),
];

test('members of sets that only tables ask for are not in the sets of rules', async (t) => {
  await using dataplane = openDataplane();
  await dataplane.send(...base, inSync);
  const { nft } = dataplane.kernel;
  t.is((await nft.dumpElements('calico', 'hosts4')).length, 0);
  t.is((await nft.dumpElements('calico', 'classes4')).length, 200);
  t.is((await nft.dumpElements('calico', 'cells4-workload-ingress')).length, 100);
});

test('a member that comes is one element', async (t) => {
  const writes: NftOperation[] = [];
  await using dataplane = openDataplane({ intercept: recording(writes) });
  await dataplane.send(...base, inSync);
  writes.length = 0;
  await dataplane.send({ type: 'ip-set-delta', id: 's:7', added: ['10.3.0.7/32'], removed: [] });
  t.deepEqual(writes.map(describe), ['add-elements classes4 1']);
});

test('a port that changes is the cell of its rule: no chain, no rule, no counter', async (t) => {
  const writes: NftOperation[] = [];
  await using dataplane = openDataplane({ intercept: recording(writes) });
  await dataplane.send(...base, inSync);
  writes.length = 0;
  const inbound = Array.from({ length: 100 }, (_, i) => allow(`s:${i}`, i === 50 ? 9000 : 8000));
  await dataplane.send(policy('web', { inbound }));
  t.deepEqual(writes.map(describe).sort(), [
    'add-elements cells4-workload-ingress 1',
    'add-elements programs4-workload-ingress 1',
    'delete-elements cells4-workload-ingress 1',
    'delete-elements programs4-workload-ingress 1',
  ]);
});

test('an endpoint with a policy that others have is two elements a direction', async (t) => {
  const writes: NftOperation[] = [];
  await using dataplane = openDataplane({ intercept: recording(writes) });
  await dataplane.send(...base, inSync);
  writes.length = 0;
  await dataplane.send(workload('c', { tiers: [tier(['web'])], profiles: ['allow'] }));
  t.deepEqual(writes.map(describe).sort(), [
    'add-elements from-workload 1',
    'add-elements lists-workload-egress 1',
    'add-elements lists-workload-ingress 1',
    'add-elements to-workload 1',
  ]);
});

test('every rule has its counter, also one that nothing can reach', async (t) => {
  await using dataplane = openDataplane();
  const inbound = [rule('deny'), allow('s:1', 80)];
  await dataplane.send(...base, policy('web', { inbound }), inSync);
  const counters = (await dataplane.kernel.nft.dumpCounters('calico')).map(({ name }) => name);
  t.true(counters.includes('gnp/web/ingress/0'));
  t.true(counters.includes('gnp/web/ingress/1'));
});

test('a list whose tables would be too large is a chain of rules, and is compiled when it is smaller again', async (t) => {
  await using dataplane = openDataplane({ compiledCostMax: 60 });
  const chains = async () => (await dataplane.kernel.nft.dumpTable('calico'))!.chains.map(({ name }) => name);
  await dataplane.send(...base, inSync);
  t.true((await chains()).some((name) => name.startsWith('list-workload-ingress')));
  t.false((await chains()).includes('flat-workload-ingress'));
  await dataplane.send(policy('web', { inbound: [allow('s:1', 80)] }));
  t.false((await chains()).some((name) => name.startsWith('list-workload-ingress')));
  t.true((await chains()).includes('flat-workload-ingress'));
});

test('all that lists brought goes with them', async (t) => {
  await using dataplane = openDataplane();
  await dataplane.send(config(), inSync);
  const empty = await dataplane.table();
  await dataplane.send(...base);
  t.not(await dataplane.table(), empty);
  await dataplane.send(
    workloadGone('a'),
    workloadGone('b'),
    { type: 'policy-remove', id: { kind: 'GlobalNetworkPolicy', namespace: '', name: 'web' } },
    ...Array.from({ length: 100 }, (_, i) => ({ type: 'ip-set-remove' as const, id: `s:${i}` })),
    { type: 'profile-remove', name: 'allow' },
  );
  t.is(await dataplane.table(), empty);
});

test('elements that somebody changed are noticed, and written anew', async (t) => {
  const kernel = createFakeKernel();
  await using dataplane = openDataplane({ kernel });
  await dataplane.send(config({ nftablesRefreshIntervalMs: 1_000 }), ...base.slice(1), inSync);
  const table = await dataplane.table();
  const set = 'cells4-workload-ingress';
  const [first] = await kernel.nft.dumpElements('calico', set);
  await kernel.nft.apply([{ type: 'delete-elements', table: 'calico', set, elements: [first!] }]);
  t.not(await dataplane.table(), table);
  await dataplane.advance(1_001);
  t.is(await dataplane.table(), table);
});

function describe(operation: NftOperation): string {
  if (operation.type !== 'add-elements' && operation.type !== 'delete-elements') return operation.type;
  return `${operation.type} ${operation.set} ${countElements(operation.elements)}`;
}

function recording(writes: NftOperation[]): (kernel: Kernel) => Kernel {
  const apply = (kernel: Kernel) => (operations: readonly NftOperation[]) => {
    writes.push(...operations);
    return kernel.nft.apply(operations);
  };
  return (kernel) => replacing(kernel, 'nft', replacing(kernel.nft, 'apply', apply(kernel)));
}

/** The object with another value in one place. */
function replacing<T extends object, Name extends keyof T>(of: T, name: Name, value: T[Name]): T {
  return new Proxy(of, {
    get(target, key) {
      const found = key === name ? value : Reflect.get(target, key);
      return typeof found === 'function' && key !== name ? found.bind(target) : found;
    },
  });
}
