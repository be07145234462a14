import test from 'ava';
import { createFakeKernel, type FakeKernel } from '#appliance/kernel/fake/kernel.ts';
import type { Kernel, Link } from '#appliance/kernel/kernel.ts';
import { replacing } from '../replacing.ts';
import { openDataplane } from './nftables/lab.ts';
import { config, inSync, workload } from './sample.ts';

const link: Link = { index: 5, name: 'cali-a', kind: 'veth', mac: '', mtuBytes: 1500, isUp: true, isRunning: true };
const a = workload('a', { ipv4Nets: ['10.65.0.1/32'] });

/** Notes what is read back. */
function watched(reads: string[]) {
  return (kernel: Kernel): Kernel => {
    const noting = <T extends object>(target: T, name: string, what: string): T =>
      replacing(target, name, (...given: unknown[]) => {
        if (name !== 'routes' || given[0] === 4) reads.push(what);
        return (target as Record<string, (...given: unknown[]) => unknown>)[name]!(...given);
      });
    const nft = noting(kernel.nft, 'dumpTable', 'table');
    return replacing(noting(noting(kernel, 'routes', 'routes'), 'links', 'links'), 'nft', nft);
  };
}

/** Tells nobody of its links. */
const deaf = (kernel: Kernel): Kernel => replacing(kernel, 'listen', () => ({ close: () => undefined }));

for (const [parameter, what] of [
  ['nftablesRefreshIntervalMs', 'table'],
  ['routeRefreshIntervalMs', 'routes'],
  ['interfaceRefreshIntervalMs', 'links'],
] as const) {
  test(`${parameter} holds from the moment it changes, and zero ends it`, async (t) => {
    const reads: string[] = [];
    await using dataplane = openDataplane({ intercept: watched(reads) });
    // a change of configuration may have the pass itself read
    const readsWithin = async (ms: number) => {
      const before = reads.filter((read) => read === what).length;
      await dataplane.advance(ms);
      return reads.filter((read) => read === what).length - before;
    };
    await dataplane.send(config(), a, inSync);
    t.is(await readsWithin(1_000_000), 0);
    await dataplane.send(config({ [parameter]: 60_000 }));
    t.is(await readsWithin(59_999), 0);
    t.is(await readsWithin(1), 1);
    await dataplane.send(config({ [parameter]: 5_000 }));
    t.is(await readsWithin(5_000), 1);
    t.is(await readsWithin(5_000), 1);
    await dataplane.send(config({ [parameter]: 0 }));
    t.is(await readsWithin(1_000_000), 0);
  });
}

test('a change of another parameter does not put a refresh off', async (t) => {
  const reads: string[] = [];
  await using dataplane = openDataplane({ intercept: watched(reads) });
  await dataplane.send(config({ nftablesRefreshIntervalMs: 60_000 }), inSync);
  const atStart = reads.filter((read) => read === 'table').length;
  await dataplane.advance(59_000);
  await dataplane.send(config({ nftablesRefreshIntervalMs: 60_000, logPrefix: 'other' }));
  await dataplane.advance(1_000);
  t.is(reads.filter((read) => read === 'table').length, atStart + 1);
});

test('a link that no notification told of is found after the refresh interval, and missed when it is gone', async (t) => {
  const kernel: FakeKernel = createFakeKernel();
  await using dataplane = openDataplane({ kernel, intercept: deaf });
  await dataplane.send(config({ interfaceRefreshIntervalMs: 1_000 }), a, inSync);
  kernel.setLink(link);
  await dataplane.advance(999);
  t.is(dataplane.reports.at(-1), 'applied 1');
  t.true(dataplane.reports.includes('default/a down'));
  await dataplane.advance(1);
  await dataplane.advance(0);
  t.true(dataplane.reports.includes('default/a up'));
  kernel.removeLink('cali-a');
  await dataplane.advance(1_000);
  await dataplane.advance(0);
  t.is(dataplane.reports.filter((report) => report === 'default/a down').length, 2);
});
