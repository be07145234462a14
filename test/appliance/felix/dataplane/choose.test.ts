/** Which backend enforces, and how the dataplane changes from one to the other. */
import test from 'ava';
import { type BackendName, chooseBackend } from '#appliance/felix/dataplane/choose.ts';
import { createChosenDataplane } from '#appliance/felix/dataplane/chosen-dataplane.ts';
import type { DataplaneReports } from '#appliance/felix/dataplane/dataplane.ts';
import type { Flush } from '#appliance/felix/model/messages.ts';
import { createFakeKernel } from '#appliance/kernel/fake/kernel.ts';
import type { Programs } from '#appliance/kernel/programs.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { config, inSync, policyId, sampleConfig } from './sample.ts';

test('NFTablesMode decides; Auto is nftables where the kernel has it', (t) => {
  const choose = (nftablesMode: 'Auto' | 'Enabled' | 'Disabled', hasNft: boolean, mayRunPrograms = true) =>
    chooseBackend({ ...sampleConfig, nftablesMode }, { hasNft, mayRunPrograms });
  t.is(choose('Auto', true), 'nftables');
  t.is(choose('Auto', false), 'iptables');
  t.is(choose('Enabled', false), 'nftables');
  t.is(choose('Disabled', true), 'iptables');
  t.is(choose('Disabled', true, false), 'nftables', 'without programs there is no other');
});

/** Backends that write down what happens to them, and a host without iptables. */
function world() {
  const events: string[] = [];
  const reports: string[] = [];
  let reportsOf: DataplaneReports | undefined;
  const programs: Programs = {
    run: async (program) => {
      events.push(`run ${program}`);
      return { code: undefined, stdout: '', stderr: '' };
    },
    close: () => undefined,
  };
  const dataplane = createChosenDataplane({
    kernel: createFakeKernel(),
    openPrograms: () => programs,
    hasNft: true,
    log: silentLogger,
    announceAnew: () => events.push('announce anew'),
    reports: {
      onWorkloadEndpointStatus() {},
      onHostEndpointStatus() {},
      onPolicyStatus: (id, problem) => reports.push(`${id.name}: ${problem ?? 'ok'}`),
      onApplied: (revision) => reports.push(`applied ${revision}`),
      onWorkloadMtu: (mtuBytes) => reports.push(`mtu ${mtuBytes}`),
      onWireguardKey: (family, publicKey) => reports.push(`key ${family} ${publicKey}`),
    },
    open: (name: BackendName, given) => {
      events.push(`open ${name}`);
      reportsOf = given;
      return {
        accept: ({ messages }: Flush) => events.push(`${name} ${messages.map(({ type }) => type).join()}`),
        settled: async () => void events.push(`settled ${name}`),
        close: async () => void events.push(`close ${name}`),
      };
    },
  });
  return {
    dataplane,
    reports,
    current: () => reportsOf as DataplaneReports,
    told: () => events.splice(0),
  };
}

const iptables = config({ nftablesMode: 'Disabled' });

test('a change of mind ends the old backend before the new one is told, and reports of the old are taken back', async (t) => {
  const { dataplane, told, current, reports } = world();
  dataplane.accept({ revision: 1, messages: [config(), inSync] });
  t.deepEqual(told(), ['open nftables', 'nftables config-update,in-sync']);
  current().onPolicyStatus(policyId('p'), 'refused');
  dataplane.accept({ revision: 2, messages: [iptables] });
  dataplane.accept({ revision: 2, messages: [inSync] });
  await dataplane.settled();
  t.deepEqual(told(), [
    'announce anew',
    'settled nftables',
    'close nftables',
    'open iptables',
    'iptables config-update',
    'iptables in-sync',
    'settled iptables',
  ]);
  t.deepEqual(reports, ['p: refused', 'p: ok']);
  dataplane.accept({ revision: 3, messages: [iptables] });
  t.deepEqual(told(), ['iptables config-update'], 'the same choice changes nothing');
  await dataplane.close();
});

test('what a backend reports goes on', async (t) => {
  const { dataplane, current, reports } = world();
  dataplane.accept({ revision: 1, messages: [config(), inSync] });
  current().onWorkloadMtu?.(1400);
  current().onWireguardKey?.(4, 'abc=');
  current().onApplied(1);
  t.deepEqual(reports, ['mtu 1400', 'key 4 abc=', 'applied 1']);
  await dataplane.close();
});

test('of changes while one is under way only the last counts', async (t) => {
  const { dataplane, told } = world();
  dataplane.accept({ revision: 1, messages: [config(), inSync] });
  told();
  dataplane.accept({ revision: 2, messages: [iptables] });
  dataplane.accept({ revision: 2, messages: [inSync] });
  dataplane.accept({ revision: 3, messages: [config()] });
  dataplane.accept({ revision: 3, messages: [inSync] });
  await dataplane.settled();
  t.deepEqual(told(), [
    'announce anew',
    'settled nftables',
    'announce anew',
    'close nftables',
    'open nftables',
    'nftables config-update',
    'nftables in-sync',
    'settled nftables',
  ]);
  await dataplane.close();
});

test('what the other backend left is looked for once the new one has applied everything, and not before', async (t) => {
  const { dataplane, told, current } = world();
  dataplane.accept({ revision: 1, messages: [config(), inSync] });
  await dataplane.settled();
  t.false(told().some((event) => event.startsWith('run')));
  current().onApplied(1);
  await dataplane.settled();
  const runs = told().filter((event) => event.startsWith('run'));
  t.true(runs.includes('run ipset') && runs.includes('run iptables-legacy-restore'));
  current().onApplied(2);
  await dataplane.settled();
  t.false(told().some((event) => event.startsWith('run')));
  await dataplane.close();
});
