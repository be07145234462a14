import test from 'ava';
import { uninstall } from '#appliance/felix/dataplane/uninstall.ts';
import { createFakeKernel } from '#appliance/kernel/fake/kernel.ts';
import { openDataplane } from './nftables/lab.ts';
import { config, inSync, sampleConfig, workload } from './sample.ts';

test('`uninstall()` leaves nothing of ours, and is fine twice', async (t) => {
  const kernel = createFakeKernel();
  kernel.setLink({ index: 5, name: 'cali-a', kind: 'veth', mac: '', mtuBytes: 1500, isUp: true, isRunning: true });
  {
    await using dataplane = openDataplane({ kernel });
    await dataplane.send(config(), workload('a', { ipv4Nets: ['10.65.0.1/32'] }), inSync);
  }
  t.is((await kernel.routes(4)).length, 1);
  await uninstall(kernel, sampleConfig);
  await uninstall(kernel, sampleConfig);
  t.deepEqual(await kernel.routes(4), []);
  t.is(await kernel.nft.dumpTable('calico'), undefined);
});
