/** The real API server as a process of its own on an empty store, and calicoctl against it; for tests. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { type CliRun, type CliSurroundings, runCli } from './run-cli.ts';

const root = new URL('../../', import.meta.url).pathname;

/** calicoctl while it runs. */
export interface Running {
  /** What it has written to stdout so far. */
  stdout(): string;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<{ readonly exitCode: number | null; readonly stderr: string }>;
}

export interface World extends AsyncDisposable {
  readonly directory: string;
  /** What a command needs to find the server. */
  readonly env: Readonly<Record<string, string>>;
  /** calicoctl in this process, as hundreds of starts would take a minute. */
  ctl(words: readonly string[], stdin?: string, more?: CliSurroundings): Promise<CliRun>;
  /** calicoctl as people start it. */
  process(words: readonly string[]): Promise<{ exitCode?: number | undefined; stdout: string; stderr: string }>;
  /** The same, while it runs. */
  start(words: readonly string[]): Running;
  /** Stops the server and starts it again on the same store. */
  restart(): Promise<void>;
}

/** An API server on an empty store, ready to answer. */
export async function startWorld(): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'calico-cli-e2e-'));
  const env = {
    CALICO_RUN_DIR: join(directory, 'run'),
    CALICO_DATA_DIR: join(directory, 'data'),
    CALICO_CONFIG_DIR: join(directory, 'config'),
  };
  let server = await startServer(env);
  const options = { env, reject: false, stripFinalNewline: false } as const;
  return {
    directory,
    env,
    ctl: (words, stdin = '', more = {}) => runCli(words, { stdin, ...more, env: { ...env, ...more.env } }),
    process: (words) => execa(`${root}bin/calicoctl`, words, options),
    start: (words) => startProcess(words, env),
    async restart() {
      await server.stop();
      server = await startServer(env);
    },
    async [Symbol.asyncDispose]() {
      await server.stop();
      rmSync(directory, { recursive: true });
    },
  };
}

function startProcess(words: readonly string[], env: Readonly<Record<string, string>>): Running {
  const child = spawn(`${root}bin/calicoctl`, words, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<{ exitCode: number | null; stderr: string }>((resolve) => {
    child.once('close', (exitCode) => resolve({ exitCode, stderr }));
  });
  return { stdout: () => stdout, kill: (signal) => child.kill(signal), ended };
}

async function startServer(env: Readonly<Record<string, string>>) {
  const server = spawn(`${root}bin/calico-apiserver`, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    server.once('exit', (code) => reject(new Error(`the API server ended with code ${code}`)));
    server.stdout.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('"serving"')) resolve();
    });
  });
  return {
    async stop() {
      server.kill('SIGTERM');
      await ended;
    },
  };
}

/** A manifest as JSON. */
export function manifestOf(kind: string, name: string, spec: object, metadata: object = {}): string {
  return JSON.stringify({ apiVersion: 'projectcalico.org/v3', kind, metadata: { name, ...metadata }, spec });
}
