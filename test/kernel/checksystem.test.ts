/** `calicoctl node checksystem` on the real kernel: everything the agent needs works here, and nothing of it stays. */
import { execFileSync } from 'node:child_process';
import test from 'ava';
import { runCli } from '../cli/run-cli.ts';

/** What a probe makes, wherever this process could see it. */
const leftovers = () =>
  ['nft list tables', 'ip -o link']
    .flatMap((command) => execFileSync('sh', ['-c', command], { encoding: 'utf8' }).split('\n'))
    .filter((line) => line.includes('probe'));

test.serial('every probe that must work does, in a namespace that is gone afterwards', async (t) => {
  const { stdout, exitCode } = await runCli(['node', 'checksystem', '-o', 'json']);
  const { meetsRequirements, results } = JSON.parse(stdout) as {
    meetsRequirements: boolean;
    results: { name: string; verdict: string; problem?: string }[];
  };
  t.log(results.filter(({ verdict }) => verdict !== 'OK'));
  t.true(results.length > 25);
  t.deepEqual(
    results.filter(({ verdict }) => verdict === 'FAIL'),
    [],
  );
  t.deepEqual([meetsRequirements, exitCode], [true, 0]);
  t.deepEqual(leftovers(), []);
});

test.serial('what a machine cannot do is said with what is lost, and the code tells', async (t) => {
  const env = { CALICO_DATA_DIR: '/sys/none' };
  const { stdout, exitCode } = await runCli(['node', 'checksystem'], { env });
  t.is(exitCode, 1);
  t.regex(stdout, /^nf_tables +OK$/m);
  t.regex(stdout, /^disk +FAIL {2}\/sys has 0 MiB left; without it: the store$/m);
  t.regex(stdout, /does not meet/);
});
