/** Our encoding beside nft's: the same rule, written by both, must read back from the kernel as the same bytes. */
import test from 'ava';
import type { NftOperation } from '#appliance/kernel/kernel.ts';
import type { Expression } from '#appliance/kernel/netlink/expression.ts';
import { openKernel } from '#appliance/kernel/open.ts';
import { createNamespace } from './namespace.ts';

function bytes(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex');
}

function equals(data: string): Expression {
  return { type: 'cmp', op: 'eq', register: 0, data: bytes(data) };
}

const ipv4: Expression[] = [{ type: 'meta', key: 'nfproto', register: 0 }, equals('02')];
const ipv6: Expression[] = [{ type: 'meta', key: 'nfproto', register: 0 }, equals('0a')];
const tcp: Expression[] = [{ type: 'meta', key: 'l4proto', register: 0 }, equals('06')];
const source: Expression = { type: 'payload', base: 'network', offset: 12, length: 4, register: 0 };
const port: Expression = { type: 'payload', base: 'transport', offset: 2, length: 2, register: 0 };
const drop: Expression = { type: 'verdict', verdict: { code: 'drop' } };
const accept: Expression = { type: 'verdict', verdict: { code: 'accept' } };

function name(text: string): string {
  return Buffer.concat([Buffer.from(text), Buffer.alloc(16 - text.length)]).toString('hex');
}

/** nft's text of a rule -> ours. */
const RULES: readonly (readonly [string, readonly Expression[]])[] = [
  ['meta l4proto tcp counter accept', [...tcp, { type: 'counter' }, accept]],
  [
    'ip saddr 10.16.0.0/12 drop',
    [
      ...ipv4,
      source,
      { type: 'bitwise', source: 0, destination: 0, mask: bytes('fff00000'), xor: bytes('00000000') },
      equals('0a100000'),
      { type: 'verdict', verdict: { code: 'drop' } },
    ],
  ],
  [
    'ip6 daddr fd00::1 continue',
    [
      ...ipv6,
      { type: 'payload', base: 'network', offset: 24, length: 16, register: 0 },
      equals('fd000000000000000000000000000001'),
      { type: 'verdict', verdict: { code: 'continue' } },
    ],
  ],
  ['iifname "cali0" return', [{ type: 'meta', key: 'iifname', register: 0 }, equals(name('cali0')), verdictReturn()]],
  ['oifname != "cali0"', [{ type: 'meta', key: 'oifname', register: 0 }, notEquals(name('cali0'))]],
  ['iif 1', [{ type: 'meta', key: 'iif', register: 0 }, equals('01000000')]],
  ['oif 1', [{ type: 'meta', key: 'oif', register: 0 }, equals('01000000')]],
  ['iiftype 1', [{ type: 'meta', key: 'iiftype', register: 0 }, equals('0100')]],
  ['meta mark 0x10', [{ type: 'meta', key: 'mark', register: 0 }, equals('10000000')]],
  [
    'meta mark set meta mark & 0xffff00ff',
    [
      { type: 'meta', key: 'mark', register: 0 },
      { type: 'bitwise', source: 0, destination: 0, mask: bytes('ff00ffff'), xor: bytes('00000000') },
      { type: 'meta-set', key: 'mark', register: 0 },
    ],
  ],
  [
    'meta mark set 0x10',
    [
      { type: 'load', register: 0, data: bytes('10000000') },
      { type: 'meta-set', key: 'mark', register: 0 },
    ],
  ],
  ['tcp dport >= 1024', [...tcp, port, { type: 'cmp', op: 'gte', register: 0, data: bytes('0400') }]],
  [
    'tcp dport != 80-90',
    [...tcp, port, { type: 'range', op: 'neq', register: 0, from: bytes('0050'), to: bytes('005a') }],
  ],
  [
    'ct state established,related accept',
    [
      { type: 'ct', key: 'state', register: 0 },
      { type: 'bitwise', source: 0, destination: 0, mask: bytes('06000000'), xor: bytes('00000000') },
      notEquals('00000000'),
      accept,
    ],
  ],
  ['ct mark 7', [{ type: 'ct', key: 'mark', register: 0 }, equals('07000000')]],
  ['ct direction reply', [{ type: 'ct', key: 'direction', register: 0 }, equals('01')]],
  [
    'ct mark set ct mark & 0x7fffffff',
    [
      { type: 'ct', key: 'mark', register: 0 },
      { type: 'bitwise', source: 0, destination: 0, mask: bytes('ffffff7f'), xor: bytes('00000000') },
      { type: 'ct-set', key: 'mark', register: 0 },
    ],
  ],
  ['ct count over 5 drop', [{ type: 'connlimit', count: 5, isInverted: true }, drop]],
  ['ct count 5', [{ type: 'connlimit', count: 5, isInverted: false }]],
  ['meta l4proto tcp reject with tcp reset', [...tcp, { type: 'reject-reset' }]],
  [
    'ip dscp set ef',
    [
      ...ipv4,
      { type: 'payload', base: 'network', offset: 0, length: 2, register: 0 },
      { type: 'bitwise', source: 0, destination: 0, mask: bytes('ff03'), xor: bytes('00b8') },
      { type: 'payload-set', base: 'network', offset: 0, length: 2, register: 0, checksumOffset: 10 },
    ],
  ],
  [
    'ip6 dscp set ef',
    [
      ...ipv6,
      { type: 'payload', base: 'network', offset: 0, length: 2, register: 0 },
      { type: 'bitwise', source: 0, destination: 0, mask: bytes('f03f'), xor: bytes('0b80') },
      { type: 'payload-set', base: 'network', offset: 0, length: 2, register: 0 },
    ],
  ],
  ['fib daddr type local', [{ type: 'fib', result: 'type', flags: ['daddr'], register: 0 }, equals('02000000')]],
  [
    'fib saddr . mark . iif oif != 0',
    [{ type: 'fib', result: 'oif', flags: ['saddr', 'mark', 'iif'], register: 0 }, notEquals('00000000')],
  ],
  ['counter name "named"', [{ type: 'counter-ref', name: 'named' }]],
  ['log prefix "calico: " level notice', [{ type: 'log', prefix: 'calico: ', level: 5 }]],
  ['limit rate 10/second burst 7 packets', [{ type: 'limit', rate: 10n, unitSeconds: 1, burst: 7 }]],
  ['limit rate over 3/minute burst 5 packets', [limitOver(3n, 60, 5)]],
  ['notrack', [{ type: 'notrack' }]],
  ['reject with icmpx admin-prohibited', [{ type: 'reject' }]],
  ['masquerade fully-random', [{ type: 'masquerade', isFullyRandom: true }]],
  ['masquerade', [{ type: 'masquerade', isFullyRandom: false }]],
  ['ip saddr @addresses accept', [...ipv4, source, { type: 'lookup', set: 'addresses', register: 0 }, accept]],
  ['ip saddr != @addresses', [...ipv4, source, { type: 'lookup', set: 'addresses', register: 0, isInverted: true }]],
  [
    'iifname vmap @dispatch',
    [
      { type: 'meta', key: 'iifname', register: 0 },
      { type: 'lookup', set: 'dispatch', register: 0, into: 'verdict' },
    ],
  ],
  ['jump other', [{ type: 'verdict', verdict: { code: 'jump', chain: 'other' } }]],
  ['goto other', [{ type: 'verdict', verdict: { code: 'goto', chain: 'other' } }]],
  [
    'dnat ip to 10.0.0.1',
    [
      { type: 'load', register: 0, data: bytes('0a000001') },
      { type: 'nat', kind: 'dnat', family: 4, addressMin: 0 },
    ],
  ],
  [
    'snat ip6 to fd00::1',
    [
      { type: 'load', register: 0, data: bytes('fd000000000000000000000000000001') },
      { type: 'nat', kind: 'snat', family: 6, addressMin: 0 },
    ],
  ],
];

