import test from 'ava';
import { createFakeKernel } from '#appliance/kernel/fake/kernel.ts';
import { kernelContract } from '#test/contract/kernel.ts';

kernelContract(test, 'the fake kernel', async () => {
  const kernel = createFakeKernel();
  let index = 1;
  return {
    kernel,
    async addLink(name) {
      index += 1;
      const mac = '02:00:00:00:00:01';
      kernel.setLink({ index, name, kind: 'veth', mac, mtuBytes: 1500, isUp: true, isRunning: true });
      return index;
    },
    track: async (source, destination) => kernel.addConnection(source, destination),
    removeLink: async (name) => kernel.removeLink(name),
    applyAsOther: (operations) => kernel.nft.applyAsOther(operations),
    close: async () => kernel.close(),
  };
});

test('`count()` shows in the counters that are dumped', async (t) => {
  const kernel = createFakeKernel();
  await kernel.nft.apply([
    { type: 'add-table', table: 'x' },
    { type: 'add-counter', table: 'x', counter: 'c' },
  ]);
  kernel.nft.count('x', 'c', 2n, 80n);
  t.deepEqual(await kernel.nft.dumpCounters('x'), [{ name: 'c', packets: 2n, bytes: 80n }]);
});

test('`deleteConntrack()` counts connections by original and by reply source', async (t) => {
  const kernel = createFakeKernel();
  kernel.addConnection('10.0.0.1', '10.0.0.2');
  kernel.addConnection('10.0.0.3', '10.0.0.1');
  t.is(await kernel.deleteConntrack('10.0.0.1'), 2);
  t.is(await kernel.deleteConntrack('10.0.0.1'), 0);
});
