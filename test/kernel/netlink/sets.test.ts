/** Sets keyed by an id and an address in one: packets find them, ids stay apart, and nft lists them without harm. */
import test from 'ava';
import type { Kernel, NftElement, NftOperation, NftSet } from '#appliance/kernel/kernel.ts';
import type { Expression } from '#appliance/kernel/netlink/expression.ts';
import { openKernel } from '#appliance/kernel/open.ts';
import { parseAddress } from '#appliance/lib/ip/address.ts';
import { createNamespace, type TestNamespace } from './namespace.ts';

const table = 'sets';
const BITMASK = 3;
const MARK_MARK_IPV4 = (19 << 12) | (19 << 6) | 7;
const MARK_MARK_IPV6 = (19 << 12) | (19 << 6) | 8;

function id(number: number): Buffer {
  const bytes = Buffer.from([1, 2, 3, 4, 0, 0, 0, 0]);
  bytes.writeUInt32BE(number, 4);
  return bytes;
}

function at(number: number, address: string): Buffer {
  return Buffer.concat([id(number), parseAddress(address)!.bytes]);
}

function atPort(number: number, port: number): Buffer {
  return Buffer.concat([id(number), Buffer.from([port >> 8, port & 255, 0, 0])]);
}

const isUdp: Expression[] = [
  { type: 'meta', key: 'l4proto', register: 15 },
  { type: 'cmp', op: 'eq', register: 15, data: Uint8Array.of(17) },
];

const PAYLOADS = {
  4: { base: 'network', offset: 16, length: 4 },
  6: { base: 'network', offset: 24, length: 16 },
  port: { base: 'transport', offset: 2, length: 2 },
} as const;

/** A rule that counts, under a counter's name, the packets whose destination is in the set under this id. */
function counting(counter: string, number: number, what: keyof typeof PAYLOADS): NftOperation[] {
  const guard: Expression[] = [
    { type: 'meta', key: 'nfproto', register: 15 },
    { type: 'cmp', op: 'eq', register: 15, data: Uint8Array.of(what === 6 ? 10 : 2) },
  ];
  const expressions: Expression[] = [
    ...isUdp,
    ...guard,
    { type: 'load', register: 0, data: id(number) },
    { type: 'payload', ...PAYLOADS[what], register: 2 },
    { type: 'lookup', set: 's', register: 0 },
    { type: 'counter-ref', name: counter },
  ];
  return [
    { type: 'add-counter', table, counter },
    { type: 'add-rule', table, chain: 'out', expressions },
  ];
}

async function prepare(kernel: Kernel, set: NftSet, elements: NftElement[], rules: NftOperation[]) {
  return kernel.nft.apply([
    { type: 'add-table', table },
    { type: 'add-chain', table, chain: 'out', base: { kind: 'filter', hook: 'output', priority: 0 } },
    { type: 'add-set', table, set },
    { type: 'add-elements', table, set: set.name, elements },
    ...rules,
  ]);
}

/** One datagram to each; what the counters say then. */
async function send(namespace: TestNamespace, kernel: Kernel, targets: string[]): Promise<Record<string, bigint>> {
  const script = targets.map((target) => `echo x > /dev/udp/${target}`).join('; ');
  await namespace.exec('bash', '-c', script);
  return Object.fromEntries((await kernel.nft.dumpCounters(table)).map(({ name, packets }) => [name, packets]));
}

async function withKernel(run: (namespace: TestNamespace, kernel: Kernel) => Promise<void>): Promise<void> {
  await using namespace = await createNamespace();
  await namespace.exec('ip', 'address', 'add', '10.9.0.0/16', 'dev', 'lo');
  await namespace.exec('ip', 'route', 'add', 'local', 'fd00:9::/64', 'dev', 'lo');
  const kernel = openKernel({ netnsPath: namespace.path });
  try {
    await run(namespace, kernel);
  } finally {
    kernel.close();
  }
}

for (const family of [4, 6] as const) {
  const prefix = family === 4 ? '10.9.0.' : 'fd00:9::';
  const length = family === 4 ? 4 : 16;

  test(`a hash set of id and IPv${family} address matches packets by both`, (t) =>
    withKernel(async (namespace, kernel) => {
      const keyType = family === 4 ? MARK_MARK_IPV4 : MARK_MARK_IPV6;
      const set: NftSet = { name: 's', keyType, keyLength: 8 + length, fields: [4, 4, length] };
      const elements = [{ key: at(7, `${prefix}5`) }, { key: at(8, `${prefix}6`) }];
      await prepare(kernel, set, elements, [...counting('seven', 7, family), ...counting('eight', 8, family)]);
      const counts = await send(namespace, kernel, [`${prefix}5/9`, `${prefix}5/9`, `${prefix}6/9`, `${prefix}7/9`]);
      t.deepEqual(counts, { seven: 2n, eight: 1n });
      t.regex(await namespace.exec('nft', 'list', 'ruleset'), new RegExp(`mark \\. mark \\. ipv${family}_addr`));
    }));

  test(`an interval set of id and IPv${family} prefix keeps ids apart, up to the last address`, (t) =>
    withKernel(async (namespace, kernel) => {
      const set: NftSet = { name: 's', keyType: BITMASK, keyLength: 8 + length, isInterval: true };
      const zero = Buffer.alloc(length);
      const elements = [
        { key: at(8, `${prefix}4`) },
        { key: at(8, `${prefix}8`), isEnd: true },
        { key: at(10, `${prefix}8`) },
        { key: Buffer.concat([id(11), zero]), isEnd: true },
      ];
      await prepare(kernel, set, elements, [...counting('eight', 8, family), ...counting('ten', 10, family)]);
      const targets = ['3', '4', '7', '8', '9'].map((last) => `${prefix}${last}/9`);
      t.deepEqual(await send(namespace, kernel, targets), { eight: 2n, ten: 2n });
      const text = await namespace.exec('nft', 'list', 'ruleset');
      t.regex(text, /0x10203040000000[0-9a-f]+-0x10203040000000/);
    }));
}

test('an interval set of id and port matches the first and the last port', (t) =>
  withKernel(async (namespace, kernel) => {
    const set: NftSet = { name: 's', keyType: BITMASK, keyLength: 12, isInterval: true };
    const elements = [
      { key: atPort(8, 1000) },
      { key: atPort(8, 2001), isEnd: true },
      { key: atPort(10, 65000) },
      { key: atPort(11, 0), isEnd: true },
    ];
    await prepare(kernel, set, elements, [...counting('eight', 8, 'port'), ...counting('ten', 10, 'port')]);
    const ports = [999, 1000, 2000, 2001, 64999, 65000, 65535];
    const targets = ports.map((port) => `10.9.0.1/${port}`);
    t.deepEqual(await send(namespace, kernel, targets), { eight: 2n, ten: 2n });
  }));

test('interface names are printed the right way round', (t) =>
  withKernel(async (namespace, kernel) => {
    const key = Buffer.alloc(16);
    key.write('cali12345');
    const data = Buffer.from([42, 0, 0, 0]);
    const set: NftSet = { name: 's', keyType: 41, keyLength: 16, data: { type: 19, length: 4 } };
    await prepare(kernel, set, [{ key, data }], []);
    t.regex(await namespace.exec('nft', 'list', 'ruleset'), /"cali12345" : 0x0000002a/);
  }));
