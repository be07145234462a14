/** Transactions from the smallest to the largest: answers, limits, and what they cost the event loop. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'ava';
import type { Kernel, NftOperation } from '#appliance/kernel/kernel.ts';
import { openKernel } from '#appliance/kernel/open.ts';
import { createNamespace, type TestNamespace } from './namespace.ts';

const table = 'batch';
const setup: NftOperation[] = [
  { type: 'add-table', table },
  { type: 'add-chain', table, chain: 'c' },
  { type: 'add-set', table, set: { name: 'i', keyType: 7, keyLength: 4, isInterval: true } },
];

async function withKernel(run: (kernel: Kernel, namespace: TestNamespace) => Promise<void>): Promise<void> {
  await using namespace = await createNamespace();
  const kernel = openKernel({ netnsPath: namespace.path });
  try {
    await run(kernel, namespace);
  } finally {
    kernel.close();
  }
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function intervals(count: number): NftOperation {
  const elements = Array.from({ length: count }, (_, n) => [
    { key: word(0x0a000000 + n * 4) },
    { key: word(0x0a000000 + n * 4 + 2), isEnd: true },
  ]);
  return { type: 'add-elements', table, set: 'i', elements: elements.flat() };
}

/** How often the event loop turned while `work` went on. */
async function countTurns(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isRunning = true;
  const turn = () => {
    turns++;
    if (isRunning) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  isRunning = false;
  return turns;
}

test('a small batch is through when `apply()` returns', (t) =>
  withKernel(async (kernel) => {
    let isSettled = false;
    void kernel.nft.apply(setup).then(() => {
      isSettled = true;
    });
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
    t.true(isSettled);
  }));

test('rules that took the kernel long are sent from a thread the next time, sets beside them are not', (t) =>
  withKernel(async (kernel) => {
    const rule: NftOperation = { type: 'add-rule', table, chain: 'c', expressions: [{ type: 'counter' }] };
    await kernel.nft.apply([...setup, ...Array.from({ length: 5000 }, () => rule), intervals(1)]);
    const isInline = async (operation: NftOperation) => {
      // The queue knows a little later that the one before is through.
      await new Promise((resolve) => setImmediate(resolve));
      let isSettled = false;
      const applied = kernel.nft.apply([operation]).then((result) => {
        isSettled = true;
        return result.ok;
      });
      for (let i = 0; i < 3; i++) await Promise.resolve();
      const before = isSettled;
      t.true(await applied);
      return before;
    };
    t.true(await isInline(intervals(1)));
    t.false(await isInline(rule));
  }));

test('the loop turns while 100,000 intervals go to the kernel in one transaction', (t) =>
  withKernel(async (kernel) => {
    await kernel.nft.apply(setup);
    const operation = intervals(100_000);
    const turns = await countTurns(async () => t.like(await kernel.nft.apply([operation]), { ok: true }));
    // Encoded in one go and sent from this thread it would turn a handful of times.
    t.true(turns > 100, `${turns} turns`);
    t.is((await kernel.nft.dumpElements(table, 'i')).length, 200_000);
  }));

test('a large batch gives a handle for each rule, and each is in its place', (t) =>
  withKernel(async (kernel) => {
    const rules = Array.from({ length: 5000 }, (_, n): NftOperation => {
      return { type: 'add-rule', table, chain: 'c', expressions: [{ type: 'counter' }], comment: `rule ${n}` };
    });
    const result = await kernel.nft.apply([...setup, ...rules]);
    t.true(result.ok);
    const handles = result.ok ? result.handles : new Map<number, bigint>();
    const dump = await kernel.nft.dumpTable(table);
    const read = dump?.rules.map(({ handle, comment }) => `${handle} ${comment}`);
    t.deepEqual(
      read,
      rules.map((_, n) => `${handles.get(n + setup.length)} rule ${n}`),
    );
  }));

test('a large batch that is refused names the one operation that failed', (t) =>
  withKernel(async (kernel) => {
    const chains = Array.from({ length: 2000 }, (_, n): NftOperation => ({ type: 'add-chain', table, chain: `c${n}` }));
    const bad: NftOperation = { type: 'delete-chain', table, chain: 'nowhere' };
    const result = await kernel.nft.apply([...setup, ...chains, bad]);
    t.deepEqual(result.ok ? [] : result.refusals.map(({ index, code }) => [index, code]), [[2003, 'ENOENT']]);
    t.regex(result.ok ? '' : result.refusals[0]!.message, /'nowhere'/);
    t.is(await kernel.nft.dumpTable(table), undefined);
  }));

test('a table is read as it was at one moment, while another process changes it', (t) =>
  withKernel(async (kernel, namespace) => {
    const chains = Array.from({ length: 2000 }, (_, n): NftOperation => ({ type: 'add-chain', table, chain: `c${n}` }));
    await kernel.nft.apply([...setup, ...chains]);
    const add = `add chain inet ${table} toggled; add rule inet ${table} toggled accept`;
    const loop = `while :; do nft '${add}'; nft 'delete chain inet ${table} toggled'; done`;
    const toggler = spawn('ip', ['netns', 'exec', namespace.name, 'bash', '-c', loop], { stdio: 'ignore' });
    const seen = new Set<boolean>();
    try {
      for (let round = 0; round < 60; round++) {
        const dump = await kernel.nft.dumpTable(table);
        const names = dump?.chains.map(({ name }) => name) ?? [];
        const hasChain = names.includes('toggled');
        seen.add(hasChain);
        t.is(dump?.rules.length, hasChain ? 1 : 0);
        t.is(new Set(names).size, hasChain ? 2002 : 2001);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    } finally {
      toggler.kill('SIGKILL');
      await once(toggler, 'exit');
    }
    t.is(seen.size, 2, 'it did change meanwhile');
  }));

test('a foreign table of the same name in another family is not ours', (t) =>
  withKernel(async (kernel, namespace) => {
    await namespace.exec('nft', `add table ip ${table}; add chain ip ${table} foreign; add table inet other`);
    t.is(await kernel.nft.dumpTable(table), undefined);
    await kernel.nft.apply(setup);
    t.deepEqual((await kernel.nft.dumpTable(table))?.chains, [{ name: 'c' }]);
  }));

test('a closed kernel says so', async (t) => {
  await using namespace = await createNamespace();
  const kernel = openKernel({ netnsPath: namespace.path });
  kernel.close();
  kernel.close();
  await t.throwsAsync(kernel.nft.apply(setup), { code: 'KERNEL_UNAVAILABLE' });
  await t.throwsAsync(kernel.links(), { code: 'KERNEL_UNAVAILABLE' });
});

test('an absent namespace says so', (t) => {
  t.throws(() => openKernel({ netnsPath: '/run/netns/there-is-none' }), { code: 'KERNEL_UNAVAILABLE' });
});
