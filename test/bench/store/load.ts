/**
 * The load generator: built once from `test/bench/load/` (Go, because one in TypeScript takes more processor time than either server), run
 * as a process that prints lines of JSON. I/O.
 */
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

const root = join(import.meta.dirname, '../../..');
const program = join(root, '.cache/bench/load');

/** What a run reports; a mode fills in what it has. */
export interface LoadResult {
  readonly operations: number;
  readonly deliveries: number;
  readonly seconds: number;
  /** Of the generator itself. */
  readonly cpuSeconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  readonly revision: number;
}

export type LoadOptions = Readonly<Record<string, string | number>>;

/** Builds the generator when its source is newer; needs Go. */
export function buildLoad(): void {
  mkdirSync(join(root, '.cache/bench'), { recursive: true });
  execFileSync('go', ['build', '-o', program, '.'], { cwd: join(root, 'test/bench/load'), stdio: 'inherit' });
}

/** Runs one mode to its end. */
export async function load(mode: string, target: string, options: LoadOptions): Promise<LoadResult> {
  await using held = await startLoad(mode, target, options);
  return held.result();
}

/** A run that has said a first line, `ready` where it holds something. */
export interface HeldLoad extends AsyncDisposable {
  /** The next line it says. */
  result(): Promise<LoadResult>;
  /** Lets it go on. */
  release(): void;
}

/** Starts one mode. */
export async function startLoad(mode: string, target: string, options: LoadOptions): Promise<HeldLoad> {
  const flags = Object.entries({ target, ...options }).flatMap(([name, value]) => `-${name}=${value}`);
  const child = spawn(program, [mode, ...flags], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child, 'spawn');
  return holding(child, `${mode} ${flags.join(' ')}`);
}

function holding(child: ChildProcessByStdio<Writable, Readable, null>, what: string): HeldLoad {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const gone = once(child, 'exit');
  return {
    async result() {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`load ${what} failed`);
      return JSON.parse(value) as LoadResult;
    },
    release: () => child.stdin.end(),
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      if (child.exitCode === null) await gone;
    },
  };
}
