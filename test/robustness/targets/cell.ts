/**
 * A place of its own for one server: a small disk that can be filled, and on request a network with nothing in it yet. Both belong to
 * namespaces that one process holds; when it ends, and it ends with us, they are gone. Needs root. I/O.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, statfsSync, writeSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

export interface Cell extends AsyncDisposable {
  /** Outside of the disk; the same path inside and outside. */
  readonly directory: string;
  /** The disk, as seen from inside. */
  readonly disk: string;
  /** The process that holds the namespaces. */
  readonly pid: number;
  /** The command line that runs a program inside, in `directory`, as the same process, which dies with us. */
  inside(program: string, ...args: string[]): [program: string, ...args: string[]];
  fillDisk(): Promise<void>;
  freeDisk(): Promise<void>;
}

export interface CellOptions {
  readonly diskMegabytes: number;
  readonly hasNetwork?: boolean;
}

export async function openCell({ diskMegabytes, hasNetwork = false }: CellOptions): Promise<Cell> {
  const directory = await mkdtemp(join(tmpdir(), 'robust-'));
  const [image, disk] = [join(directory, 'image'), join(directory, 'disk')];
  await mkdir(disk);
  await execa('truncate', ['-s', `${diskMegabytes}M`, image]);
  await execa('mkfs.ext4', ['-q', '-F', '-m', '0', image]);
  const script = `mount -o loop,noatime "$1" "$2" && ${hasNetwork ? 'ip link set lo up && ' : ''}echo ready && exec cat`;
  const namespaces = ['--mount', '--propagation', 'private', ...(hasNetwork ? ['--net'] : [])];
  const holder = spawn('unshare', [...namespaces, 'sh', '-c', script, 'sh', image, disk], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const gone = once(holder, 'exit');
  const [said] = await Promise.race([once(holder.stdout, 'data'), gone]);
  if (String(said).trim() !== 'ready') throw new Error(`no disk of its own could be mounted: ${String(said)}`);
  const pid = holder.pid!;
  const filler = `/proc/${pid}/root${disk}/filler`;
  return {
    directory,
    disk,
    pid,
    inside: (program, ...args) => [
      'nsenter',
      ...[`--mount=/proc/${pid}/ns/mnt`, `--net=/proc/${pid}/ns/net`, `--wdns=${directory}`, '--'],
      ...['setpriv', '--pdeathsig', 'KILL', '--', program, ...args],
    ],
    fillDisk: () => fill(`/proc/${pid}/root${disk}`, filler),
    freeDisk: () => rm(filler, { force: true }),
    async [Symbol.asyncDispose]() {
      holder.stdin.end();
      await gone;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Most of it at once, the rest block by block until nothing fits any more. */
async function fill(disk: string, filler: string): Promise<void> {
  const { bavail, bsize } = statfsSync(disk);
  const bytes = Math.max(0, bavail * bsize - 256 * 1024);
  if (bytes > 0) await execa('fallocate', ['-l', String(bytes), filler], { reject: false });
  const file = openSync(filler, 'a');
  try {
    for (let length = 64 * 1024; length >= 512; ) if (!append(file, length)) length /= 2;
  } finally {
    closeSync(file);
  }
}

function append(file: number, length: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(length)) === length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    return false;
  }
}
