/** Programs are started without a shell, have a limit in time, and end with us. */
import test from 'ava';
import { openPrograms } from '#appliance/kernel/programs.ts';

test('words reach the program as they are, and input comes on its standard input', async (t) => {
  const programs = openPrograms();
  t.is((await programs.run('printf', ['%s', '$(id) "; `x`'])).stdout, '$(id) "; `x`');
  t.is((await programs.run('cat', [], { input: 'a\n' })).stdout, 'a\n');
  programs.close();
});

test('what goes wrong is in the result', async (t) => {
  const programs = openPrograms();
  t.deepEqual(await programs.run('no-such-program', []), {
    code: undefined,
    stdout: '',
    stderr: 'no-such-program is not installed',
  });
  t.is((await programs.run('false', [])).code, 1);
  programs.close();
});

test('a program that hangs is ended after its time, or when we end', async (t) => {
  const programs = openPrograms();
  const start = performance.now();
  const late = await programs.run('sleep', ['60'], { timeoutMs: 100 });
  t.is(late.code, undefined);
  t.regex(late.stderr, /timed out/i);
  const running = programs.run('sleep', ['60']);
  setTimeout(() => programs.close(), 50);
  t.is((await running).code, undefined);
  t.is((await programs.run('true', [])).code, undefined, 'nothing is started any more');
  t.true(performance.now() - start < 30_000);
});
