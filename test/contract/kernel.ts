/** What every kernel behind the port does, real or fake. Each case gets a kernel of its own, empty but for what `open` made. */
import type { ExecutionContext, TestFn } from 'ava';
import type {
  Kernel,
  NftElement,
  NftOperation,
  NftResult,
  NftSet,
  Route,
  TrafficOperation,
} from '#appliance/kernel/kernel.ts';
import type { Expression, Verdict } from '#appliance/kernel/netlink/expression.ts';
import { KeyPacker, unpackKeys } from '#appliance/kernel/nft-keys.ts';
import { copyCases } from './kernel-copy.ts';

export interface KernelUnderTest {
  readonly kernel: Kernel;
  /** Makes a link that is up; its index. */
  addLink(name: string): Promise<number>;
  removeLink(name: string): Promise<void>;
  /** As another program does it. */
  applyAsOther(operations: readonly NftOperation[]): Promise<unknown>;
  /** Has a connection over UDP tracked. */
  track(source: string, destination: string): Promise<void>;
  close(): Promise<void>;
}

type Case = (t: ExecutionContext, under: KernelUnderTest) => Promise<void>;

/** Registers the suite's cases with ava's `test`. */
export function kernelContract(test: TestFn, name: string, open: () => Promise<KernelUnderTest>): void {
  for (const [title, run] of Object.entries({
    ...nftCases,
    ...setCases,
    ...followCases,
    ...routeCases,
    ...copyCases,
  })) {
    test(`${name}: ${title}`, async (t) => {
      const under = await open();
      try {
        await run(t, under);
      } finally {
        await under.close();
      }
    });
  }
}

const table = 'contract';
const addTable: NftOperation = { type: 'add-table', table };

function addChain(chain: string): NftOperation {
  return { type: 'add-chain', table, chain };
}

function deleteChain(chain: string): NftOperation {
  return { type: 'delete-chain', table, chain };
}

function addRule(chain: string, ...expressions: Expression[]): NftOperation & { type: 'add-rule' } {
  return { type: 'add-rule', table, chain, expressions };
}

function jump(chain: string): Expression {
  return verdict({ code: 'jump', chain });
}

function verdict(value: Verdict): Expression {
  return { type: 'verdict', verdict: value };
}

function addSet(name: string, more: Partial<NftSet> = {}): NftOperation {
  return { type: 'add-set', table, set: { name, keyType: 3, keyLength: 4, ...more } };
}

function addElements(set: string, ...elements: NftElement[]): NftOperation {
  return { type: 'add-elements', table, set, elements };
}

function deleteElements(set: string, ...elements: NftElement[]): NftOperation {
  return { type: 'delete-elements', table, set, elements };
}

function key(...bytes: number[]): Uint8Array {
  return Uint8Array.from(bytes);
}

function interval(from: number, to: number): NftElement[] {
  return [{ key: key(10, 0, 0, from) }, { key: key(10, 0, 0, to), isEnd: true }];
}

function packed(elements: readonly NftElement[]): KeyPacker {
  const packer = new KeyPacker();
  for (const { key, isEnd } of elements) packer.add(key, 0, key.length, isEnd);
  return packer;
}

function lastByte({ key }: NftElement): number | undefined {
  return key.at(-1);
}

async function taken(t: ExecutionContext, under: KernelUnderTest, ...operations: NftOperation[]) {
  const result = await under.kernel.nft.apply(operations);
  t.deepEqual(result.ok ? [] : result.refusals, []);
  return result as NftResult & { ok: true };
}

/** The codes by operation: all that the batch was refused for. */
async function refused(t: ExecutionContext, under: KernelUnderTest, ...operations: NftOperation[]) {
  const result = await under.kernel.nft.apply(operations);
  t.false(result.ok);
  return result.ok ? {} : Object.fromEntries(result.refusals.map(({ index, code }) => [index, code]));
}

async function rulesOf(under: KernelUnderTest): Promise<(readonly [string, string | undefined])[]> {
  const dump = await under.kernel.nft.dumpTable(table);
  return dump?.rules.map(({ chain, comment }) => [chain, comment] as const) ?? [];
}

async function elementsOf(under: KernelUnderTest, set: string): Promise<string[]> {
  const elements = await under.kernel.nft.dumpElements(table, set);
  return elements.map((element) => `${Buffer.from(element.key).toString('hex')}${element.isEnd ? '-' : ''}`).sort();
}

const hooked: NftOperation & { type: 'add-chain' } = {
  type: 'add-chain',
  table,
  chain: 'hooked',
  base: { kind: 'filter', hook: 'forward', priority: -5 },
};

const counter: Expression = { type: 'counter' };

