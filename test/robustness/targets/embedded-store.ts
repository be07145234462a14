/** The store of another process, by IPC. What was asked of a process that died before it answered has an unknown end. I/O. */
import type { ChildProcess } from 'node:child_process';
import { storeErrors } from '#appliance/datastore/errors.ts';
import type {
  LeaseStatus,
  RangeResult,
  TxnResult,
  Watch,
  WatchBatch,
  WatchRequest,
} from '#appliance/datastore/store.ts';
import { AppError } from '#appliance/lib/errors.ts';
import type { TestedStore } from '../target.ts';

export interface Request {
  readonly id: number;
  readonly method: Exclude<keyof TestedStore, 'close'> | 'next' | 'progress' | 'end';
  readonly args: readonly unknown[];
}

export interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly code: string; readonly message: string; readonly details: Record<string, unknown> };
}

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

export class EmbeddedStore implements TestedStore {
  #child: ChildProcess | undefined;
  #waiting = new Map<number, Waiting>();
  #lastId = 0;
  isOpen = false;

  /** Talks to this process from now on. */
  attach(child: ChildProcess): void {
    const waiting = new Map<number, Waiting>();
    this.#child = child;
    this.#waiting = waiting;
    this.isOpen = false;
    child.on('message', (reply: Reply) => {
      if (reply.id === 0) this.isOpen = true;
      else settle(waiting, reply);
    });
    child.on('disconnect', () => {
      if (this.#child === child) this.#detach();
      for (const { reject } of waiting.values()) reject(unavailable(true));
      waiting.clear();
    });
  }

  range(...args: Parameters<TestedStore['range']>) {
    return this.#ask<RangeResult>('range', args);
  }
  txn(...args: Parameters<TestedStore['txn']>) {
    return this.#ask<TxnResult>('txn', args);
  }
  put(...args: Parameters<TestedStore['put']>) {
    return this.#ask<Awaited<ReturnType<TestedStore['put']>>>('put', args);
  }
  delete(...args: Parameters<TestedStore['delete']>) {
    return this.#ask<Awaited<ReturnType<TestedStore['delete']>>>('delete', args);
  }
  compact(...args: Parameters<TestedStore['compact']>) {
    return this.#ask<void>('compact', args);
  }
  leaseGrant(...args: Parameters<TestedStore['leaseGrant']>) {
    return this.#ask<LeaseStatus>('leaseGrant', args);
  }
  leaseRevoke(...args: Parameters<TestedStore['leaseRevoke']>) {
    return this.#ask<number>('leaseRevoke', args);
  }
  leaseKeepAlive(...args: Parameters<TestedStore['leaseKeepAlive']>) {
    return this.#ask<LeaseStatus>('leaseKeepAlive', args);
  }

  leases() {
    return this.#ask<readonly bigint[]>('leases', []);
  }

  async watch(request: WatchRequest, signal?: AbortSignal): Promise<Watch> {
    const child = this.#child;
    const id = await this.#ask<number>('watch', [request]);
    // A number means nothing to the next process.
    const ask = <T>(method: Request['method']) =>
      this.#child === child ? this.#ask<T>(method, [id]) : Promise.reject(unavailable(false));
    const close = () => void ask('end').catch(() => undefined);
    signal?.addEventListener('abort', close, { once: true });
    return {
      [Symbol.asyncIterator]: () => batches(ask, close),
      requestProgress: () => void ask('progress').catch(() => undefined),
      close,
    };
  }

  async close(): Promise<void> {}

  #ask<T>(method: Request['method'], args: readonly unknown[]): Promise<T> {
    const child = this.#child;
    if (child === undefined || !this.isOpen) return Promise.reject(unavailable(false));
    const id = ++this.#lastId;
    const answer = new Promise<T>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    child.send({ id, method, args } satisfies Request, () => undefined); // a failed send is followed by 'disconnect'
    return answer;
  }

  #detach(): void {
    this.#child = undefined;
    this.isOpen = false;
  }
}

async function* batches(
  ask: <T>(method: Request['method']) => Promise<T>,
  close: () => void,
): AsyncGenerator<WatchBatch> {
  try {
    for (;;) {
      const batch = await ask<WatchBatch | undefined>('next');
      if (batch === undefined) return;
      yield batch;
    }
  } finally {
    close();
  }
}

function settle(waiting: Map<number, Waiting>, { id, value, error }: Reply): void {
  const asked = waiting.get(id);
  waiting.delete(id);
  if (error === undefined) asked?.resolve(value as never);
  else asked?.reject(new AppError(error.code, error.message, { details: error.details }));
}

function unavailable(maybeApplied: boolean): AppError {
  return storeErrors.fail('STORE_UNAVAILABLE', 'the process is gone', { details: { maybeApplied } });
}
