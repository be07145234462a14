/**
 * Starts the few programs that are the only way to what the kernel has no netlink for (rules of xtables). No shell is asked; every child has a
 * limit in time and ends with us. I/O.
 */
import { execa } from 'execa';

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

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const timeoutDefaultMs = 60_000;
const graceMs = 2_000;
const outputMax = 512 * 1024 * 1024;

/** The system's programs, in the language everything here is written in. */
export function openPrograms({ netnsPath }: ProgramsOptions = {}): Programs {
  const closing = new AbortController();
  return {
    async run(program, args, { input, timeoutMs = timeoutDefaultMs } = {}) {
      const [file, words] =
        netnsPath === undefined ? [program, args] : ['nsenter', [`--net=${netnsPath}`, program, ...args]];
      const result = await execa(file, words, {
        ...(input === undefined ? { stdin: 'ignore' } : { input }),
        env: { PATH: path, LC_ALL: 'C' },
        extendEnv: false,
        reject: false,
        timeout: timeoutMs,
        forceKillAfterDelay: graceMs,
        cancelSignal: closing.signal,
        maxBuffer: outputMax,
        stripFinalNewline: false,
      });
      const stderr = result.stderr === '' && result.exitCode === undefined ? result.shortMessage : result.stderr;
      return { code: result.exitCode, stdout: result.stdout, stderr: stderr ?? '' };
    },
    close: () => closing.abort(),
  };
}
