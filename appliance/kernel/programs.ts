/**
 * Starts the few programs that are the only way to what the kernel has no netlink for (rules of xtables). No shell is asked; every child has a
 * limit in time and ends with us. I/O.
 */
import { existsSync } from 'node:fs';

export interface ProgramResult {
  /** Undefined when it could not be started or did not end by itself. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly timeoutMs?: number;
}

export interface Programs {
  /** Never throws: what went wrong is in the result. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<ProgramResult>;
  /** Ends what still runs; nothing can be started any more. */
  close(): void;
}

export interface ProgramsOptions {
  /** A network namespace by its path, in place of our own; for tests. */
  readonly netnsPath?: string;
}

/** The system's own, whatever the environment says. */
const folders = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin'];
const timeoutDefaultMs = 60_000;
const graceMs = 2_000;
const outputMax = 512 * 1024 * 1024;

/** Programs speak the language everything here is written in. */
export function openPrograms({ netnsPath }: ProgramsOptions = {}): Programs {
  const closing = new AbortController();
  return {
    async run(program, args, { input, timeoutMs = timeoutDefaultMs } = {}) {
      const file = findProgram(program);
      if (closing.signal.aborted) return { code: undefined, stdout: '', stderr: `${program}: we are ending` };
      if (file === undefined) return { code: undefined, stdout: '', stderr: `${program} is not installed` };
      // Most hosts have no need of it.
      const { execa } = await import('execa');
      const [first, words] =
        netnsPath === undefined ? [file, args] : ['nsenter', [`--net=${netnsPath}`, file, ...args]];
      const result = await execa(first, words, {
        ...(input === undefined ? { stdin: 'ignore' } : { input }),
        env: { PATH: folders.join(':'), LC_ALL: 'C' },
        extendEnv: false,
        reject: false,
        timeout: timeoutMs,
        forceKillAfterDelay: graceMs,
        cancelSignal: closing.signal,
        maxBuffer: outputMax,
        stripFinalNewline: false,
      });
      const stderr = result.exitCode === undefined ? result.shortMessage : result.stderr;
      return { code: result.exitCode, stdout: result.stdout, stderr: stderr ?? '' };
    },
    close: () => closing.abort(),
  };
}

function findProgram(name: string): string | undefined {
  return folders.map((folder) => `${folder}/${name}`).find((file) => existsSync(file));
}
