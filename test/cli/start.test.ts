/** What a command loads: start-up time is counted in modules, each costs about a millisecond. */
import test from 'ava';
import { execa } from 'execa';
import { startFakeApiServer } from './fake-api-server.ts';

const root = new URL('../../', import.meta.url).pathname;

/** Our own modules and packages that a command line loads, by path. */
async function loadedBy(words: readonly string[], env: Record<string, string>): Promise<string[]> {
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({ load(url, context, next) { if (url.startsWith('file:')) process._rawDebug('loaded ' + url); return next(url, context); } });`;
  const { stderr } = await execa(
    'sh',
    [
      `${root}bin/run-ts`,
      '--import',
      `data:text/javascript,${encodeURIComponent(hook)}`,
      `${root}cli/main.ts`,
      ...words,
    ],
    { env, reject: false },
  );
  const lines = stderr.split('\n').filter((line) => line.startsWith('loaded '));
  return lines.map((line) => line.slice(`loaded file://${root}`.length));
}

const limits: readonly (readonly [string, number])[] = [
  ['version --client', 18],
  ['get tiers -o json', 37],
  ['get gnp a -o yaml', 36],
  ['get tiers', 46],
];
for (const [line, limit] of limits) {
  test(`\`calicoctl ${line}\` loads at most ${limit} modules, and no schema it does not need`, async (t) => {
    await using server = await startFakeApiServer();
    const loaded = await loadedBy(line.split(' '), { CALICO_API_SOCKET: server.address });
    t.log(`${loaded.length} modules`);
    t.true(loaded.length > 5 && loaded.length <= limit, `${loaded.length} modules:\n${loaded.join('\n')}`);
    for (const heavy of ['resources/registry.ts', 'node_modules/yaml/', 'lib/log.ts', 'node_modules/pino']) {
      t.false(
        loaded.some((path) => path.includes(heavy)),
        heavy,
      );
    }
  });
}
