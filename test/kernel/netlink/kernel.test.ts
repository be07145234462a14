import test from 'ava';
import { openKernel } from '#appliance/kernel/open.ts';
import { kernelContract } from '#test/contract/kernel.ts';
import { createNamespace } from './namespace.ts';

kernelContract(test, 'the real kernel', async () => {
  const namespace = await createNamespace();
  const kernel = openKernel({ netnsPath: namespace.path });
  const other = openKernel({ netnsPath: namespace.path });
  return {
    kernel,
    async addLink(name) {
      await namespace.exec('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`);
      await namespace.exec('ip', 'link', 'set', name, 'up');
      await namespace.exec('ip', 'link', 'set', `${name}p`, 'up');
      return (await kernel.links()).find((link) => link.name === name)!.index;
    },
    removeLink: async (name) => void (await namespace.exec('ip', 'link', 'del', name)),
    applyAsOther: (operations) => other.nft.apply(operations),
    async close() {
      kernel.close();
      other.close();
      await namespace[Symbol.asyncDispose]();
    },
  };
});
