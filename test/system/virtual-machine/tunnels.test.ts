/** What the kernel of this machine may not have: IPIP and WireGuard, under Debian's kernel in a virtual machine. A minute on two idle processors. */
import test from 'ava';
import { runInVirtualMachine } from './boot.ts';

/** Ten times what it takes where nothing else runs. */
const timeoutMs = 900_000;

test('IPIP and WireGuard in a virtual machine', async (t) => {
  t.timeout(timeoutMs + 10_000);
  const { tests, exitCode, console } = await runInVirtualMachine(
    'test/system/virtual-machine/tunnels.guest.ts',
    timeoutMs,
  );
  for (const { name, ok, details } of tests) t.true(ok, `${name}\n${details}`);
  t.is(tests.length, 3, console.slice(-4_000));
  t.is(exitCode, 0);
});
