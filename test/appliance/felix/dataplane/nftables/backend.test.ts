import test from 'ava';
import type { Rule } from '#appliance/felix/model/policy.ts';
import { createFakeKernel } from '#appliance/kernel/fake/kernel.ts';
import type { Kernel, NftOperation, NftRefusal } from '#appliance/kernel/kernel.ts';
import { until } from '../../status/test-store.ts';
import {
  allowAllProfile,
  config,
  inSync,
  ipSet,
  policy,
  policyId,
  rule,
  tier,
  workload,
  workloadGone,
} from '../sample.ts';
import { openDataplane as open, type TestDataplaneOptions } from './lab.ts';

/** These tests look at chains of rules; `compiled.test.ts` looks at maps. */
const openDataplane = (options: TestDataplaneOptions = {}) => open({ isLinear: true, ...options });

const port = (first: number): Partial<Rule> => ({ protocol: 6, src: {}, dst: { ports: [{ first, last: first }] } });
const base = [
  config(),
  ipSet('s:a', '10.0.0.1/32', '10.1.0.0/16'),
  allowAllProfile,
  policy('web', { inbound: [rule('allow', port(80)), rule('deny', { src: { sets: ['s:a'] } })] }),
  workload('a', { tiers: [tier(['web'])], profiles: ['allow'], ipv4Nets: ['10.65.0.1/32'] }),
];

test('nothing is written before in-sync', async (t) => {
  const kernel = createFakeKernel();
  await using dataplane = openDataplane({ kernel });
  void dataplane.send(...base);
  await new Promise((resolve) => setImmediate(resolve));
  t.is(await kernel.nft.dumpTable('calico'), undefined);
  await dataplane.send(inSync);
  t.not(await kernel.nft.dumpTable('calico'), undefined);
});

test('a restart with the same content causes no transaction', async (t) => {
  const kernel = createFakeKernel();
  {
    await using first = openDataplane({ kernel });
    await first.send(...base, inSync);
  }
  const writes: number[] = [];
  await using second = openDataplane({ kernel, intercept: counting(writes) });
  await second.send(...base, inSync);
  t.deepEqual(writes, []);
  await second.send(policy('web', { inbound: [rule('allow', port(81)), rule('deny', { src: { sets: ['s:a'] } })] }));
  t.is(writes.length, 1, 'handles were taken over: the changed rule is written alone');
  t.true(writes[0]! <= 2);
});

test('rules about cut flows are there with the first of them and go with the last, also across a restart', async (t) => {
  const kernel = createFakeKernel();
  const judges = async () => {
    const dump = await kernel.nft.dumpTable('calico');
    return dump?.chains.flatMap(({ name }) => (name.endsWith('-judged') ? [name] : [])).sort();
  };
  const tight = [...base, policy('web', { inbound: [rule('allow', port(81))] })];
  const ends = { source: '10.9.0.9', destination: '10.65.0.1', sourcePort: 5, destinationPort: 80 };
  const reply = { source: '10.65.0.1', destination: '10.9.0.9', sourcePort: 80, destinationPort: 5 };
  kernel.addConnection('10.9.0.9', '10.65.0.1', { protocol: 6, original: ends, reply });
  {
    await using first = openDataplane({ kernel });
    await first.send(...base, inSync);
    t.deepEqual(await judges(), [], 'an allowed flow needs none');
    await first.send(...tight);
    await first.advance(10_000);
    await until(async () => (await judges())?.join() === 'input-judged,postrouting-judged', 20_000);
  }
  const writes: number[] = [];
  await using second = openDataplane({ kernel, intercept: counting(writes) });
  await second.send(...tight, inSync);
  t.deepEqual(writes, [], 'found as it was left');
  await kernel.deleteConntrack('10.65.0.1');
  await second.advance(10_000);
  await until(async () => {
    await second.advance(60_000);
    return (await judges())?.length === 0;
  }, 20_000);
  t.true(writes.length > 0);
});

test('known flows are asked for their link only while a link of a workload is down or nobody’s', async (t) => {
  await using dataplane = openDataplane();
  const { kernel } = dataplane;
  const isAsked = async () => {
    const { rules = [] } = (await kernel.nft.dumpTable('calico')) ?? {};
    return ['workload-from', 'workload-to'].map(
      (chain) => rules.filter((of) => of.chain === chain && of.comment?.startsWith('known flow')).length === 0,
    );
  };
  await dataplane.send(...base, inSync);
  t.deepEqual(await isAsked(), [false, false]);
  await dataplane.send(workload('b', { isActive: false }));
  t.deepEqual(await isAsked(), [true, true], 'an endpoint is down');
  await dataplane.send(workloadGone('b'));
  t.deepEqual(await isAsked(), [false, false]);
  const link = { index: 7, kind: 'veth', mac: 'ee:ee:ee:ee:ee:ee', mtuBytes: 1500, isUp: true, isRunning: true };
  kernel.setLink({ ...link, name: 'cali-c' });
  await until(async () => (await isAsked()).every((is) => is), 20_000);
  await dataplane.send(workload('c', { interfaceName: 'cali-c' }));
  t.deepEqual(await isAsked(), [false, false], 'the link has its endpoint');
});

