/** A server on loopback, and a kubectl that knows nothing else: its own configuration, caches and home. Counts the commands it ran. I/O. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { makePlace, startServer } from '../../appliance/apiserver-process.ts';
import type { Kubectl } from './programs.ts';

export interface Run {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that goes on: what it has printed, and its end. */
export interface Following {
  readonly output: () => string;
  /** Resolves when the output matches; false after `timeoutMs`. */
  until(pattern: RegExp, timeoutMs?: number): Promise<boolean>;
  stop(): Promise<void>;
}

export interface World extends AsyncDisposable {
  readonly kubectl: Kubectl;
  readonly dir: string;
  readonly url: string;
  readonly commands: () => number;
  run(words: readonly string[], input?: string, env?: Record<string, string>): Promise<Run>;
  follow(words: readonly string[]): Following;
  /** Writes a file to be named in a command. */
  file(name: string, content: string): string;
}

/** Starts a server of its own for this kubectl. */
export async function startWorld(kubectl: Kubectl): Promise<World> {
  const place = makePlace({ CALICO_API_LISTEN: 'http://127.0.0.1:0' });
  const server = startServer(place);
  const url = await server.address();
  const home = join(place.dir, 'home');
  mkdirSync(home);
  const config = join(place.dir, 'kubeconfig');
  writeFileSync(config, kubeconfig(url));
  const base = { KUBECONFIG: config, HOME: home, PATH: process.env.PATH ?? '' };
  const cached = ['--cache-dir', join(home, 'cache')];
  let commands = 0;
  return {
    kubectl,
    dir: place.dir,
    url,
    commands: () => commands,
    async run(words, input = '', env = {}) {
      commands++;
      const options = { input, reject: false, stripFinalNewline: false, timeout: 60_000, extendEnv: false } as const;
      const done = await execa(kubectl.path, [...words, ...cached], { ...options, env: { ...base, ...env } });
      return { exitCode: done.exitCode, stdout: done.stdout, stderr: done.stderr };
    },
    follow(words) {
      commands++;
      return following(spawn(kubectl.path, [...words, ...cached], { env: base, stdio: ['ignore', 'pipe', 'pipe'] }));
    },
    file(name, content) {
      const path = join(place.dir, name);
      writeFileSync(path, content);
      return path;
    },
    async [Symbol.asyncDispose]() {
      server.child.kill('SIGTERM');
      await server.exited;
      place.remove();
    },
  };
}

function following(child: ChildProcess): Following {
  let text = '';
  const collect = (chunk: Buffer) => {
    text += chunk;
  };
  child.stdout!.on('data', collect);
  child.stderr!.on('data', collect);
  const ended = once(child, 'close');
  return {
    output: () => text,
    async until(pattern, timeoutMs = 20_000) {
      const end = Date.now() + timeoutMs;
      while (!pattern.test(text) && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
      return pattern.test(text);
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function kubeconfig(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'c',
    users: [{ name: 'u', user: {} }],
  });
}
