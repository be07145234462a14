/** A whole Debian host for a test: booted by systemd in a container of its own, with a network namespace that reaches nothing. I/O. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa, type ResultPromise } from 'execa';

const bootMsMax = 60_000;
const path = 'PATH=/usr/sbin:/usr/bin:/sbin:/bin';

export interface BootedHost {
  /** Its files, as this machine sees them. */
  readonly directory: string;
  /** Runs a command on it, as root; its stdout. Throws when it fails. */
  run(command: string, ...words: string[]): Promise<string>;
  /** A line of shell. */
  sh(line: string): Promise<string>;
  /** In good order, and up again. */
  reboot(): Promise<void>;
  /** Everything on it ends at once, and it comes up again. */
  cutPower(): Promise<void>;
  close(): Promise<void>;
}

/** Boots a copy of `image`. */
export async function bootHost(image: string, name: string): Promise<BootedHost> {
  const folder = mkdtempSync(join(tmpdir(), 'calico-host-'));
  const directory = join(folder, 'root');
  await execa('cp', ['-a', '--reflink=auto', image, directory]);
  writeFileSync(join(directory, 'etc/hostname'), `${name}\n`);
  let machine = await boot(directory);
  const run = async (command: string, ...words: string[]) => {
    const result = await execa('nsenter', ['-t', String(machine.leader), '-a', 'env', path, command, ...words]);
    return result.stdout;
  };
  const wait = async () => {
    await machine.container;
    machine = await boot(directory);
  };
  return {
    directory,
    run,
    sh: (line) => run('sh', '-c', line),
    async reboot() {
      await run('systemctl', 'poweroff', '--no-block');
      await wait();
    },
    async cutPower() {
      process.kill(machine.leader, 'SIGKILL');
      await wait();
    },
    async close() {
      machine.container.kill('SIGKILL');
      await machine.container;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What it says on stderr is told when it does not boot; at every end it complains of what nobody can do anything about. */
const containerOptions = { stdin: 'ignore', stdout: 'ignore', reject: false } as const;

interface Machine {
  readonly container: ResultPromise<typeof containerOptions>;
  /** The host's first process. */
  readonly leader: number;
}

async function boot(directory: string): Promise<Machine> {
  const name = `calico-${process.pid}-${Date.now()}`;
  const flags = [
    '--quiet',
    '--directory',
    directory,
    '--machine',
    name,
    '--private-network',
    '--keep-unit',
    '--register=no',
    '--boot',
  ];
  const container = execa('systemd-nspawn', flags, containerOptions);
  const deadline = Date.now() + bootMsMax;
  while (Date.now() < deadline && container.exitCode === null) {
    const leader = childOf(container.pid!);
    if (leader !== undefined && (await isRunning(leader))) return { container, leader };
    await sleep(200);
  }
  container.kill('SIGKILL');
  throw new Error(`the host did not boot within ${bootMsMax / 1000} s: ${(await container).stderr}`);
}

function childOf(pid: number): number | undefined {
  const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return first === '' ? undefined : Number(first);
}

async function isRunning(leader: number): Promise<boolean> {
  const words = ['-t', String(leader), '-a', 'env', path, 'systemctl', 'is-system-running'];
  const { stdout } = await execa('nsenter', words, { reject: false });
  return stdout === 'running' || stdout === 'degraded';
}
