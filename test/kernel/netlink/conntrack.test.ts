import test from 'ava';
import { openKernel } from '#appliance/kernel/open.ts';
import { createNamespace, type TestNamespace } from './namespace.ts';

/** Tracked connections: each address talks to itself, and 10.9.0.1 also to 10.9.0.2. */
async function prepare(namespace: TestNamespace): Promise<void> {
  await namespace.exec('ip', 'address', 'add', '10.9.0.0/16', 'dev', 'lo');
  await namespace.exec('ip', 'address', 'add', 'fd00:9::1/128', 'dev', 'lo');
  await namespace.exec('ip', 'address', 'add', 'fd00:9::2/128', 'dev', 'lo');
  const chain = 'add chain inet track c { type filter hook output priority 0; }';
  await namespace.exec('nft', `add table inet track; ${chain}; add rule inet track c ct state new counter`);
  for (const [from, to] of PAIRS) {
    const family = from.includes(':') ? 'UDP6' : 'UDP4';
    const bracket = (address: string) => (address.includes(':') ? `[${address}]` : address);
    const target = `${family}-SENDTO:${bracket(to)}:9,bind=${bracket(from)}`;
    await namespace.exec('bash', '-c', `echo x | socat -u - '${target}'`);
  }
}

const PAIRS = [
  ['10.9.0.1', '10.9.0.2'],
  ['10.9.0.3', '10.9.0.1'],
  ['10.9.0.3', '10.9.0.2'],
  ['fd00:9::1', 'fd00:9::2'],
  ['fd00:9::2', 'fd00:9::2'],
] as const;

async function tracked(namespace: TestNamespace, family: 'ipv4' | 'ipv6'): Promise<string[]> {
  const lines = (await namespace.exec('conntrack', '-L', '-f', family)).split('\n');
  const pairs = lines.map((line) => /src=(\S+) dst=(\S+)/.exec(line)?.slice(1, 3).join('>'));
  const colon = family === 'ipv6';
  return pairs.filter((pair): pair is string => pair !== undefined && pair.includes(':') === colon).sort();
}

test('`deleteConntrack()` takes the connections from and to an address, and no other', async (t) => {
  await using namespace = await createNamespace();
  await prepare(namespace);
  const kernel = openKernel({ netnsPath: namespace.path });
  t.is((await tracked(namespace, 'ipv4')).length, 3);
  t.is(await kernel.deleteConntrack('10.9.0.1'), 2);
  t.deepEqual(await tracked(namespace, 'ipv4'), ['10.9.0.3>10.9.0.2']);
  t.is((await tracked(namespace, 'ipv6')).length, 2);
  t.is(await kernel.deleteConntrack('fd00:9::1'), 1);
  t.deepEqual(await tracked(namespace, 'ipv6'), ['fd00:9::2>fd00:9::2']);
  t.is(await kernel.deleteConntrack('10.9.0.1'), 0);
  kernel.close();
});

test('`connections()` tells both directions, and `markConnections()` marks what it is given in the bits it is given', async (t) => {
  await using namespace = await createNamespace();
  await prepare(namespace);
  const kernel = openKernel({ netnsPath: namespace.path });
  t.is((await kernel.connections()).length, 5);
  const found = await kernel.connections(new Set(['10.9.0.2', 'fd00:9::1']));
  const one = found.find(({ family }) => family === 4);
  t.deepEqual(found.map(({ original }) => `${original.source}>${original.destination}`).sort(), [
    '10.9.0.1>10.9.0.2',
    '10.9.0.3>10.9.0.2',
    'fd00:9::1>fd00:9::2',
  ]);
  t.like(one, {
    protocol: 17,
    mark: 0,
    original: { destinationPort: 9 },
    reply: { source: '10.9.0.2', sourcePort: 9 },
  });
  t.is(await kernel.markConnections(await kernel.connections(), { mark: 3, mask: 0xffffffff }), 5);
  t.is(await kernel.markConnections(found, { mark: 0x80000000, mask: 0x80000000 }), 3);
  const marks = async () => (await kernel.connections()).map(({ mark }) => mark).sort();
  t.deepEqual(await marks(), [0x80000003, 0x80000003, 0x80000003, 3, 3]);
  t.is((await namespace.exec('conntrack', '-L', '-m', String(0x80000003))).split('\n').filter(Boolean).length, 3);
  t.is(await kernel.markConnections(found, { mark: 0, mask: 0x80000000 }), 3);
  t.deepEqual(await marks(), [3, 3, 3, 3, 3]);
  await namespace.exec('conntrack', '-F');
  t.is(await kernel.markConnections(found, { mark: 1, mask: 1 }), 0, 'what is gone is not made anew');
  t.deepEqual(await kernel.connections(), []);
  kernel.close();
});
