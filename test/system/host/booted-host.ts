/**
 * A whole Debian host for a test: booted by systemd in a container of its own, whose network namespace reaches nothing, or one segment. I/O.
 * Every wait has an end, no child keeps this process's standard input, and closing ends everything on the host at once.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import type { Segment } from './segment.ts';

const bootMsMax = 90_000;
const stopMsMax = 40_000;
const commandMsMax = 120_000;
const path = 'PATH=/usr/sbin:/usr/bin:/sbin:/bin';

export interface BootedHost {
  readonly name: string;
  /** Its files, as this machine sees them. */
  readonly directory: string;
  /** Runs a command on it, as root; its stdout. Throws when it fails. */
  run(command: string, ...words: string[]): Promise<string>;
  /** A line of shell. */
  sh(line: string): Promise<string>;
  /** Shuts it down in good order. */
  powerOff(): Promise<void>;
  /** Everything on it ends at once. */
  cutPower(): Promise<void>;
  /** After either, until it runs. */
  boot(): Promise<void>;
  close(): Promise<void>;
}

/** Where a host is on a segment: its address with the length of the prefix. */
export interface Place {
  readonly segment: Segment;
  readonly address: string;
}

/** Boots a copy of `image`. */
export async function bootHost(image: string, name: string, place?: Place): Promise<BootedHost> {
  const folder = mkdtempSync(join(tmpdir(), 'calico-host-'));
  const directory = join(folder, 'root');
  await execa('cp', ['-a', '--reflink=auto', image, directory], { stdin: 'ignore', timeout: commandMsMax });
  writeFileSync(join(directory, 'etc/hostname'), `${name}\n`);
  if (place !== undefined) await setUpNetwork(directory, place);
  let machine = await boot(directory, place).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  const run = async (command: string, ...words: string[]) => {
    const enter = ['-t', String(machine.leader), '-a', 'env', path, command, ...words];
    return (await execa('nsenter', enter, { stdin: 'ignore', timeout: commandMsMax })).stdout;
  };
  const isOff = async () => {
    const timer = setTimeout(() => machine.container.kill('SIGKILL'), stopMsMax);
    await machine.container;
    clearTimeout(timer);
  };
  return {
    name,
    directory,
    run,
    sh: (line) => run('sh', '-c', line),
    async powerOff() {
      await run('systemctl', 'poweroff', '--no-block');
      await isOff();
    },
    async cutPower() {
      kill(machine.leader);
      await isOff();
    },
    async boot() {
      machine = await boot(directory, place);
    },
    async close() {
      kill(machine.leader);
      await isOff();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The first processes of hosts that may be running. */
const leaders = new Set<number>();
// a container whose supervisor is killed goes on by itself
process.on('exit', () => {
  for (const leader of leaders) kill(leader);
});

function kill(leader: number): void {
  leaders.delete(leader);
  try {
    process.kill(leader, 'SIGKILL');
  } catch {
    // gone by itself
  }
}

/** Its complaints go to a file: nothing that outlives the container can hold up the test by a pipe. */
function startContainer(words: readonly string[], complaints: string) {
  return execa('env', words, { stdin: 'ignore', stdout: 'ignore', stderr: { file: complaints }, reject: false });
}

interface Machine {
  readonly container: ReturnType<typeof startContainer>;
  /** The host's first process. */
  readonly leader: number;
}

/** The link comes up as it does on a real host: brought up by the service for it. */
async function setUpNetwork(directory: string, { address }: Place): Promise<void> {
  const networks = join(directory, 'etc/systemd/network');
  mkdirSync(networks, { recursive: true });
  writeFileSync(join(networks, '10-host0.network'), `[Match]\nName=host0\n[Network]\nAddress=${address}\n`);
  const options = { stdin: 'ignore', timeout: commandMsMax } as const;
  await execa('systemctl', ['--root', directory, 'enable', 'systemd-networkd'], options);
}

let machines = 0;

/** The container ends with this process, however that ends. */
async function boot(directory: string, place?: Place): Promise<Machine> {
  const words = [
    ...(place === undefined ? [] : ['nsenter', `--net=${place.segment.path}`]),
    'setpriv',
    '--pdeathsig=KILL',
    'systemd-nspawn',
    '--quiet',
    '--directory',
    directory,
    // the kernel's names of links are short, and made of this one
    `--machine=c${process.pid}-${machines++}`,
    place === undefined ? '--private-network' : `--network-bridge=${place.segment.bridge}`,
    '--keep-unit',
    '--register=no',
    '--boot',
  ];
  const complaints = `${directory}.log`;
  const container = startContainer(words, complaints);
  const deadline = Date.now() + bootMsMax;
  let leader: number | undefined;
  while (Date.now() < deadline && container.exitCode === null) {
    leader = childOf(container.pid!) ?? leader;
    if (leader !== undefined) leaders.add(leader);
    if (leader !== undefined && (await isRunning(leader))) return { container, leader };
    await sleep(200);
  }
  if (leader !== undefined) kill(leader);
  container.kill('SIGKILL');
  await container;
  throw new Error(`the host did not boot within ${bootMsMax / 1000} s: ${readFileSync(complaints, 'utf8')}`);
}

function childOf(pid: number): number | undefined {
  const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return first === '' ? undefined : Number(first);
}

async function isRunning(leader: number): Promise<boolean> {
  const words = ['-t', String(leader), '-a', 'env', path, 'systemctl', 'is-system-running'];
  const { stdout } = await execa('nsenter', words, { stdin: 'ignore', reject: false, timeout: 10_000 });
  return stdout === 'running' || stdout === 'degraded';
}
