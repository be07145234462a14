import test from 'ava';
import { ProgramCounts } from '#appliance/felix/agent/program-counts.ts';
import type { ProgramResult } from '#appliance/kernel/programs.ts';

const ok: ProgramResult = { code: 0, stdout: '', stderr: '', startMs: 2 };

function open(result: ProgramResult) {
  const counts = new ProgramCounts();
  return { counts, programs: counts.over({ run: async () => result, close() {} }) };
}

test('calls are counted by program, and what they wrote by family and table', async (t) => {
  const { counts, programs } = open(ok);
  const input =
    '*raw\n:cali-a - [0:0]\nCOMMIT\n*filter\n-A cali-b -j DROP\n-A cali-b -m comment --comment "*" -j DROP\nCOMMIT\n';
  await programs.run('ip6tables-nft-restore', ['--noflush'], { input });
  await programs.run('ip6tables-nft-restore', ['--noflush'], { input });
  await programs.run('iptables-save', []);
  await programs.run('ipset', ['restore'], { input: 'create a hash:net\nadd a 10.0.0.0/8\n' });
  t.deepEqual(Object.fromEntries(counts.lines), { '6 raw': 2, '6 filter': 4 });
  t.deepEqual([counts.restores.calls, counts.saves.calls, counts.ipset.calls, counts.ipsetLines], [2, 1, 1, 2]);
  t.deepEqual([counts.restores.errors, counts.saves.errors, counts.ipset.errors], [0, 0, 0]);
  const { samples } = counts.startMicros.family('x', '', performance.now());
  t.deepEqual(
    samples.slice(-2).map(({ value }) => value),
    [8000, 4],
  );
});

test('what fails is an error and has written nothing; what only asks for a version is no call', async (t) => {
  const { counts, programs } = open({ ...ok, code: 1 });
  await programs.run('iptables-restore', ['--noflush'], { input: '*raw\n:cali-a - [0:0]\nCOMMIT\n' });
  await programs.run('iptables-restore', ['--version']);
  t.deepEqual([counts.restores, counts.lines.size], [{ calls: 1, errors: 1 }, 0]);
});

test('a program that is not there was not started', async (t) => {
  const { counts, programs } = open({ code: undefined, stdout: '', stderr: 'ipset is not installed' });
  await programs.run('ipset', ['save']);
  t.deepEqual(
    [counts.ipset, counts.startMicros.family('x', '', 0).samples.at(-1)?.value],
    [{ calls: 0, errors: 0 }, 0],
  );
});
