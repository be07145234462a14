/** Contract: transactions: comparisons, branches, nesting, refusals. */
import type { TestFn } from 'ava';
import type { Compare, Op } from '#appliance/datastore/store.ts';
import { contractTests, putMany, type Scope, type StoreFactory, throwsCode } from './scope.ts';

export function txnContract(test: TestFn, name: string, factory: StoreFactory): void {
  const check = contractTests(test, name, factory);

  check('txn() takes the branch its comparisons choose, and does that alone', async (t, scope) => {
    const { store, key, put: write, list } = scope;
    await write('a', '1');
    const create = { key: key('a'), target: 'version', operand: 0, result: 'equal' } as const;
    const request = { compare: [create], success: [put(scope, 'b', 'yes')], failure: [put(scope, 'b', 'no')] };
    t.false((await store.txn(request)).succeeded);
    t.deepEqual(await list('b'), ['b=no']);
    const absent = { ...create, key: key('z') };
    t.true((await store.txn({ ...request, compare: [absent] })).succeeded);
    t.deepEqual(await list('b'), ['b=yes']);
    t.false((await store.txn({ ...request, compare: [absent, create] })).succeeded, 'all comparisons must hold');
  });

  check('txn() compares version, create, mod, lease and value in four ways', async (t, { store, key }) => {
    const { id } = await store.leaseGrant(600);
    const { revision: created } = await store.put(key('a'), Buffer.from('l'));
    const { revision } = await store.put(key('a'), Buffer.from('m'), { lease: id });
    const numbers = { version: 2, create: created, mod: revision };
    for (const [target, operand] of Object.entries(numbers)) {
      for (const difference of [-1, 0, 1]) {
        const condition = { key: key('a'), target, operand: operand + difference } as Compare;
        t.deepEqual(await outcomes(store, condition), expected(-difference), `${target} ${difference}`);
      }
    }
    for (const difference of [-1, 0, 1]) {
      const lease = { key: key('a'), target: 'lease', operand: id + BigInt(difference) } as Compare;
      t.deepEqual(await outcomes(store, lease), expected(-difference));
      const value = { key: key('a'), target: 'value', operand: Buffer.from('lmn'.charAt(difference + 1)) } as Compare;
      t.deepEqual(await outcomes(store, value), expected(-difference));
    }
    await store.leaseRevoke(id);
  });

  check(
    'txn() takes a missing key for version, create, mod and lease 0, and for no value',
    async (t, { store, key }) => {
      for (const target of ['version', 'create', 'mod'] as const) {
        t.deepEqual(await outcomes(store, { key: key('a'), target, operand: 0 } as Compare), expected(0));
      }
      t.deepEqual(await outcomes(store, { key: key('a'), target: 'lease', operand: 0n } as Compare), expected(0));
      const value = { key: key('a'), target: 'value', operand: Buffer.alloc(0) } as Compare;
      t.deepEqual(await outcomes(store, value), { equal: false, notEqual: false, greater: false, less: false });
    },
  );

  check(
    'txn() compares every key of a range; an empty range is one missing key',
    async (t, { store, prefix, put: write }) => {
      const once = { ...prefix('r/'), target: 'version', operand: 1 } as Compare;
      t.deepEqual(await outcomes(store, once), expected(-1));
      await write('r/a', '1');
      await write('r/b', '1');
      t.deepEqual(await outcomes(store, once), expected(0));
      await write('r/b', '2');
      t.deepEqual(await outcomes(store, once), { equal: false, notEqual: false, greater: false, less: false });
    },
  );

  check('txn() commits all its writes at one revision', async (t, scope) => {
    const { store, key, prefix, put: write } = scope;
    await write('old', '1');
    const success: Op[] = [
      put(scope, 'a', '1'),
      put(scope, 'b', '1'),
      { type: 'delete', key: key('old'), prevKv: true },
    ];
    const { revision, results } = await store.txn({ compare: [], success, failure: [] });
    const { entries } = await store.range(prefix());
    t.deepEqual(
      entries.map((entry) => entry.modRevision),
      [revision, revision],
    );
    t.deepEqual(
      results.map((result) => result.type),
      ['put', 'put', 'delete'],
    );
    t.like(results[2], { deleted: 1, prev: [{ key: key('old') }] });
  });

  check('txn() without writes is no commit', async (t, scope) => {
    const { store, prefix, put: write } = scope;
    const before = await write('a', '1');
    const request = {
      compare: [],
      success: [{ type: 'range', ...prefix() } as const],
      failure: [put(scope, 'b', '1')],
    };
    const { revision, results } = await store.txn(request);
    t.like(results[0], { type: 'range', count: 1 });
    if (factory.supports.exclusive) t.is(revision, before);
  });

  check('txn() reads what it has written before, in order', async (t, scope) => {
    const { store, prefix, key, put: write } = scope;
    await write('a', 'old');
    const range = { type: 'range', ...prefix() } as const;
    const success: Op[] = [range, put(scope, 'b', '1'), range, { type: 'delete', key: key('a') }, range];
    const { results } = await store.txn({ compare: [], success, failure: [] });
    const values = results.map((result) =>
      result.type === 'range' ? result.entries.map((e) => e.value.toString()) : '-',
    );
    t.deepEqual(values, [['old'], '-', ['old', '1'], '-', ['1']]);
  });

  check('txn() reads thousands of keys beside its writes', async (t, scope) => {
    const { store, prefix } = scope;
    const names = Array.from({ length: 2000 }, (_, i) => `n/${i}`);
    await putMany(scope, names, (name) => name.slice('n/'.length));
    const range = { type: 'range', ...prefix('n/') } as const;
    const { results } = await store.txn({
      compare: [],
      success: [range, put(scope, 'n/x', 'new'), range],
      failure: [],
    });
    t.deepEqual(
      results.map((result) => (result.type === 'range' ? [result.count, result.entries.length] : 0)),
      [[2000, 2000], 0, [2001, 2001]],
    );
  });

  check('txn() runs nested transactions, whose comparisons see the state from before', async (t, scope) => {
    const { store, key, list } = scope;
    const isAbsent = { key: key('a'), target: 'version', operand: 0, result: 'equal' } as const;
    const nested: Op = {
      type: 'txn',
      compare: [isAbsent],
      success: [put(scope, 'b', 'absent')],
      failure: [put(scope, 'b', 'present')],
    };
    const result = await store.txn({ compare: [], success: [put(scope, 'a', '1'), nested], failure: [] });
    t.like(result.results[1], { type: 'txn', succeeded: true, results: [{ type: 'put' }] });
    t.deepEqual(await list(), ['a=1', 'b=absent']);
    await store.txn({ compare: [], success: [nested], failure: [] });
    t.deepEqual(await list(), ['a=1', 'b=present']);
  });

  check('txn() refuses to write a key twice', async (t, scope) => {
    const { store, key, prefix, list } = scope;
    const twice: Op[][] = [
      [put(scope, 'a', '1'), put(scope, 'a', '2')],
      [put(scope, 'a', '1'), { type: 'delete', key: key('a') }],
      [{ type: 'delete', ...prefix() }, put(scope, 'a', '1')],
      [put(scope, 'a', '1'), { type: 'txn', compare: [], success: [put(scope, 'a', '2')], failure: [] }],
    ];
    for (const success of twice) {
      await throwsCode(t, 'STORE_DUPLICATE_KEY', () => store.txn({ compare: [], success, failure: [] }));
      await throwsCode(t, 'STORE_DUPLICATE_KEY', () => store.txn({ compare: [], success: [], failure: success }));
    }
    const either: Op = { type: 'txn', compare: [], success: [put(scope, 'a', '1')], failure: [put(scope, 'a', '2')] };
    await store.txn({ compare: [], success: [either], failure: [put(scope, 'a', '3')] });
    t.deepEqual(await list(), ['a=1']);
  });

  check('txn() that fails leaves nothing behind', async (t, scope) => {
    const { store, key, put: write, list } = scope;
    const before = await write('a', '1');
    const failing: [string, Op][] = [
      ['STORE_LEASE_NOT_FOUND', { ...put(scope, 'c', '1'), lease: 987654321n }],
      ['STORE_KEY_NOT_FOUND', { ...put(scope, 'c', ''), ignoreValue: true }],
      ['STORE_KEY_NOT_FOUND', { ...put(scope, 'c', '1'), ignoreLease: true }],
      ['STORE_FUTURE_REVISION', { type: 'range', key: key('a'), revision: before + 1_000_000 }],
      ['STORE_EMPTY_KEY', { type: 'put', key: Buffer.alloc(0), value: Buffer.alloc(0) }],
    ];
    for (const [code, op] of failing) {
      const success = [put(scope, 'a', '2'), put(scope, 'b', '2'), op];
      await throwsCode(t, code, () => store.txn({ compare: [], success, failure: [] }));
    }
    t.deepEqual(await list(), ['a=1']);
    if (factory.supports.exclusive) t.is(await write('a', '2'), before + 1);
  });

  check('txn() keeps the value or the lease when told to', async (t, scope) => {
    const { store, key } = scope;
    const { id } = await store.leaseGrant(600);
    await store.put(key('a'), Buffer.from('kept'), { lease: id });
    const valueKept = { ...put(scope, 'a', ''), ignoreValue: true, ignoreLease: true };
    await store.txn({ compare: [], success: [valueKept], failure: [] });
    t.like((await store.range({ key: key('a') })).entries[0], { value: Buffer.from('kept'), lease: id, version: 2 });
    await store.txn({ compare: [], success: [{ ...put(scope, 'a', 'new'), ignoreLease: true }], failure: [] });
    t.like((await store.range({ key: key('a') })).entries[0], { value: Buffer.from('new'), lease: id });
    await store.leaseRevoke(id);
  });

  check('txn() lets one of many rivals win each round', async (t, { store, key }) => {
    await store.put(key('n'), Buffer.from('0'));
    const increment = async () => {
      for (;;) {
        const { entries } = await store.range({ key: key('n') });
        const [entry] = entries;
        const compare = [{ key: key('n'), target: 'mod', operand: entry!.modRevision, result: 'equal' } as const];
        const value = Buffer.from(String(Number(entry!.value) + 1));
        const { succeeded, revision } = await store.txn({
          compare,
          success: [{ type: 'put', key: key('n'), value }],
          failure: [],
        });
        if (succeeded) return [revision, Number(value)] as const;
      }
    };
    const client = async () => {
      const done: (readonly [number, number])[] = [];
      for (let i = 0; i < 10; i++) done.push(await increment());
      return done;
    };
    const wins = (await Promise.all(Array.from({ length: 8 }, client))).flat().sort((a, b) => a[0] - b[0]);
    t.deepEqual(
      wins.map(([, value]) => value),
      Array.from({ length: 80 }, (_, i) => i + 1),
    );
  });
}

function put({ key }: Scope, name: string, value: string) {
  return { type: 'put', key: key(name), value: Buffer.from(value) } as const;
}

const ways = ['equal', 'notEqual', 'greater', 'less'] as const;

async function outcomes(store: Scope['store'], condition: Compare): Promise<Record<string, boolean>> {
  const found: Record<string, boolean> = {};
  for (const result of ways) {
    const { succeeded } = await store.txn({ compare: [{ ...condition, result }], success: [], failure: [] });
    found[result] = succeeded;
  }
  return found;
}

/** What each way says when the state is below (-1), at (0) or above (1) the operand. */
function expected(order: number): Record<string, boolean> {
  return { equal: order === 0, notEqual: order !== 0, greater: order > 0, less: order < 0 };
}
