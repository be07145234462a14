/**
 * The load program of the REST API, built from `test/bench/api-load/` at its first use (Go: one in TypeScript would take as much processor time as
 * the server), and its runs. I/O.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';

const root = join(import.meta.dirname, '../../..');
const program = join(root, '.cache/bench/api-load');
const secondsMax = 600;

/** In milliseconds. */
export interface Quantiles {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface WatchLoad {
  readonly seconds: number;
  readonly changes: number;
  readonly failed: number;
  /** Events that watchers had to see, and saw if nothing is wrong. */
  readonly deliveries: number;
  /** From before a write is sent to its event. */
  readonly latency: Quantiles;
  readonly write: Quantiles;
  readonly wrong: number;
  /** The first of them. */
  readonly faults: readonly string[];
}

export interface SlowLoad {
  readonly watchers: number;
  /** Ended with 410, and then listed and watched again. */
  readonly cut: number;
  readonly recovered: number;
  readonly faults: readonly string[] | null;
}

export interface RequestLoad {
  readonly requests: number;
  readonly seconds: number;
  readonly bytes: number;
  readonly failed: number;
  readonly times: Quantiles;
}

interface Results {
  readonly watch: WatchLoad;
  readonly slow: SlowLoad;
  readonly request: RequestLoad;
}

/** Builds the program when its source is newer; needs Go. */
export function buildApiLoad(): void {
  mkdirSync(join(root, '.cache/bench'), { recursive: true });
  const options = { cwd: join(root, 'test/bench/api-load'), stdio: 'inherit' } as const;
  execFileSync('go', ['build', '-o', program, '.'], options);
}

/** Runs one mode to its end. */
export async function runApiLoad<Mode extends keyof Results>(
  mode: Mode,
  target: string,
  options: Readonly<Record<string, string | number>>,
): Promise<Results[Mode]> {
  const flags = Object.entries({ target, ...options }).map(([name, value]) => `-${name}=${value}`);
  const { stdout } = await execa(program, [mode, ...flags], { timeout: secondsMax * 1000, stderr: 'inherit' });
  return JSON.parse(stdout);
}

/** What a program took; times are medians. */
export interface CommandCost {
  readonly wallMs: number;
  readonly leastMs: number;
  readonly cpuMs: number;
  readonly rssMib: number;
  readonly bytes: number;
}

/** Runs a program so many times, one after the other, each with the environment of this one. */
export async function runCommand(words: readonly string[], runs: number): Promise<CommandCost> {
  const { stdout } = await execa(program, ['command', `-clients=${runs}`, '--', ...words], {
    timeout: secondsMax * 1000,
    stderr: 'inherit',
  });
  return JSON.parse(stdout);
}
