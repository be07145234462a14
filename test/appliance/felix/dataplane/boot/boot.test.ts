/** The ruleset for the next boot: kept, read back, refused when damaged, over a kernel in memory. */
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createConfigSource } from '#appliance/felix/config/source.ts';
import { loadAtBoot } from '#appliance/felix/dataplane/boot/load.ts';
import { parseSaved, printHead } from '#appliance/felix/dataplane/boot/saved-ruleset.ts';
import { createRulesetSaver } from '#appliance/felix/dataplane/boot/saver.ts';
import { createFakeKernel } from '#appliance/kernel/fake/kernel.ts';
import type { Kernel } from '#appliance/kernel/kernel.ts';
import type { Programs } from '#appliance/kernel/programs.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { until } from '../../status/test-store.ts';

const { config } = createConfigSource('', []).resolve();
const facts = { form: 'nftables', version: '1.2.3', savedAt: '2024-05-06T07:08:09.000Z' } as const;

const noPrograms: Programs = {
  run: async (program) => ({ code: undefined, stdout: '', stderr: `${program} is not installed` }),
  close() {},
};

function folder(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'calico-boot-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  return join(directory, 'boot');
}

function addChain(kernel: Kernel, chain: string) {
  return kernel.nft.apply([
    { type: 'add-table', table: 'calico' },
    { type: 'add-chain', table: 'calico', chain },
  ]);
}

async function chainsOf(kernel: Kernel): Promise<string[] | undefined> {
  return (await kernel.nft.dumpTable('calico'))?.chains.map(({ name }) => name);
}

/** As a host that boots does; what it said. */
async function boot(directory: string, kernel = createFakeKernel()) {
  const lines: string[] = [];
  const outcome = await loadAtBoot({
    kernel,
    directory,
    table: 'calico',
    openPrograms: async () => noPrograms,
    failsafes: async () => config,
    say: (line) => lines.push(line),
  });
  return { outcome, lines, chains: await chainsOf(kernel) };
}

function open(directory: string, kernel: Kernel) {
  return createRulesetSaver({ kernel, directory, version: '1', now: () => new Date(0), log: silentLogger });
}

/** A host that enforced one chain, then two. */
async function savedTwice(t: ExecutionContext): Promise<string> {
  const directory = folder(t);
  const kernel = createFakeKernel();
  for (const chain of ['one', 'two']) {
    const saver = open(directory, kernel);
    await addChain(kernel, chain);
    saver.onPass({ operations: 2 });
    await saver.close();
  }
  return directory;
}

test('parseSaved() takes what was written, and nothing that was changed or cut off', (t) => {
  const table = Buffer.from('the bytes of a table');
  const file = Buffer.concat([Buffer.from(printHead(table, facts).head), table]);
  t.deepEqual(parseSaved(file), { ok: true, facts, table });
  for (let length = 0; length < file.length; length++) t.false(parseSaved(file.subarray(0, length)).ok);
  for (let at = file.length - table.length; at < file.length; at++) {
    const changed = Buffer.from(file);
    changed[at]! ^= 1;
    t.like(parseSaved(changed), { problem: 'has another content than was written' });
  }
});

test('parseSaved() refuses another format by name', (t) => {
  const text = printHead(Buffer.alloc(0), facts).head.replace(':1,', ':2,');
  t.deepEqual(parseSaved(Buffer.from(text)), { ok: false, problem: 'has format 2, this program reads 1' });
});

test('loadAtBoot() makes the newest table again', async (t) => {
  const { outcome, chains } = await boot(await savedTwice(t));
  t.is(outcome, 'loaded');
  t.deepEqual(chains, ['one', 'two']);
});

test('loadAtBoot() takes the one before when the newest is damaged, cut off or gone', async (t) => {
  const damages: ((path: string) => void)[] = [
    (path) => writeFileSync(path, ''),
    (path) => writeFileSync(path, readFileSync(path).subarray(0, -1)),
    (path) => renameSync(path, `${path}.new`),
  ];
  for (const damage of damages) {
    const directory = await savedTwice(t);
    damage(join(directory, 'ruleset'));
    const { outcome, chains } = await boot(directory);
    t.is(outcome, 'loaded');
    t.deepEqual(chains, ['one']);
  }
});

test('loadAtBoot() closes the host when there was a ruleset and none can be used', async (t) => {
  const directory = await savedTwice(t);
  for (const name of ['ruleset', 'ruleset.previous']) writeFileSync(join(directory, name), 'nothing');
  const { outcome, lines, chains } = await boot(directory);
  t.is(outcome, 'fallback');
  t.deepEqual(chains, ['boot-input', 'boot-forward']);
  t.is(lines.length, 3);
});

test('loadAtBoot() does nothing on a host that has enforced nothing, or enforces something', async (t) => {
  t.is((await boot(folder(t))).outcome, 'none');
  const kernel = createFakeKernel();
  await addChain(kernel, 'there');
  const { outcome, chains } = await boot(await savedTwice(t), kernel);
  t.is(outcome, 'present');
  t.deepEqual(chains, ['there']);
});

test('a saver writes for itself alone, once for what comes at once, and not again what is there', async (t) => {
  const directory = folder(t);
  const kernel = createFakeKernel();
  const saver = open(directory, kernel);
  await addChain(kernel, 'one');
  saver.onPass({ operations: 2 });
  await until(async () => saver.status.bytes !== undefined);
  t.is(statSync(join(directory, 'ruleset')).mode & 0o777, 0o600);
  t.is(statSync(directory).mode & 0o777, 0o700);
  saver.onPass({ operations: 1 });
  saver.onPass({ operations: 1 });
  await saver.close();
  t.deepEqual(readdirSync(directory), ['ruleset']);
});

test('a saver that cannot write says so and goes on; without a table there is nothing for the next boot', async (t) => {
  const directory = folder(t);
  const kernel = createFakeKernel();
  writeFileSync(directory, 'in the way');
  const saver = open(directory, kernel);
  await addChain(kernel, 'one');
  saver.onPass({ operations: 2 });
  await until(async () => saver.status.problem !== undefined);
  rmSync(directory);
  await saver.close();
  t.is((await boot(directory)).outcome, 'loaded');
  await kernel.nft.apply([{ type: 'delete-table', table: 'calico' }]);
  const next = open(directory, kernel);
  next.onPass({ operations: 1 });
  await next.close();
  t.is((await boot(directory)).outcome, 'none');
});
