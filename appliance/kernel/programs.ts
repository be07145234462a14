/**
 * Starts the few programs that are the only way to what the kernel has no netlink for (rules of xtables). No shell is asked; every child has a
 * limit in time and ends with us. I/O.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';

export interface ProgramResult {
  /** Undefined when it could not be started or did not end by itself. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** How long it took to start it; absent when nothing was started. */
  readonly startMs?: number;
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
const outputMax = 512 * 1024 * 1024;

/** Programs speak the language everything here is written in. */
export function openPrograms({ netnsPath }: ProgramsOptions = {}): Programs {
  const closing = new AbortController();
  return {
    async run(program, args, { input, timeoutMs = timeoutDefaultMs } = {}) {
      const file = findProgram(program);
      if (closing.signal.aborted) return { code: undefined, stdout: '', stderr: `${program}: we are ending` };
      if (file === undefined) return { code: undefined, stdout: '', stderr: `${program} is not installed` };
      const [first, words] =
        netnsPath === undefined ? [file, args] : ['nsenter', [`--net=${netnsPath}`, file, ...args]];
      return execute(first, words, { input, timeoutMs, signal: closing.signal });
    },
    close: () => closing.abort(),
  };
}

interface Execution {
  readonly input: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** The runtime's own way: a library for it would cost every agent 3 MB. Whatever is cut short was one transaction, done or not done. */
function execute(
  file: string,
  words: readonly string[],
  { input, timeoutMs, signal }: Execution,
): Promise<ProgramResult> {
  const env = { PATH: folders.join(':'), LC_ALL: 'C' };
  const options = { env, signal, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: outputMax } as const;
  return new Promise((resolve) => {
    const beganMs = performance.now();
    const child = execFile(file, words, options, (error, stdout, stderr) => {
      process.off('exit', end);
      const code = error === null ? 0 : error.code;
      const isEnd = typeof code === 'number';
      const isLate = error?.killed === true && (error.code ?? null) === null;
      const reason = isLate ? `timed out after ${timeoutMs} ms` : error?.message;
      resolve({ code: isEnd ? code : undefined, stdout, stderr: isEnd ? stderr : `${file}: ${reason}`, startMs });
    });
    // it returns when the child runs its own program
    const startMs = performance.now() - beganMs;
    const end = () => child.kill('SIGKILL');
    process.on('exit', end);
    // who does not read what it is given says so with its code
    child.stdin?.on('error', () => undefined).end(input ?? '');
  });
}

function findProgram(name: string): string | undefined {
  return folders.map((folder) => `${folder}/${name}`).find((file) => existsSync(file));
}
