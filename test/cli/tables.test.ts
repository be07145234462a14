/** The tables of every kind, `-o ps` and `-o wide`, byte for byte, over the kinds' own examples. */
import test from 'ava';
import { decodeResource } from '#appliance/resources/decode.ts';
import { calicoctlKinds } from '#appliance/resources/registry.ts';
import { startFakeApiServer } from './fake-api-server.ts';
import { matchesGolden } from './golden.ts';
import { runCli } from './run-cli.ts';

for (const { kind, plural, isNamespaced, example } of calicoctlKinds) {
  test(`the tables of ${kind} are as calicoctl prints them`, async (t) => {
    await using server = await startFakeApiServer();
    const decoded = decodeResource(example, 'create');
    if (!decoded.ok) return t.fail(JSON.stringify(decoded.problems));
    server.put(plural, decoded.value as unknown as Record<string, unknown>);
    const env = { CALICO_API_SOCKET: server.address };
    const scope = ['--allow-version-mismatch', ...(isNamespaced ? ['-A'] : [])];
    let text = '';
    for (const output of ['ps', 'wide']) {
      const run = await runCli(['get', plural, '-o', output, ...scope], { env });
      t.is(run.stderr, '');
      text += `# calicoctl get ${plural} -o ${output}\n${run.stdout}`;
    }
    matchesGolden(t, `${plural}.txt`, text);
  });
}

test('tiers are shown in the order they are evaluated, those without an order last', async (t) => {
  await using server = await startFakeApiServer();
  for (const [name, order] of [
    ['a', 300],
    ['b', undefined],
    ['c', 20],
  ] as const) {
    server.put('tiers', { kind: 'Tier', metadata: { name }, spec: order === undefined ? {} : { order } });
  }
  const run = await runCli(['get', 'tiers'], { env: { CALICO_API_SOCKET: server.address } });
  t.is(run.stdout, 'NAME   ORDER   \nc      20      \na      300     \nb      <nil>   \n\n');
  const document = await runCli(['get', 'tiers', '-o', 'json'], { env: { CALICO_API_SOCKET: server.address } });
  const { items } = JSON.parse(document.stdout) as { items: { metadata: { name: string } }[] };
  t.deepEqual(
    items.map(({ metadata }) => metadata.name),
    ['c', 'a', 'b'],
  );
});

test('the AS number of a node without one is that of the cluster, in parentheses', async (t) => {
  await using server = await startFakeApiServer();
  const env = { CALICO_API_SOCKET: server.address };
  const node = (name: string, spec: object) => server.put('nodes', { kind: 'Node', metadata: { name }, spec });
  node('a', { bgp: { ipv4Address: '192.0.2.1/24' } });
  node('b', { bgp: { asNumber: 65_001 } });
  node('c', {});
  const columns = 'custom-columns=NAME,ASN';
  t.is(
    (await runCli(['get', 'nodes', '-o', columns], { env })).stdout,
    'NAME   ASN       \na      (64512)   \nb      65001     \nc                \n\n',
  );
  server.put('bgpconfigurations', { metadata: { name: 'default' }, spec: { asNumber: 64_999 } });
  t.is((await runCli(['get', 'node', 'a', '-o', columns], { env })).stdout, 'NAME   ASN       \na      (64999)   \n\n');
});
