/** Starts `bin/calico-apiserver` with directories of its own, and talks to it through its unix socket. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const program = join(import.meta.dirname, '../../bin/calico-apiserver');

export interface Place {
  readonly dir: string;
  readonly socket: string;
  readonly env: Record<string, string>;
}

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  readonly body: any;
}

/** Directories for one server; removed with `remove()`. */
export function makePlace(extra: Record<string, string> = {}): Place & { remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'calico-apiserver-'));
  for (const name of ['etc', 'data', 'run']) mkdirSync(join(dir, name));
  writeFileSync(join(dir, 'etc/calico.env'), `CALICO_DATA_DIR=${dir}/data\nCALICO_RUN_DIR=${dir}/run\n`);
  const env = { CALICO_CONFIG_DIR: join(dir, 'etc'), ...extra };
  return { dir, socket: join(dir, 'run/api.sock'), env, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** A started process; `exited` gives its code and what it wrote to stderr. */
export function startServer(place: Place) {
  const child = spawn(program, { env: { PATH: process.env.PATH, ...place.env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  let output = '';
  child.stderr.on('data', (text: Buffer) => {
    errors += text.toString();
  });
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString();
  });
  const exited = once(child, 'close').then(([code]) => ({ code: code as number | null, errors, output }));
  /** Where it listens on plain http, once it says so; rejects with its errors when it ends before. */
  const address = () =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const found = /"(http:\/\/127\.0\.0\.1:\d+)"/.exec(output)?.[1];
        if (found !== undefined) resolve(found);
      };
      look();
      child.stdout.on('data', look);
      void exited.then(() => reject(new Error(errors)));
    });
  return { child, exited, address, ready: () => ready(child, place) };
}

const readyMsMax = 60_000;

async function ready(child: ChildProcess, place: Place): Promise<void> {
  let last = 'it does not listen';
  for (const endMs = Date.now() + readyMsMax; Date.now() < endMs; await sleep(10)) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const answer = await call(place, 'GET', '/readyz').catch(() => undefined);
    if (answer?.status === 200) return;
    if (answer !== undefined) last = String(answer.body);
  }
  throw new Error(`the server is not ready: ${last}`);
}

/** One request through the socket. */
export async function call(place: Place, method: string, path: string, body?: unknown): Promise<Answer> {
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  const request = http.request({ socketPath: place.socket, method, path, headers });
  request.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode ?? 0, body: text.startsWith('{') ? JSON.parse(text) : text };
}