test('a restart with other content replaces the table in one transaction and carries counters over', async (t) => {
  const kernel = createFakeKernel();
  {
    await using first = openDataplane({ kernel });
    await first.send(...base, inSync);
  }
  kernel.nft.count('calico', 'gnp/web/ingress/0', 7n, 700n);
  const writes: number[] = [];
  await using second = openDataplane({ kernel, intercept: counting(writes) });
  await second.send(...base, workload('b'), inSync);
  t.is(writes.length, 1);
  const counters = await kernel.nft.dumpCounters('calico');
  t.deepEqual(
    counters.find(({ name }) => name === 'gnp/web/ingress/0'),
    { name: 'gnp/web/ingress/0', packets: 7n, bytes: 700n },
  );
});

test('a changed port is one rule, and the counter keeps its value', async (t) => {
  await using dataplane = openDataplane();
  await dataplane.send(...base, inSync);
  dataplane.kernel.nft.count('calico', 'gnp/web/ingress/0', 3n, 3n);
  await dataplane.send(policy('web', { inbound: [rule('allow', port(81)), rule('deny', { src: { sets: ['s:a'] } })] }));
  t.is(dataplane.passes.at(-1)?.operations, 1);
  const counters = await dataplane.kernel.nft.dumpCounters('calico');
  t.is(counters.find(({ name }) => name === 'gnp/web/ingress/0')?.packets, 3n);
});

test('a new member is one operation', async (t) => {
  await using dataplane = openDataplane();
  await dataplane.send(...base, inSync);
  await dataplane.send({ type: 'ip-set-delta', id: 's:a', added: ['10.0.0.2/32'], removed: [] });
  t.is(dataplane.passes.at(-1)?.operations, 1);
});

test('unchanged content causes no transaction', async (t) => {
  const writes: number[] = [];
  await using dataplane = openDataplane({ intercept: counting(writes) });
  await dataplane.send(...base, inSync);
  await dataplane.send(...base);
  t.is(writes.length, 1);
});

test('endpoints with the same tiers and profiles share one list chain', async (t) => {
  await using dataplane = openDataplane();
  await dataplane.send(...base, inSync);
  const before = (await dataplane.kernel.nft.dumpTable('calico'))!.chains.length;
  await dataplane.send(workload('b', { tiers: [tier(['web'])], profiles: ['allow'] }));
  t.is((await dataplane.kernel.nft.dumpTable('calico'))!.chains.length, before);
});

test('all that endpoints brought goes with them', async (t) => {
  await using dataplane = openDataplane();
  await dataplane.send(config(), inSync);
  const empty = await dataplane.table();
  await dataplane.send(...base);
  t.not(await dataplane.table(), empty);
  await dataplane.send(
    workloadGone('a'),
    { type: 'policy-remove', id: policyId('web') },
    { type: 'profile-remove', name: 'allow' },
    { type: 'ip-set-remove', id: 's:a' },
  );
  t.is(await dataplane.table(), empty);
});

test('a table that somebody removed is written anew with the next change', async (t) => {
  await using dataplane = openDataplane();
  await dataplane.send(...base, inSync);
  const table = await dataplane.table();
  await dataplane.kernel.nft.apply([{ type: 'delete-table', table: 'calico' }]);
  await dataplane.send(policy('web', { inbound: [] }));
  await dataplane.send(...base);
  t.is(await dataplane.table(), table);
});

test('what somebody else does to the table is undone at once, without a change of ours', async (t) => {
  await using dataplane = openDataplane();
  await dataplane.send(...base, inSync);
  const table = await dataplane.table();
  const { nft } = dataplane.kernel;
  const foreign: NftOperation[][] = [
    [{ type: 'delete-table', table: 'calico' }],
    [{ type: 'flush-chain', table: 'calico', chain: 'pi-gnp/web' }],
    [{ type: 'add-chain', table: 'calico', chain: 'theirs' }],
  ];
  for (const operations of foreign) {
    t.true((await nft.applyAsOther(operations)).ok);
    t.not(await dataplane.table(), table);
    await dataplane.advance(3_000);
    t.is(await dataplane.table(), table);
  }
});