const nftCases: Record<string, Case> = {
  async 'an empty batch is success'(t, under) {
    t.like(await under.kernel.nft.apply([]), { ok: true, messages: 0 });
  },

  async 'adding tables and chains twice is success'(t, under) {
    const operations = [addTable, addChain('plain'), hooked];
    await taken(t, under, ...operations);
    await taken(t, under, ...operations);
    const dump = await under.kernel.nft.dumpTable(table);
    t.deepEqual([...(dump?.chains ?? [])].sort(byName), [
      { name: 'hooked', base: { ...hooked.base!, doesDrop: false } },
      { name: 'plain' },
    ]);
    t.false(dump?.isDormant);
  },

  async 'an absent table dumps as undefined'(t, under) {
    t.is(await under.kernel.nft.dumpTable('nowhere'), undefined);
    t.deepEqual(await under.kernel.nft.dumpCounters('nowhere'), []);
  },

  async 'each added rule has a handle by the index of its operation'(t, under) {
    const { handles } = await taken(t, under, addTable, addChain('c'), addRule('c', counter), addRule('c', counter));
    t.deepEqual([...handles.keys()], [2, 3]);
    const dump = await under.kernel.nft.dumpTable(table);
    t.deepEqual(
      dump?.rules.map(({ handle }) => handle),
      [...handles.values()],
    );
  },

  async 'rules are placed before, after and instead of others'(t, under) {
    const named = (comment: string) => ({ ...addRule('c', counter), comment });
    const { handles } = await taken(t, under, addTable, addChain('c'), named('a'), named('b'));
    const [a, b] = [handles.get(2)!, handles.get(3)!];
    const placed = await taken(
      t,
      under,
      { ...named('before b'), place: { how: 'before', handle: b } },
      { ...named('after a'), place: { how: 'after', handle: a } },
      { ...named('B'), place: { how: 'replace', handle: b } },
    );
    t.deepEqual(await rulesOf(under), [
      ['c', 'a'],
      ['c', 'after a'],
      ['c', 'before b'],
      ['c', 'B'],
    ]);
    await taken(t, under, { type: 'delete-rule', table, chain: 'c', handle: placed.handles.get(2)! });
    t.deepEqual(await rulesOf(under), [
      ['c', 'a'],
      ['c', 'after a'],
      ['c', 'before b'],
    ]);
  },

  async 'a refused batch changes nothing and names each operation that failed'(t, under) {
    await taken(t, under, addTable, addChain('there'));
    const codes = await refused(
      t,
      under,
      addChain('new'),
      addRule('there', jump('nowhere')),
      addRule('nowhere', counter),
      addRule('new', { type: 'lookup', set: 'nowhere', register: 0 }),
      addRule('new', { type: 'counter-ref', name: 'nowhere' }),
      deleteChain('nowhere'),
    );
    t.deepEqual(codes, { 1: 'ENOENT', 2: 'ENOENT', 3: 'ENOENT', 4: 'ENOENT', 5: 'ENOENT' });
    const dump = await under.kernel.nft.dumpTable(table);
    t.deepEqual(dump?.chains, [{ name: 'there' }]);
  },

  async 'everything in an absent table is refused'(t, under) {
    t.deepEqual(await refused(t, under, addChain('c'), { type: 'delete-table', table }), { 0: 'ENOENT', 1: 'ENOENT' });
  },

  async 'a name that does not fit is refused before anything else'(t, under) {
    t.deepEqual(await refused(t, under, addTable, addChain('x'.repeat(256))), { 1: 'ENAMETOOLONG' });
    t.is(await under.kernel.nft.dumpTable(table), undefined);
    await taken(t, under, addTable, addChain('x'.repeat(255)));
  },

  async 'a chain in use is not deleted, one with rules of its own is'(t, under) {
    await taken(t, under, addTable, addChain('a'), addChain('b'), addRule('a', jump('b')));
    t.deepEqual(await refused(t, under, deleteChain('b')), { 0: 'EBUSY' });
    await taken(t, under, deleteChain('a'), deleteChain('b'));
    t.deepEqual((await under.kernel.nft.dumpTable(table))?.chains, []);
  },

  async 'a missing rule is refused, as anchor and for deletion'(t, under) {
    await taken(t, under, addTable, addChain('c'));
    const handle = 4711n;
    const codes = await refused(
      t,
      under,
      { type: 'delete-rule', table, chain: 'c', handle },
      { ...addRule('c', counter), place: { how: 'before', handle } },
      { ...addRule('c', counter), place: { how: 'replace', handle } },
    );
    t.deepEqual(codes, { 0: 'ENOENT', 1: 'ENOENT', 2: 'ENOENT' });
  },

  async 'jumps in a circle are refused, where packets come by'(t, under) {
    await taken(t, under, addTable, hooked, addChain('a'), addChain('b'), addRule('a', jump('b')));
    await taken(t, under, addRule('hooked', jump('a')));
    t.deepEqual(await refused(t, under, addChain('c'), addRule('b', jump('a'))), { 1: 'EMLINK' });
    const throughMap: Expression = { type: 'lookup', set: 'm', register: 0, into: 'verdict' };
    const mark: Expression = { type: 'meta', key: 'mark', register: 0 };
    await taken(t, under, addSet('m', { data: 'verdict' }), addRule('b', mark, throughMap));
    const back = { key: key(1, 2, 3, 4), verdict: { code: 'goto', chain: 'a' } } as const;
    t.deepEqual(await refused(t, under, addElements('m', back)), { 0: 'EMLINK' });
  },

  async 'chains lead sixteen levels deep at most, gotos counted'(t, under) {
    const chains = Array.from({ length: 16 }, (_, level) => `level-${level}`);
    const steps = chains.slice(1).map((to, from) => addRule(chains[from]!, verdict({ code: 'goto', chain: to })));
    await taken(t, under, addTable, hooked, ...chains.map(addChain), ...steps);
    t.deepEqual(await refused(t, under, addRule('hooked', jump('level-0'))), { 0: 'EMLINK' });
    await taken(t, under, addRule('hooked', jump('level-1')));
  },

  async 'nothing jumps to a base chain'(t, under) {
    await taken(t, under, addTable, hooked, addChain('a'));
    t.deepEqual(await refused(t, under, addRule('a', jump('hooked'))), { 0: 'ENOTSUP' });
  },

  async 'a flushed chain has no rules and sets free what they used'(t, under) {
    await taken(t, under, addTable, addChain('a'), addChain('b'), addRule('a', jump('b')));
    await taken(t, under, { type: 'flush-chain', table, chain: 'a' }, deleteChain('b'));
    t.deepEqual(await rulesOf(under), []);
  },

  async 'named counters keep what they are given and stay while used'(t, under) {
    const add: NftOperation = { type: 'add-counter', table, counter: 'n', packets: 5n, bytes: 500n };
    await taken(t, under, addTable, addChain('c'), add, addRule('c', { type: 'counter-ref', name: 'n' }));
    await taken(t, under, { ...add, packets: 9n });
    t.deepEqual(await under.kernel.nft.dumpCounters(table), [{ name: 'n', packets: 5n, bytes: 500n }]);
    const remove: NftOperation = { type: 'delete-counter', table, counter: 'n' };
    t.deepEqual(await refused(t, under, remove), { 0: 'EBUSY' });
    await taken(t, under, { type: 'flush-chain', table, chain: 'c' }, remove);
    t.deepEqual(await refused(t, under, remove), { 0: 'ENOENT' });
  },

  async 'a table is replaced in one batch'(t, under) {
    await taken(t, under, addTable, addChain('old'), addRule('old', counter), addSet('s'));
    await taken(t, under, { type: 'delete-table', table }, addTable, addChain('new'));
    t.like(await under.kernel.nft.dumpTable(table), { chains: [{ name: 'new' }], sets: [] });
  },

  async 'transactions are applied in the order of the calls'(t, under) {
    const many = Array.from({ length: 700 }, (_, index) => addChain(`c${index}`));
    const results = await Promise.all([
      under.kernel.nft.apply([addTable, ...many]),
      under.kernel.nft.apply([addRule('c699', counter)]),
      under.kernel.nft.apply([deleteChain('c699')]),
    ]);
    t.deepEqual(
      results.map(({ ok }) => ok),
      [true, true, true],
    );
    t.is((await under.kernel.nft.dumpTable(table))?.chains.length, 699);
  },
};

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}

