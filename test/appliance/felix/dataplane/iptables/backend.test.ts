/** The backend among programs that hang or are not there: it says so, tries again, and ends when it is told to. */
import test from 'ava';
import { createIptablesDataplane } from '#appliance/felix/dataplane/iptables/backend.ts';
import { createFakeKernel } from '#appliance/kernel/fake/kernel.ts';
import type { ProgramResult, Programs } from '#appliance/kernel/programs.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { config, inSync } from '../sample.ts';

function open(answer: (program: string, args: readonly string[]) => ProgramResult | 'hangs') {
  const runs: string[] = [];
  const reports: string[] = [];
  const closing = Promise.withResolvers<ProgramResult>();
  const programs: Programs = {
    run(program, args) {
      runs.push([program, ...args].join(' '));
      const result = answer(program, args);
      return result === 'hangs' ? closing.promise : Promise.resolve(result);
    },
    close: () => closing.resolve({ code: undefined, stdout: '', stderr: 'ended' }),
  };
  const dataplane = createIptablesDataplane({
    kernel: createFakeKernel(),
    programs,
    hostname: 'here',
    log: silentLogger,
    reports: {
      onWorkloadEndpointStatus() {},
      onHostEndpointStatus() {},
      onPolicyStatus() {},
      onApplied: (revision) => reports.push(`applied ${revision}`),
    },
  });
  return { dataplane, runs, reports };
}

const done = (stdout = ''): ProgramResult => ({ code: 0, stdout, stderr: '' });
const missing: ProgramResult = { code: undefined, stdout: '', stderr: 'is not installed' };
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('on a host without iptables nothing is said to be applied, and it is tried again', async (t) => {
  const { dataplane, runs, reports } = open(() => missing);
  dataplane.accept({ revision: 1, messages: [config(), inSync] });
  await wait(700);
  await dataplane.close();
  t.deepEqual(reports, []);
  t.true(runs.filter((run) => run === 'iptables-nft-restore --version').length > 1);
});

test('a program that hangs ends with the dataplane', async (t) => {
  const { dataplane, runs, reports } = open((program, args) => {
    if (args.includes('--version')) return done('iptables v1.8.9 (nf_tables)');
    return program.endsWith('restore') ? 'hangs' : done();
  });
  dataplane.accept({ revision: 1, messages: [config({ iptablesBackend: 'NFT' }), inSync] });
  while (!runs.some((run) => run.includes('--noflush'))) await wait(10);
  const start = performance.now();
  const alive = setInterval(() => undefined, 1_000); // as a child would keep us
  await dataplane.close();
  clearInterval(alive);
  t.true(performance.now() - start < 10_000);
  t.deepEqual(reports, []);
});

test('a host without IPv6 that is not to have it gets the rules of IPv4', async (t) => {
  const { dataplane, runs, reports } = open((program, args) => {
    if (args.includes('--version')) return done('iptables v1.8.9 (nf_tables)');
    return program.startsWith('ip6tables') ? { code: 3, stdout: '', stderr: 'no such protocol' } : done();
  });
  dataplane.accept({ revision: 1, messages: [config({ iptablesBackend: 'NFT', isIpv6Supported: false }), inSync] });
  await dataplane.settled();
  await dataplane.close();
  t.deepEqual(reports, ['applied 1']);
  t.true(runs.some((run) => run.startsWith('iptables-nft-restore --noflush')));
  t.false(runs.some((run) => run.startsWith('ip6tables-nft-restore --noflush')));
});
