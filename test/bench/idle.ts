/**
 * What an installed host costs that does nothing: size of the package, memory of both daemons, time from their start to the kernel having what the store
 * holds. Each beside what it should be. Figures only; nothing is asserted. I/O. Usage: idle.ts [SECONDS OF REST]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { startDaemons } from './daemons.ts';

const restSeconds = Number(process.argv[2] ?? 20);
const root = join(import.meta.dirname, '../..');
const say = (what: string, figure: string, aim: string) =>
  process.stdout.write(`${what.padEnd(44)}${figure.padEnd(34)}aim: ${aim}\n`);

const folder = mkdtempSync(join(tmpdir(), 'calico-idle-'));
try {
  // the first start compiles everything and keeps that; the second is what a host has
  for (const round of ['first start, nothing compiled yet', 'start', 'start']) await measure(round);
  say('installed', await installedSize(), 'under 150 MB');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(what: string): Promise<void> {
  process.env.NODE_COMPILE_CACHE = join(folder, 'compile');
  await using daemons = await startDaemons(folder);
  say(`${what}: agent to in-sync`, `${daemons.coldStartMs.toFixed(0)} ms`, 'under 2 s');
  if (what !== 'start') return;
  await sleep(restSeconds * 1000);
  const { node, apiserver } = daemons.pids();
  const [agent, server] = [memoryOf(node), memoryOf(apiserver)];
  say(
    `idle for ${restSeconds} s: agent + API server, RSS`,
    `${agent.rss} + ${server.rss} = ${agent.rss + server.rss} MiB`,
    'under 150 MB',
  );
  say('  of which private and their share (PSS)', `${agent.pss} + ${server.pss} = ${agent.pss + server.pss} MiB`, '');
  say('  of which not of files (anonymous)', `${agent.own} + ${server.own} = ${agent.own + server.own} MiB`, '');
}

function memoryOf(pid: number) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const mib = (name: string) =>
    Math.round(Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0) / 1024);
  return { rss: mib('Rss'), pss: mib('Pss'), own: mib('Anonymous') };
}

/** Of the last package that was built, as it says itself. */
async function installedSize(): Promise<string> {
  const dist = join(root, 'dist');
  const { stdout: names } = await execa('sh', ['-c', `ls -t ${dist}/*.deb 2>/dev/null || true`]);
  const [deb] = names.split('\n');
  if (deb === undefined || deb === '') return 'no package in dist: npm run package';
  const { stdout } = await execa('dpkg-deb', ['--field', deb, 'Installed-Size']);
  return `${Math.round((Number(stdout) * 1024) / 1e6)} MB`;
}
