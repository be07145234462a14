/** Runs one command line in this process and keeps what it wrote; for tests. */
import { commands } from '#cli/commands.ts';
import { runProgram } from '#cli/program.ts';

export interface CliRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliSurroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** What somebody at a terminal would say; without it there is no terminal. */
  readonly answers?: (question: string) => string;
  /** Asks the command to end, as a signal would. */
  readonly stopping?: AbortSignal;
  /** Called with everything written to stdout so far. */
  readonly onOutput?: (stdout: string) => void;
}

/** `words` without the program's name. Nothing of the real environment is seen. */
export async function runCli(words: readonly string[], surroundings: CliSurroundings = {}): Promise<CliRun> {
  const { answers } = surroundings;
  let stdout = '';
  let stderr = '';
  const context = {
    env: { CALICO_CONFIG_DIR: '/nonexistent', ...surroundings.env },
    out(text: string) {
      stdout += text;
      surroundings.onOutput?.(stdout);
    },
    err(text: string) {
      stderr += text;
    },
    ...(answers === undefined ? {} : { ask: async (question: string) => answers(question) }),
    readStdin: async () => surroundings.stdin ?? '',
    sleep: () => new Promise<void>((resolve) => setImmediate(resolve)),
    stopping: () => surroundings.stopping ?? new AbortController().signal,
  };
  const exitCode = await runProgram(words, context, commands);
  return { exitCode, stdout, stderr };
}