test('who flushes all the time is answered once a second, and the last word is ours', async (t) => {
  const writes: number[] = [];
  await using dataplane = openDataplane({ intercept: counting(writes) });
  await dataplane.send(...base, inSync);
  const table = await dataplane.table();
  for (let elapsedMs = 0; elapsedMs < 10_000; elapsedMs += 50) {
    await dataplane.kernel.nft.applyAsOther([
      { type: 'add-table', table: 'calico' },
      { type: 'delete-table', table: 'calico' },
    ]);
    await dataplane.advance(50);
  }
  t.true(writes.length >= 21 && writes.length <= 35, `${writes.length} transactions`);
  await dataplane.advance(3_000);
  t.is(await dataplane.table(), table);
});

test("a refused policy is left out, reported in the kernel's words, and does not stop the others", async (t) => {
  await using dataplane = openDataplane({ intercept: refusing('pi-gnp/bad', 'EOPNOTSUPP') });
  await dataplane.send(
    ...base,
    policy('bad', { inbound: [rule('allow'), rule('deny', port(9))] }),
    workload('b', { tiers: [tier(['bad', 'web'])] }),
    inSync,
  );
  t.true(dataplane.reports.includes('bad: ingress rule 0: no such thing (EOPNOTSUPP)'));
  t.true(dataplane.reports.includes('applied 1'));
  const rules = (await dataplane.kernel.nft.dumpTable('calico'))!.rules.filter(({ chain }) => chain === 'pi-gnp/bad');
  t.is(rules.length, 1, 'the refused allow is gone, the deny stays');
});

test('a refused change keeps the last content that was taken', async (t) => {
  let code: string | undefined;
  await using dataplane = openDataplane({ intercept: refusing('pi-gnp/web', () => code) });
  await dataplane.send(...base, inSync);
  const table = await dataplane.table();
  code = 'EINVAL';
  await dataplane.send(policy('web', { inbound: [rule('allow'), rule('deny', port(7))] }));
  t.is(await dataplane.table(), table);
  t.regex(dataplane.reports.findLast((text) => text.startsWith('web:')) ?? '', /EINVAL/);
  code = undefined;
  await dataplane.advance(60_001);
  t.not(await dataplane.table(), table);
  t.is(
    dataplane.reports.findLast((text) => text.startsWith('web:')),
    'web: ok',
  );
});

test('a kernel that refuses everything is asked again later, without a crash', async (t) => {
  let isSick = true;
  let refusals = 0;
  const refuse = () => {
    refusals++;
    return [refusal(0, 'ENOMEM', 'cannot allocate')];
  };
  await using dataplane = openDataplane({
    intercept: (kernel) => withApply(kernel, () => (isSick ? refuse() : undefined)),
  });
  const sent = dataplane.send(...base, inSync);
  // The pass takes its turns, then puts itself off by the clock, which stands still.
  for (let turns = 0; turns < 20 || refusals === 0; turns++) await new Promise((resolve) => setImmediate(resolve));
  t.is(await dataplane.table(), '');
  isSick = false;
  await dataplane.advance(60_000);
  await sent;
  t.not(await dataplane.table(), '');
});

function counting(writes: number[]): (kernel: Kernel) => Kernel {
  return (kernel) =>
    withApply(kernel, (operations) => {
      writes.push(operations.length);
      return undefined;
    });
}

/** Refuses the allow rules of a chain while there is a code. */
function refusing(chain: string, code: string | (() => string | undefined)): (kernel: Kernel) => Kernel {
  return (kernel) =>
    withApply(kernel, (operations) => {
      const now = typeof code === 'string' ? code : code();
      if (now === undefined) return undefined;
      const refusals = operations.flatMap((operation, index) =>
        operation.type === 'add-rule' && operation.chain === chain && / allow /.test(operation.comment ?? '')
          ? [refusal(index, now, 'no such thing')]
          : [],
      );
      return refusals.length > 0 ? refusals : undefined;
    });
}

function refusal(index: number, code: string, message: string): NftRefusal {
  return { index, code, message };
}

function withApply(kernel: Kernel, judge: (operations: readonly NftOperation[]) => NftRefusal[] | undefined): Kernel {
  const nft: Kernel['nft'] = {
    apply: async (operations) => {
      const refusals = judge(operations);
      return refusals === undefined ? kernel.nft.apply(operations) : { ok: false, refusals };
    },
    dumpTable: (table) => kernel.nft.dumpTable(table),
    dumpElements: (table, set) => kernel.nft.dumpElements(table, set),
    dumpKeys: (table, set) => kernel.nft.dumpKeys(table, set),
    dumpCounters: (table) => kernel.nft.dumpCounters(table),
    follow: (table, onChange) => kernel.nft.follow(table, onChange),
    followGeneration: (commits, onChange) => kernel.nft.followGeneration(commits, onChange),
    copyTable: (table) => kernel.nft.copyTable(table),
    applyCopy: (table, copy) => kernel.nft.applyCopy(table, copy),
  };
  return new Proxy(kernel, {
    get(target, name) {
      const value = name === 'nft' ? nft : Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
