/** The whole agent, told to use iptables and told otherwise while it runs: rules are where the configuration says, and only there. */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { until, world } from './agent-world.ts';

const root = '/calico/resources/v3/projectcalico.org';
const objects: Record<string, unknown> = {
  [`${root}/workloadendpoints/shop/here-vm-a-eth0`]: {
    kind: 'WorkloadEndpoint',
    metadata: { labels: { part: 'a' } },
    spec: { node: 'here', interfaceName: 'calia', ipNetworks: ['10.65.0.1/32'] },
  },
  [`${root}/globalnetworkpolicies/from-peers`]: {
    kind: 'GlobalNetworkPolicy',
    spec: { selector: "part == 'a'", ingress: [{ action: 'Allow', source: { selector: "part == 'a'" } }] },
  },
};

test.serial('nftablesMode and iptablesBackend are taken at once, in all directions', async (t) => {
  t.timeout(120_000);
  const { etcdctl, nft, exec, status } = await world(t);
  await until(async () => (await status()).isStoreReady === true);
  for (const [key, value] of Object.entries(objects)) await etcdctl('put', key, JSON.stringify(value));
  const where = async () => ({
    nftables: (await nft()).includes('table inet calico'),
    nft: (await exec('iptables-nft-save')).includes('cali-FORWARD'),
    legacy: (await exec('iptables-legacy-save')).includes('cali-FORWARD'),
    sets: (await exec('ipset', 'list', '-n')).includes('cali40'),
  });
  const only = (name: 'nftables' | 'nft' | 'legacy') => ({
    nftables: name === 'nftables',
    nft: name === 'nft',
    legacy: name === 'legacy',
    sets: name !== 'nftables',
  });
  const isOnly = (name: Parameters<typeof only>[0]) => async () => {
    await sleep(100);
    return JSON.stringify(await where()) === JSON.stringify(only(name));
  };
  await until(isOnly('nftables'));
  for (const [spec, name, backend] of [
    [{ nftablesMode: 'Disabled', iptablesBackend: 'Legacy' }, 'legacy', 'iptables'],
    [{ nftablesMode: 'Disabled', iptablesBackend: 'NFT' }, 'nft', 'iptables'],
    [{ nftablesMode: 'Enabled' }, 'nftables', 'nftables'],
  ] as const) {
    await etcdctl('put', `${root}/felixconfigurations/default`, JSON.stringify({ spec }));
    await until(isOnly(name));
    t.is((await status()).backend, backend);
    t.deepEqual((await status()).refusedPolicies, {});
  }
});
