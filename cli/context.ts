/**
 * What a command may touch of the world: streams, environment, clock. Injected, so that tests run commands in process. I/O.
 */
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';

export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Writes to stdout at once; resolves nothing and adds no newline. */
  out(text: string): void;
  /** Writes to stderr at once; adds no newline. */
  err(text: string): void;
  /** All of stdin, as text. */
  readStdin(): Promise<string>;
  /** Asks a question on the terminal, where there is one. */
  ask?(question: string): Promise<string>;
  /** Waits; used between retries and polls. */
  sleep(milliseconds: number): Promise<void>;
  /** Aborted when the person (or the system) asks the command to end. From the first call on, the signal alone no longer ends the process. */
  stopping?(): AbortSignal;
}

/** The context of the running process. A closed pipe (`| head`) ends the process quietly. */
export function createProcessContext(): CliContext {
  return {
    env: process.env,
    out: (text) => writeAll(1, text),
    err: (text) => writeAll(2, text),
    async readStdin() {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString('utf8');
    },
    ...(isatty(0) && isatty(1) ? { ask } : {}),
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    stopping() {
      const ending = new AbortController();
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => ending.abort());
      return ending.signal;
    },
  };
}

/** A question that is not answered (end of input) ends the command. */
async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  terminal.once('close', () => process.stdin.pause());
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}

/** Writes straight to the descriptor: setting up process.stdout costs several milliseconds of a short life. */
function writeAll(descriptor: 1 | 2, text: string): void {
  let rest: Uint8Array = Buffer.from(text, 'utf8');
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EPIPE') process.exit(0);
      if (code !== 'EAGAIN') throw error;
      // A pipe that somebody else made non-blocking is full: give its reader a moment.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
