import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';
import { openKernel } from '#appliance/kernel/open.ts';
import { until } from '../../appliance/felix/status/test-store.ts';
import { createNamespace } from './namespace.ts';

const run = promisify(execFile);

test.serial('a change is heard long before the safety interval', async (t) => {
  await using namespace = await createNamespace();
  const kernel = openKernel({ netnsPath: namespace.path });
  const heardMs: number[] = [];
  const listener = kernel.listen(({ type }) => type === 'route' && heardMs.push(performance.now()));
  const route = { family: 4, table: 254, protocol: 80, priority: 0, type: 'blackhole', scope: 'universe' } as const;
  const changedMs: number[] = [];
  for (let n = 0; n < 20; n++) {
    changedMs.push(performance.now());
    await kernel.changeRoutes([{ type: 'replace-route', route: { ...route, destination: `10.66.${n}.0/24` } }]);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await until(() => heardMs.length === 20);
  listener.close();
  kernel.close();
  // The look that catches what no signal announced comes after a second: it alone would be late for most of them.
  const delaysMs = heardMs.map((ms, n) => ms - changedMs[n]!).toSorted((a, b) => a - b);
  t.true(delaysMs[10]! < 500, `${delaysMs}`);
});

test.serial('what the kernel had to drop is announced as lost', async (t) => {
  await using namespace = await createNamespace();
  await namespace.exec('ip', 'link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  const kernel = openKernel({ netnsPath: namespace.path });
  const types = new Set<string>();
  const listener = kernel.listen(({ type }) => types.add(type));
  const lines = Array.from({ length: 60_000 }, (_, n) => `route add blackhole 10.${n >> 8}.${n & 255}.0/24 metric 7`);
  // Synchronously, so that we cannot read meanwhile.
  const { execFileSync } = await import('node:child_process');
  const enter = ['netns', 'exec', namespace.name, 'ip', '-batch', '-'];
  execFileSync('ip', enter, { input: lines.join('\n'), stdio: ['pipe', 'ignore', 'ignore'] });
  await until(() => types.has('lost'));
  listener.close();
  kernel.close();
  t.pass();
});

test.serial('a listener does not keep the process alive', async (t) => {
  await using namespace = await createNamespace();
  const open = new URL('../../../appliance/kernel/open.ts', import.meta.url).href;
  const program = `
    const { openKernel } = await import('${open}');
    const kernel = openKernel({ netnsPath: '${namespace.path}' });
    kernel.listen(() => {});
    process.stdout.write(String((await kernel.links()).length));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { timeout: 60_000 });
  t.is(stdout, '1');
});
