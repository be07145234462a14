/** What every kernel behind the port does with copies of tables: part of the suite in `kernel.ts`. */
import type { ExecutionContext } from 'ava';
import type { Nft, NftOperation } from '#appliance/kernel/kernel.ts';
import type { Expression } from '#appliance/kernel/netlink/expression.ts';
import type { KernelUnderTest } from './kernel.ts';

const table = 'contract';
const key = (...bytes: number[]) => Uint8Array.from(bytes);

const matchInterface: Expression[] = [
  { type: 'meta', key: 'iifname', register: 0 },
  { type: 'lookup', set: 'dispatch', register: 0, into: 'verdict' },
];
const matchAddress: Expression[] = [
  { type: 'load', register: 0, data: key(0, 0, 0, 0, 0, 0, 0, 2) },
  { type: 'payload', base: 'network', offset: 12, length: 4, register: 2 },
  { type: 'lookup', set: 'hosts', register: 0 },
];
const interfaceName = new Uint8Array(16).fill(0x61, 0, 4);

/** One of everything a table of ours may have. */
const everything: readonly NftOperation[] = [
  { type: 'add-table', table },
  { type: 'add-chain', table, chain: 'hooked', base: { kind: 'filter', hook: 'forward', priority: -5 } },
  { type: 'add-chain', table, chain: 'nat', base: { kind: 'nat', hook: 'postrouting', priority: 110 } },
  { type: 'add-chain', table, chain: 'target' },
  { type: 'add-counter', table, counter: 'gnp/web/ingress/0', packets: 7n, bytes: 700n },
  { type: 'add-set', table, set: { name: 'dispatch', keyType: 41, keyLength: 16, data: 'verdict' } },
  { type: 'add-set', table, set: { name: 'hosts', keyType: 3, keyLength: 12, fields: [8, 4] } },
  { type: 'add-set', table, set: { name: 'nets', keyType: 3, keyLength: 12, isInterval: true } },
  { type: 'add-set', table, set: { name: 'few', keyType: 3, keyLength: 4, size: 3 } },
  { type: 'add-set', table, set: { name: 'marks', keyType: 3, keyLength: 4, data: { type: 19, length: 4 } } },
  {
    type: 'add-rule',
    table,
    chain: 'hooked',
    expressions: [...matchAddress, { type: 'verdict', verdict: { code: 'jump', chain: 'target' } }],
    comment: 'first',
  },
  { type: 'add-rule', table, chain: 'hooked', expressions: matchInterface, comment: 'second' },
  {
    type: 'add-rule',
    table,
    chain: 'target',
    expressions: [
      { type: 'limit', rate: 3n, unitSeconds: 60, burst: 5 },
      { type: 'counter-ref', name: 'gnp/web/ingress/0' },
      { type: 'log', prefix: 'calico', level: 5 },
      { type: 'reject' },
    ],
  },
  {
    type: 'add-rule',
    table,
    chain: 'nat',
    expressions: [{ type: 'masquerade', isFullyRandom: true }],
    comment: 'wide \u00e4\u4e16',
  },
  {
    type: 'add-elements',
    table,
    set: 'dispatch',
    elements: [{ key: interfaceName, verdict: { code: 'goto', chain: 'target' } }],
  },
  { type: 'add-elements', table, set: 'hosts', elements: manyHosts(3000) },
  {
    type: 'add-elements',
    table,
    set: 'nets',
    elements: [
      { key: key(0, 0, 0, 0, 0, 0, 0, 2, 10, 0, 0, 0) },
      { key: key(0, 0, 0, 0, 0, 0, 0, 2, 10, 0, 1, 0), isEnd: true },
    ],
  },
  { type: 'add-elements', table, set: 'few', elements: [{ key: key(1, 2, 3, 4) }] },
  { type: 'add-elements', table, set: 'marks', elements: [{ key: key(1, 2, 3, 4), data: key(0, 0, 1, 0) }] },
];

/** More than one message of the kernel's takes. */
function manyHosts(count: number) {
  return Array.from({ length: count }, (_, i) => ({ key: key(0, 0, 0, 0, 0, 0, 0, 2, 10, 1, i >> 8, i & 255) }));
}

/** Everything but what the kernel numbers and counts by itself. */
async function contentOf(nft: Nft) {
  const dump = (await nft.dumpTable(table))!;
  const elements: Record<string, unknown> = {};
  for (const { name } of dump.sets) {
    const found = await nft.dumpElements(table, name);
    elements[name] = found.map((element) => JSON.stringify({ ...element, key: [...element.key] })).sort();
  }
  return {
    chains: dump.chains,
    rules: dump.rules.map(({ chain, comment, expressions }) => ({ chain, comment, expressions })),
    sets: dump.sets,
    counters: dump.counters.map(({ name }) => name),
    elements,
  };
}

const failed = { code: 'KERNEL_REFUSED' };

export const copyCases = {
  async 'a copy of a table makes it again, counters at zero'(
    t: ExecutionContext,
    { kernel: { nft } }: KernelUnderTest,
  ) {
    t.like(await nft.apply(everything), { ok: true });
    const before = await contentOf(nft);
    const copy = Buffer.from((await nft.copyTable(table))!);
    t.like(await nft.apply([{ type: 'delete-table', table }]), { ok: true });
    t.is(await nft.applyCopy(table, copy), undefined);
    t.deepEqual(await contentOf(nft), before);
    t.deepEqual(await nft.dumpCounters(table), [{ name: 'gnp/web/ingress/0', packets: 0n, bytes: 0n }]);
  },

  async 'a table that is absent has no copy'(t: ExecutionContext, { kernel: { nft } }: KernelUnderTest) {
    t.is(await nft.copyTable('nowhere'), undefined);
  },

  async 'a copy replaces nothing'(t: ExecutionContext, { kernel: { nft } }: KernelUnderTest) {
    await nft.apply(everything);
    const copy = Buffer.from((await nft.copyTable(table))!);
    await nft.apply([{ type: 'add-chain', table, chain: 'later' }]);
    const before = await contentOf(nft);
    t.is((await nft.applyCopy(table, copy))?.code, 'EEXIST');
    t.deepEqual(await contentOf(nft), before);
  },

  async 'a copy of another table, or what is none, is refused'(
    t: ExecutionContext,
    { kernel: { nft } }: KernelUnderTest,
  ) {
    await nft.apply(everything);
    const copy = Buffer.from((await nft.copyTable(table))!);
    await nft.apply([{ type: 'delete-table', table }]);
    await t.throwsAsync(nft.applyCopy('another', copy), failed);
    await t.throwsAsync(nft.applyCopy(table, copy.subarray(0, copy.length - 6)), failed);
    await t.throwsAsync(nft.applyCopy(table, Buffer.from('no copy at all, but some text that is long')), failed);
    t.is(await nft.dumpTable(table), undefined);
  },
};
