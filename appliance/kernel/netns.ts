/**
 * Network namespaces: enters one for the length of a synchronous function and comes back. Sockets opened inside stay there;
 * nothing else of the process notices, because nothing else runs on this thread meanwhile. I/O.
 * Source: setns(2), network_namespaces(7).
 */
import { closeSync, openSync } from 'node:fs';
import { assert } from '../lib/assert.ts';
import { kernelErrors } from './errors.ts';
import { checked, libc } from './libc.ts';

const CLONE_NEWNET = 0x4000_0000;

/** A network namespace held open; without a path the one this thread is in, which needs no entering. */
export class NetworkNamespace {
  readonly #fd: number | undefined;
  readonly #own: number | undefined;
  #isClosed = false;

  constructor(path?: string) {
    if (path === undefined) return;
    this.#fd = openNamespace(path);
    this.#own = openNamespace('/proc/thread-self/ns/net');
  }

  /** Runs `work` inside. It must not be asynchronous: what runs after its first `await` would be outside. */
  run<Value>(work: () => Value extends Promise<unknown> ? never : Value): Value {
    if (this.#isClosed) throw kernelErrors.fail('KERNEL_UNAVAILABLE', 'the network namespace is closed');
    if (this.#fd === undefined || this.#own === undefined) return work();
    checked(libc.setns(this.#fd, CLONE_NEWNET), 'enter the network namespace');
    try {
      return work();
    } finally {
      assert(libc.setns(this.#own, CLONE_NEWNET) === 0, 'the way back to our own network namespace is open');
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#fd !== undefined) closeSync(this.#fd);
    if (this.#own !== undefined) closeSync(this.#own);
  }
}

function openNamespace(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw kernelErrors.fail('KERNEL_UNAVAILABLE', `network namespace ${path}`, { cause: error });
  }
}