const setCases: Record<string, Case> = {
  async 'a set has the elements that were added and not deleted'(t, under) {
    await taken(t, under, addTable, addSet('s'), addElements('s', { key: key(1, 2, 3, 4) }, { key: key(5, 6, 7, 8) }));
    await taken(t, under, addElements('s', { key: key(5, 6, 7, 8) }), deleteElements('s', { key: key(1, 2, 3, 4) }));
    t.deepEqual(await elementsOf(under, 's'), ['05060708']);
    t.like(await under.kernel.nft.dumpTable(table), { sets: [{ name: 's', keyLength: 4, flags: 0 }] });
  },

  async 'missing elements and sets are refused'(t, under) {
    await taken(t, under, addTable, addSet('s'));
    const missing = { key: key(1, 2, 3, 4) };
    t.deepEqual(await refused(t, under, deleteElements('s', missing)), { 0: 'ENOENT' });
    t.deepEqual(await refused(t, under, addElements('x', missing)), { 0: 'ENOENT' });
    await t.throwsAsync(under.kernel.nft.dumpElements(table, 'x'), { code: 'KERNEL_REFUSED' });
  },

  async 'an element of another length is refused'(t, under) {
    await taken(t, under, addTable, addSet('s'));
    t.deepEqual(await refused(t, under, addElements('s', { key: key(1, 2, 3, 4, 5, 6, 7, 8) })), { 0: 'EINVAL' });
  },

  async 'a set of another shape is refused, the same again is success'(t, under) {
    await taken(t, under, addTable, addSet('s'));
    await taken(t, under, addSet('s'));
    t.deepEqual(await refused(t, under, addSet('s', { keyLength: 8 })), { 0: 'EEXIST' });
  },

  async 'a set in use is not deleted'(t, under) {
    const lookup: Expression = { type: 'lookup', set: 's', register: 0 };
    const load: Expression = { type: 'load', register: 0, data: key(1, 2, 3, 4) };
    await taken(t, under, addTable, addSet('s'), addChain('c'), addRule('c', load, lookup));
    const remove: NftOperation = { type: 'delete-set', table, set: 's' };
    t.deepEqual(await refused(t, under, remove), { 0: 'EBUSY' });
    await taken(t, under, { type: 'flush-chain', table, chain: 'c' }, remove);
  },

  async 'a map element changes its verdict by delete and add in one batch'(t, under) {
    const at = (chain: string) => ({ key: key(1, 2, 3, 4), verdict: { code: 'goto', chain } }) as const;
    await taken(t, under, addTable, addChain('a'), addChain('b'), addSet('m', { data: 'verdict' }));
    await taken(t, under, addElements('m', at('a')));
    await taken(t, under, addElements('m', at('a')));
    t.deepEqual(await refused(t, under, addElements('m', at('b'))), { 0: 'EEXIST' });
    t.deepEqual(await refused(t, under, deleteChain('a')), { 0: 'EBUSY' });
    await taken(t, under, deleteElements('m', { key: key(1, 2, 3, 4) }), addElements('m', at('b')), deleteChain('a'));
    const [element] = await under.kernel.nft.dumpElements(table, 'm');
    t.deepEqual(element?.verdict, { code: 'goto', chain: 'b' });
    t.deepEqual(await refused(t, under, addElements('m', { ...at('x'), key: key(9, 9, 9, 9) })), { 0: 'ENOENT' });
  },

  async 'a data map gives back its values'(t, under) {
    await taken(t, under, addTable, addSet('m', { data: { type: 19, length: 4 } }));
    await taken(t, under, addElements('m', { key: key(1, 2, 3, 4), data: key(7, 0, 0, 0) }));
    const [element] = await under.kernel.nft.dumpElements(table, 'm');
    t.deepEqual(element && Buffer.from(element.data ?? []), Buffer.from([7, 0, 0, 0]));
    t.deepEqual(await refused(t, under, addElements('m', { key: key(2, 2, 2, 2) })), { 0: 'EINVAL' });
  },

  async 'intervals may touch but not overlap'(t, under) {
    await taken(t, under, addTable, addSet('i', { isInterval: true }), addElements('i', ...interval(4, 8)));
    await taken(t, under, addElements('i', ...interval(8, 12)));
    t.deepEqual(await refused(t, under, addElements('i', ...interval(6, 7))), { 0: 'EEXIST' });
    await taken(t, under, deleteElements('i', ...interval(4, 8)), addElements('i', ...interval(2, 8)));
    t.deepEqual(await elementsOf(under, 'i'), ['0a000002', '0a000008', '0a000008-', '0a00000c-']);
  },

  async 'packed keys are taken, refused, deleted and dumped as elements are'(t, under) {
    const even = packed(Array.from({ length: 5000 }, (_, n) => ({ key: key(10, 0, n >> 7, (n << 1) & 255) })));
    await taken(t, under, addTable, addSet('s'), { type: 'add-elements', table, set: 's', elements: even });
    t.is((await under.kernel.nft.dumpElements(table, 's')).length, 5000);
    const some = packed([{ key: key(10, 0, 0, 2) }, { key: key(10, 0, 0, 3) }]);
    t.deepEqual(await refused(t, under, { type: 'delete-elements', table, set: 's', elements: some }), { 0: 'ENOENT' });
    await taken(t, under, addElements('s', { key: key(10, 0, 0, 3) }));
    await taken(t, under, { type: 'delete-elements', table, set: 's', elements: some });
    const { keys, keyLength, ends } = await under.kernel.nft.dumpKeys(table, 's');
    t.deepEqual([keys.length, keyLength, ends], [4 * 4999, 4, undefined]);
    await t.throwsAsync(under.kernel.nft.dumpKeys(table, 'x'), { code: 'KERNEL_REFUSED' });
  },

  async 'packed intervals have starts and ends'(t, under) {
    const elements = packed([...interval(4, 8), ...interval(8, 12)]);
    await taken(t, under, addTable, addSet('i', { isInterval: true }), {
      type: 'add-elements',
      table,
      set: 'i',
      elements,
    });
    t.deepEqual(await elementsOf(under, 'i'), ['0a000004', '0a000008', '0a000008-', '0a00000c-']);
    const dumped = [...unpackKeys(await under.kernel.nft.dumpKeys(table, 'i'))];
    t.deepEqual(
      dumped
        .filter(({ isEnd }) => isEnd)
        .map(lastByte)
        .sort(),
      [12, 8],
    );
    t.deepEqual(
      dumped
        .filter(({ isEnd }) => !isEnd)
        .map(lastByte)
        .sort(),
      [4, 8],
    );
    await taken(t, under, { type: 'delete-elements', table, set: 'i', elements });
    t.is((await under.kernel.nft.dumpKeys(table, 'i')).keys.length, 0);
  },

  async 'a full set is refused'(t, under) {
    await taken(t, under, addTable, addSet('s', { size: 1 }), addElements('s', { key: key(1, 1, 1, 1) }));
    t.deepEqual(await refused(t, under, addElements('s', { key: key(2, 2, 2, 2) })), { 0: 'ENFILE' });
  },

  async 'long element lists arrive whole'(t, under) {
    const elements = Array.from({ length: 5000 }, (_, n) => ({ key: key(10, 0, n >> 8, n & 255) }));
    await taken(t, under, addTable, addSet('s'), addElements('s', ...elements));
    t.is((await under.kernel.nft.dumpElements(table, 's')).length, 5000);
  },
};

