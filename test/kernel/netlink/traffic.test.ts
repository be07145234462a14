/** Traffic control as we write it, read by tc. */
import test from 'ava';
import { openKernel } from '#appliance/kernel/open.ts';
import { createNamespace } from './namespace.ts';

test('tc reads rates, bursts and queues as they were meant, and the way through the intermediate link', async (t) => {
  await using namespace = await createNamespace();
  await namespace.exec('ip', 'link', 'add', 'cali0', 'type', 'veth', 'peer', 'name', 'peer0');
  const kernel = openKernel({ netnsPath: namespace.path });
  const { index } = (await kernel.links()).find(({ name }) => name === 'cali0')!;
  await kernel.changeTraffic([{ type: 'add-ifb', name: 'bwcali0', mtuBytes: 1500 }]);
  const ifb = (await kernel.links()).find(({ name }) => name === 'bwcali0')!;
  const bucket = { rateBytes: 125_000, burstBytes: 64_000, limitBytes: 67_125 };
  const fast = { rateBytes: 5e9, burstBytes: 500_000, limitBytes: 2 ** 33, peak: { rateBytes: 6e9, burstBytes: 9000 } };
  const refusals = await kernel.changeTraffic([
    { type: 'replace-token-bucket', ifindex: index, handle: 0xca110000, bucket },
    { type: 'replace-token-bucket', ifindex: ifb.index, handle: 0xca110000, bucket: fast },
    { type: 'add-ingress', ifindex: index },
    { type: 'add-redirect', ifindex: index, to: ifb.index },
  ]);
  t.deepEqual(refusals.filter(Boolean), []);
  const show = (link: string) => namespace.exec('tc', '-d', 'qdisc', 'show', 'dev', link);
  t.regex(await show('cali0'), /tbf ca11: root .*rate 1Mbit burst 64000b.* lat 25ms/);
  t.regex(await show('bwcali0'), /tbf ca11: root .*rate 40Gbit burst 49\d{4}b.*peakrate 48Gbit/);
  const filters = await namespace.exec('tc', 'filter', 'show', 'dev', 'cali0', 'ingress');
  t.regex(filters, /protocol all pref 1 u32/);
  t.regex(
    filters,
    /match 00000000\/00000000 at 0\s+action order 1: mirred \(Egress Redirect to device bwcali0\) stolen/,
  );
  kernel.close();
});