function notEquals(data: string): Expression {
  return { type: 'cmp', op: 'neq', register: 0, data: bytes(data) };
}

function verdictReturn(): Expression {
  return { type: 'verdict', verdict: { code: 'return' } };
}

function limitOver(rate: bigint, unitSeconds: number, burst: number): Expression {
  return { type: 'limit', rate, unitSeconds, burst, isInverted: true };
}

const SETUP = `add table inet x
add chain inet x other
add chain inet x theirs
add counter inet x named
add set inet x addresses { type ipv4_addr; }
add map inet x dispatch { type ifname : verdict; }`;

test('rules that we write read back as those that nft writes', async (t) => {
  await using namespace = await createNamespace();
  const kernel = openKernel({ netnsPath: namespace.path });
  const theirs = RULES.map(([text]) => `add rule inet x theirs ${text}`);
  await namespace.exec('nft', [SETUP, ...theirs].join('\n'));
  const ours = RULES.map(
    ([, expressions]): NftOperation => ({ type: 'add-rule', table: 'x', chain: 'ours', expressions }),
  );
  const result = await kernel.nft.apply([{ type: 'add-chain', table: 'x', chain: 'ours' }, ...ours]);
  t.deepEqual(result.ok ? [] : result.refusals, []);
  const rules = (await kernel.nft.dumpTable('x'))?.rules ?? [];
  const of = (chain: string) => rules.filter((rule) => rule.chain === chain).map((rule) => rule.expressions);
  RULES.forEach(([text], index) => {
    t.is(of('ours')[index]?.toString('hex'), of('theirs')[index]?.toString('hex'), text);
  });
  kernel.close();
});

test('nft prints our rules in its own words, comments included', async (t) => {
  await using namespace = await createNamespace();
  const kernel = openKernel({ netnsPath: namespace.path });
  await namespace.exec('nft', SETUP);
  await kernel.nft.apply([
    { type: 'add-rule', table: 'x', chain: 'other', expressions: [...tcp, accept], comment: 'tier default; policy ä' },
    { type: 'add-rule', table: 'x', chain: 'other', expressions: [accept], comment: `${'x'.repeat(127)}ä` },
  ]);
  const lines = (await namespace.exec('nft', 'list', 'chain', 'inet', 'x', 'other'))
    .split('\n')
    .map((line) => line.trim());
  t.is(lines[2], 'meta l4proto tcp accept comment "tier default; policy ä"');
  t.is(lines[3], `accept comment "${'x'.repeat(127)}"`, 'cut at the border of a character');
  kernel.close();
});
