/** One server process in its cell: killed, frozen, started again; started again by itself when it ends by itself, as systemd would. I/O. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from '../target.ts';
import type { Cell } from './cell.ts';

export interface ServerOptions {
  readonly cell: Cell;
  readonly command: readonly [program: string, ...args: string[]];
  readonly env?: Readonly<Record<string, string>>;
  /** An IPC channel to the process. */
  readonly hasChannel?: boolean;
  /** Told of each new process. */
  started?(child: ChildProcess): void;
  /** Whether it answers. */
  answers(): Promise<boolean>;
}

const restartMs = 100;
const askMs = 5;
const readyMsMax = 60_000;

export class ServerProcess implements Server {
  readonly #options: ServerOptions;
  #child: ChildProcess | undefined;
  #isWanted = false;
  /** How often it ended by itself. */
  ends = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#isWanted = true;
    const { cell, command, env, hasChannel, started } = this.#options;
    const [program, ...args] = cell.inside(...(command as [string, ...string[]]));
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'ignore', ...(hasChannel ? (['ipc'] as const) : [])],
      serialization: 'advanced',
      env: { ...process.env, ...env },
    });
    this.#child = child;
    child.once('exit', () => void this.#ended(child));
    started?.(child);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#isWanted = false;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  async ready(): Promise<void> {
    for (const endMs = performance.now() + readyMsMax; performance.now() < endMs; await sleep(askMs))
      if (await this.#options.answers()) return;
    throw new Error(`${this.#options.command.join(' ')} does not answer`);
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  fillDisk(): Promise<void> {
    return this.#options.cell.fillDisk();
  }

  freeDisk(): Promise<void> {
    return this.#options.cell.freeDisk();
  }

  async #ended(child: ChildProcess): Promise<void> {
    if (!this.#isWanted || this.#child !== child) return;
    this.ends++;
    await sleep(restartMs);
    if (this.#isWanted && this.#child === child) this.start();
  }
}