const routeBase = { table: 254, protocol: 80, priority: 1024, type: 'unicast' } as const;

function workloadRoute(family: 4 | 6, oif: number): Route {
  const destination = family === 4 ? '10.65.0.2/32' : 'fd65::2/128';
  return { ...routeBase, family, destination, oif, scope: family === 4 ? 'link' : 'universe' };
}

async function ours(under: KernelUnderTest, family: 4 | 6): Promise<Route[]> {
  return (await under.kernel.routes(family)).filter(({ protocol }) => protocol === 80);
}

const routeCases: Record<string, Case> = {
  async 'routes of both families come back as they were written'(t, under) {
    const oif = await under.addLink('cali0');
    for (const family of [4, 6] as const) {
      const destination = family === 4 ? '10.66.0.0/26' : 'fd66::/122';
      const blackhole: Route = { ...routeBase, family, destination, type: 'blackhole', scope: 'universe' };
      const routes = [workloadRoute(family, oif), blackhole];
      const outcomes = await under.kernel.changeRoutes(routes.map((route) => ({ type: 'replace-route', route })));
      t.deepEqual(outcomes, [undefined, undefined]);
      t.deepEqual(
        (await ours(under, family)).sort((a, b) => (a.destination < b.destination ? -1 : 1)),
        routes,
      );
      await under.kernel.changeRoutes(routes.map((route) => ({ type: 'delete-route', route })));
      t.deepEqual(await ours(under, family), []);
    }
  },

  async 'a route moves to another link in one step'(t, under) {
    const [first, second] = [await under.addLink('cali0'), await under.addLink('cali1')];
    await under.kernel.changeRoutes([{ type: 'replace-route', route: workloadRoute(4, first) }]);
    await under.kernel.changeRoutes([{ type: 'replace-route', route: workloadRoute(4, second) }]);
    t.deepEqual(await ours(under, 4), [workloadRoute(4, second)]);
    await under.kernel.changeRoutes([{ type: 'delete-route', route: workloadRoute(4, first) }]);
    t.deepEqual(await ours(under, 4), [workloadRoute(4, second)], 'deleting it elsewhere leaves it');
  },

  async 'one bad route does not stop the others, and deleting the absent is success'(t, under) {
    const oif = await under.addLink('cali0');
    const outcomes = await under.kernel.changeRoutes([
      { type: 'replace-route', route: workloadRoute(4, 9999) },
      { type: 'replace-route', route: workloadRoute(4, oif) },
      { type: 'delete-route', route: workloadRoute(6, oif) },
      { type: 'delete-route', route: workloadRoute(4, 9999) },
    ]);
    t.like(outcomes[0], { index: 0, code: 'ENODEV' });
    t.deepEqual(outcomes.slice(1), [undefined, undefined, undefined]);
    t.deepEqual(await ours(under, 4), [workloadRoute(4, oif)]);
  },

  async 'permanent neighbours come and go'(t, under) {
    const ifindex = await under.addLink('cali0');
    const neighbour = {
      family: 4,
      ifindex,
      address: '10.65.0.2',
      mac: '02:00:00:00:00:05',
      isPermanent: true,
    } as const;
    t.deepEqual(await under.kernel.changeRoutes([{ type: 'replace-neighbour', neighbour }]), [undefined]);
    t.deepEqual(await under.kernel.neighbours(4, ifindex), [neighbour]);
    const remove = { type: 'delete-neighbour', neighbour } as const;
    t.deepEqual(await under.kernel.changeRoutes([remove, remove]), [undefined, undefined]);
    t.deepEqual(await under.kernel.neighbours(4, ifindex), []);
  },

  async 'a link answers for addresses it is told to, and for no others'(t, under) {
    const ifindex = await under.addLink('cali0');
    const proxies = [
      { family: 4, ifindex, address: '10.65.0.2', protocol: 80 },
      { family: 6, ifindex, address: 'fd65::2', protocol: 80 },
    ] as const;
    const add = proxies.map((proxy) => ({ type: 'add-proxy', proxy }) as const);
    t.deepEqual(await under.kernel.changeRoutes([...add, ...add]), [undefined, undefined, undefined, undefined]);
    t.deepEqual(await under.kernel.proxyEntries(4), [proxies[0]]);
    t.deepEqual(await under.kernel.proxyEntries(6), [proxies[1]]);
    t.deepEqual(await under.kernel.neighbours(4, ifindex), []);
    const nowhere = { type: 'add-proxy', proxy: { ...proxies[0], ifindex: 9999 } } as const;
    t.like((await under.kernel.changeRoutes([nowhere]))[0], { code: 'ENODEV' });
    const remove = proxies.map((proxy) => ({ type: 'delete-proxy', proxy }) as const);
    t.deepEqual(await under.kernel.changeRoutes([...remove, ...remove]), [undefined, undefined, undefined, undefined]);
    t.deepEqual([...(await under.kernel.proxyEntries(4)), ...(await under.kernel.proxyEntries(6))], []);
  },

  async 'sysctls are written where they exist, and the reason is told where not'(t, under) {
    await under.addLink('cali0');
    t.is(under.kernel.writeSysctl('net/ipv4/conf/cali0/proxy_arp', '1'), undefined);
    t.is(under.kernel.readSysctl('net/ipv4/conf/cali0/proxy_arp'), '1');
    t.regex(under.kernel.writeSysctl('net/ipv4/conf/gone/proxy_arp', '1') ?? '', /ENOENT/);
    t.is(under.kernel.readSysctl('net/ipv4/conf/gone/proxy_arp'), undefined);
  },

  async 'listeners hear of links and routes until they close'(t, under) {
    const heard: string[] = [];
    const listener = under.kernel.listen((event) => {
      if (event.type === 'link') heard.push(`${event.isGone ? '-' : '+'}${event.link.name}`);
      if (event.type === 'route') heard.push(`${event.isGone ? '-' : '+'}${event.route.destination}`);
    });
    const oif = await under.addLink('cali0');
    await under.kernel.changeRoutes([{ type: 'replace-route', route: workloadRoute(4, oif) }]);
    await until(() => heard.includes('+cali0') && heard.includes('+10.65.0.2/32'));
    await under.removeLink('cali0');
    await until(() => heard.includes('-cali0'));
    listener.close();
    const before = heard.length;
    await under.addLink('cali1');
    await new Promise((resolve) => setTimeout(resolve, 20));
    t.is(heard.length, before);
  },

  async 'traffic is shaped at the root and led through an intermediate link, until either is deleted'(t, under) {
    const index = await under.addLink('cali0');
    const bucket = { rateBytes: 125_000, burstBytes: 64_000, limitBytes: 70_000 };
    const peak = { rateBytes: 6e9, burstBytes: 9000 };
    const told = async (...operations: TrafficOperation[]) =>
      (await under.kernel.changeTraffic(operations)).map((refusal) => refusal?.code);
    const root = { type: 'replace-token-bucket', ifindex: index, handle: 0xca110000, bucket } as const;
    t.deepEqual(await told(root, { ...root, bucket: { ...bucket, rateBytes: 5e9, peak } }), [undefined, undefined]);
    t.deepEqual(await told({ type: 'add-ifb', name: 'bwcali0', mtuBytes: 1500 }), [undefined]);
    t.deepEqual(await told({ type: 'add-ifb', name: 'bwcali0', mtuBytes: 1500 }), ['EEXIST']);
    const ifb = (await under.kernel.links()).find(({ name }) => name === 'bwcali0')!;
    t.like(ifb, { kind: 'ifb', isUp: true, mtuBytes: 1500 });
    const redirect = { type: 'add-redirect', ifindex: index, to: ifb.index } as const;
    const ingress = { type: 'add-ingress', ifindex: index } as const;
    t.deepEqual(await told(redirect, ingress, ingress, redirect), ['EINVAL', undefined, undefined, undefined]);
    t.deepEqual(await told({ ...root, ifindex: 9999 }), ['ENODEV']);
    const ours = async () =>
      (await under.kernel.qdiscs())
        .filter(({ ifindex, kind }) => ifindex === index && kind !== 'noqueue')
        .map(({ kind, handle, place }) => `${place} ${kind} ${handle.toString(16)}`)
        .sort();
    t.deepEqual(await ours(), ['ingress ingress ffff0000', 'root tbf ca110000']);
    const remove = (place: 'root' | 'ingress') => ({ type: 'delete-qdisc', ifindex: index, place }) as const;
    t.deepEqual(await told(remove('root'), remove('root'), remove('ingress'), remove('ingress')), [
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    t.deepEqual(await ours(), []);
    const gone = { type: 'delete-ifb', ifindex: ifb.index } as const;
    t.deepEqual(await told(gone, gone), [undefined, undefined]);
    t.is(
      (await under.kernel.links()).find(({ name }) => name === 'bwcali0'),
      undefined,
    );
  },

  async 'connections are found by either end, marked in some bits, and forgotten'(t, under) {
    await under.track('10.9.0.1', '10.9.0.2');
    await under.track('10.9.0.3', '10.9.0.2');
    await under.track('fd00:9::1', 'fd00:9::2');
    const ends = async (...addresses: string[]) =>
      (await under.kernel.connections(new Set(addresses)))
        .map(({ family, original, reply, mark }) => `${family} ${original.source} ${reply.source} ${mark}`)
        .sort();
    t.deepEqual(await ends('10.9.0.1', 'fd00:9::2'), ['4 10.9.0.1 10.9.0.2 0', '6 fd00:9::1 fd00:9::2 0']);
    const some = await under.kernel.connections(new Set(['10.9.0.1']));
    t.is(await under.kernel.markConnections(some, { mark: 7, mask: 5 }), 1);
    t.is(await under.kernel.markConnections(some, { mark: 8, mask: 9 }), 1);
    t.deepEqual(await ends('10.9.0.2'), ['4 10.9.0.1 10.9.0.2 12', '4 10.9.0.3 10.9.0.2 0']);
    const counts = [4, 8, 1, 0x80000000].map((bit) => under.kernel.countMarked(bit));
    t.deepEqual(await Promise.all(counts), [1, 1, 0, 0]);
    t.is(await under.kernel.deleteConntrack('10.9.0.1'), 1);
    t.is(await under.kernel.markConnections(some, { mark: 1, mask: 1 }), 0);
    t.deepEqual(await ends('10.9.0.2'), ['4 10.9.0.3 10.9.0.2 0']);
    t.is((await under.kernel.connections()).length, 2);
    t.is(await under.kernel.deleteConntrack('fd00:9::2', '10.9.0.3', '10.9.0.3'), 2, 'of both families at once');
    t.is((await under.kernel.connections()).length, 0);
  },

  async 'a VXLAN device is made, changed and deleted, with its addresses and entries'(t, under) {
    const parent = await under.addLink('cali0');
    const { kernel } = under;
    const vxlan = { vni: 4096, port: 4789, local: '192.0.2.1', parent, isLearning: false };
    const mac = '66:00:00:00:00:01';
    const made = { kind: 'vxlan', name: 'vx', mac, mtuBytes: 1400, vxlan } as const;
    await kernel.addLink(made);
    await t.throwsAsync(kernel.addLink(made), { code: 'KERNEL_REFUSED' });
    const find = async () => (await kernel.links()).find(({ name }) => name === 'vx');
    t.like(await find(), { kind: 'vxlan', mac, mtuBytes: 1400, isUp: false, vxlan });
    const { index } = (await find())!;
    await kernel.changeLink(index, { isUp: true, mtuBytes: 1300, mac: '66:00:00:00:00:02' });
    t.like(await find(), { mac: '66:00:00:00:00:02', mtuBytes: 1300, isUp: true, vxlan });
    for (const prefix of ['10.65.0.0/32', 'fd65::1/128']) {
      const has = async () => (await kernel.addresses()).some((one) => one.ifindex === index && one.prefix === prefix);
      await kernel.addAddress(index, prefix);
      await kernel.addAddress(index, prefix);
      t.true(await has());
      await kernel.deleteAddress(index, prefix);
      await kernel.deleteAddress(index, prefix);
      t.false(await has());
    }
    const forwarding = { ifindex: index, mac: '66:00:00:00:00:07', destination: '192.0.2.7' };
    const moved = { ...forwarding, destination: '192.0.2.8' };
    for (const one of [forwarding, moved]) {
      t.deepEqual(await kernel.changeRoutes([{ type: 'replace-forwarding', forwarding: one }]), [undefined]);
      t.deepEqual(await kernel.forwardingEntries(index), [one]);
    }
    const remove = { type: 'delete-forwarding', forwarding: moved } as const;
    t.deepEqual(await kernel.changeRoutes([remove, remove]), [undefined, undefined]);
    t.deepEqual(await kernel.forwardingEntries(index), []);
    await kernel.deleteLink(index);
    await kernel.deleteLink(index);
    t.is(await find(), undefined);
  },

  async 'a VXLAN device over IPv6 has its settings'(t, under) {
    const parent = await under.addLink('cali0');
    const vxlan = { vni: 5, port: 4790, local: 'fd00::1', parent, isLearning: true };
    await under.kernel.addLink({ kind: 'vxlan', name: 'vx6', mac: '66:00:00:00:00:01', mtuBytes: 1400, vxlan });
    const { index, ...link } = (await under.kernel.links()).find(({ name }) => name === 'vx6')!;
    t.like(link, { kind: 'vxlan', vxlan });
    const forwarding = { ifindex: index, mac: '66:00:00:00:00:07', destination: 'fd00::7' };
    await under.kernel.changeRoutes([{ type: 'replace-forwarding', forwarding }]);
    t.deepEqual(await under.kernel.forwardingEntries(index), [forwarding]);
  },

  async 'routing rules of both families come and go'(t, under) {
    for (const family of [4, 6] as const) {
      const rule = { family, priority: 99, table: 300, mark: 0x80000, mask: 0x80000, isInverted: true } as const;
      const ours = async () => (await under.kernel.rules(family)).filter(({ priority }) => priority === 99);
      const add = { type: 'add-rule', rule } as const;
      t.deepEqual(await under.kernel.changeRoutes([add, add]), [undefined, undefined]);
      t.deepEqual(await ours(), [rule]);
      const remove = { type: 'delete-rule', rule } as const;
      t.deepEqual(await under.kernel.changeRoutes([remove, remove]), [undefined, undefined]);
      t.deepEqual(await ours(), []);
    }
  },

  async 'a link that is no WireGuard device has none'(t, under) {
    t.is(await under.kernel.wireguard(await under.addLink('cali0')), undefined);
    await t.throwsAsync(under.kernel.changeWireguard(9999, { port: 51820 }), { code: 'KERNEL_REFUSED' });
  },

  async 'listeners hear of the types they name, and of neighbours'(t, under) {
    const ifindex = await under.addLink('cali0');
    const heard: string[] = [];
    const listener = under.kernel.listen(({ type }) => heard.push(type), ['neighbour']);
    const neighbour = {
      family: 4,
      ifindex,
      address: '10.65.0.2',
      mac: '02:00:00:00:00:05',
      isPermanent: true,
    } as const;
    await under.kernel.changeRoutes([{ type: 'replace-route', route: workloadRoute(4, ifindex) }]);
    await under.kernel.changeRoutes([{ type: 'replace-neighbour', neighbour }]);
    await until(() => heard.length > 0);
    await under.kernel.changeRoutes([{ type: 'delete-neighbour', neighbour }]);
    await until(() => heard.length > 1);
    listener.close();
    t.deepEqual([...new Set(heard)], ['neighbour']);
  },

  async 'listeners hear of settings of a link'(t, under) {
    const ifindex = await under.addLink('cali0');
    const heard: unknown[] = [];
    const listener = under.kernel.listen((event) => heard.push(event), ['settings']);
    under.kernel.writeSysctl('net/ipv4/conf/cali0/proxy_arp', '1');
    under.kernel.writeSysctl('net/ipv6/conf/cali0/forwarding', '1');
    await until(() => heard.length > 1);
    listener.close();
    t.deepEqual(heard[0], { type: 'settings', family: 4, ifindex });
    t.deepEqual(heard.at(-1), { type: 'settings', family: 6, ifindex });
  },

  async 'links are listed with what they are'(t, under) {
    const index = await under.addLink('cali0');
    const link = (await under.kernel.links()).find(({ name }) => name === 'cali0');
    t.like(link, { index, name: 'cali0', kind: 'veth', mtuBytes: 1500, isUp: true });
    t.regex(link?.mac ?? '', /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
  },
};

const followCases: Record<string, Case> = {
  async 'followers hear what others do to their table, once a transaction, and nothing of our own'(t, under) {
    const { nft } = under.kernel;
    const heard: string[] = [];
    const follower = nft.follow(table, (change) => heard.push(change.type === 'changed' ? change.by : change.type));
    await nft.apply([addTable, addChain('a'), addRule('a'), addSet('s'), addElements('s', { key: key(1, 2, 3, 4) })]);
    await under.applyAsOther([{ type: 'add-table', table: 'another' }]);
    await under.applyAsOther([addRule('a'), addRule('a')]);
    await until(() => heard.length > 0);
    await under.applyAsOther([deleteElements('s', { key: key(1, 2, 3, 4) })]);
    await until(() => heard.length > 1);
    await nft.apply([{ type: 'delete-table', table }]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    t.is(heard.length, 2);
    for (const by of heard) t.regex(by, /^\S+ \(pid \d+\)$/);
    follower.close();
    await under.applyAsOther([addTable]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    t.is(heard.length, 2);
  },

  async 'followers hear nothing of a large transaction of ours, and of what others do after it'(t, under) {
    const { nft } = under.kernel;
    const heard: string[] = [];
    const follower = nft.follow(table, ({ type }) => heard.push(type));
    const elements = Array.from({ length: 5_000 }, (_, n) => ({ key: key(10, 0, n >> 8, n & 255) }));
    await nft.apply([addTable, addSet('s'), addElements('s', ...elements)]);
    await nft.apply([{ type: 'delete-elements', table, set: 'gone', elements }]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    t.deepEqual(heard, []);
    await under.applyAsOther([deleteElements('s', elements[0]!)]);
    await until(() => heard.length > 0);
    t.deepEqual(heard, ['changed']);
    follower.close();
  },

  async 'followers of the generation hear of transactions in any table that are not counted as ours'(t, under) {
    const { nft } = under.kernel;
    let commits: number | undefined = 0;
    let heard = 0;
    const follower = nft.followGeneration(
      () => commits,
      () => heard++,
    );
    await new Promise((resolve) => setTimeout(resolve, 400)); // it has looked for the first time
    for (let n = 1; n <= 3; n++) {
      commits = undefined;
      await nft.apply([addTable, addChain(`${n}`)]); // what changes nothing is not counted by the kernel
      await new Promise((resolve) => setTimeout(resolve, 300));
      commits = n;
    }
    await new Promise((resolve) => setTimeout(resolve, 600)); // two looks
    t.is(heard, 0);
    await under.applyAsOther([{ type: 'add-table', table: 'another' }]);
    await until(() => heard > 0);
    follower.close();
    await under.applyAsOther([{ type: 'add-table', table: 'a third' }]);
    await new Promise((resolve) => setTimeout(resolve, 600));
    t.is(heard, 1);
  },
};

async function until(isDone: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!isDone()) {
    if (Date.now() > deadline) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
