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
  process.stdout.write(`${what.padEnd(52)}${figure.padEnd(24)}${aim === '' ? '' : `aim: ${aim}`}\n`);

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
  const each = (figure: (memory: Memory) => number) => `${mib(figure(agent))} + ${mib(figure(server))}`;
  say(`idle for ${restSeconds} s: agent + API server, RSS`, `${each(rssOf)} MiB`, '');
  say('  of which their own (anonymous)', `${each(({ own }) => own)} MiB`, '');
  const files = [...agent.files].map(([file, bytes]) => Math.max(bytes, server.files.get(file) ?? 0));
  for (const [file, bytes] of server.files) if (!agent.files.has(file)) files.push(bytes);
  const together = agent.own + server.own + files.reduce((sum, bytes) => sum + bytes, 0);
  say('  together, what both map counted once', `${Math.round(together / 1e6)} MB`, 'under 150 MB');
}

interface Memory {
  /** Bytes that belong to no file. */
  readonly own: number;
  /** Bytes in memory of each part of a file that is mapped. */
  readonly files: ReadonlyMap<string, number>;
}

function memoryOf(pid: number): Memory {
  const files = new Map<string, number>();
  let own = 0;
  let file: string | undefined;
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
    const [, offset, path] = /^[0-9a-f]+-[0-9a-f]+ \S+ ([0-9a-f]+) \S+ \d+ *(.*)$/.exec(line) ?? [];
    if (offset !== undefined) file = path?.startsWith('/') ? `${path} ${offset}` : undefined;
    const [, name, kib] = /^(Rss|Anonymous): +(\d+) kB/.exec(line) ?? [];
    const bytes = Number(kib ?? 0) * 1024;
    if (name === 'Anonymous') own += bytes;
    if (file !== undefined && name !== undefined)
      files.set(file, (files.get(file) ?? 0) + (name === 'Rss' ? bytes : -bytes));
  }
  return { own, files };
}

function rssOf({ own, files }: Memory): number {
  return own + [...files.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function mib(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
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
