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
    async track(source, destination) {
      await namespace.exec('ip', 'address', 'add', source, 'dev', 'lo').catch(() => '');
      await namespace.exec('ip', 'address', 'add', destination, 'dev', 'lo').catch(() => '');
      const chain = 'add chain inet track c { type filter hook output priority 0; }';
      await namespace.exec('nft', `add table inet track; ${chain}; add rule inet track c ct state new counter`);
      const [kind, to, from] = source.includes(':')
        ? ['UDP6', `[${destination}]`, `[${source}]`]
        : ['UDP4', destination, source];
      await namespace.exec('bash', '-c', `echo x | socat -u - '${kind}-SENDTO:${to}:9,bind=${from}'`);
    },
    async close() {
      kernel.close();
      other.close();
      await namespace[Symbol.asyncDispose]();
    },
  };
});
