/**
 * One client: draws a question, asks it, remembers what it learned, again and again. Few keys, so that clients meet; unique values, so
 * that each write can be told from all others. I/O.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '#test/kernel/verdicts/random.ts';
import type { Operation } from '../history.ts';
import type { Recorder } from '../recorder.ts';
import type { TestedStore } from '../target.ts';
import { ask } from './ask.ts';
import { draw } from './draw.ts';

export interface ClientOptions {
  readonly id: number;
  readonly store: TestedStore;
  readonly recorder: Recorder;
  readonly random: Random;
  /** About the oldest revision that can still be read. */
  oldest(): number;
  readonly pauseMsMax: number;
}

/** Works until told to stop; resolves when its last operation has returned. */
export async function runClient(options: ClientOptions, signal: AbortSignal): Promise<void> {
  const { id, store, recorder, random, oldest, pauseMsMax } = options;
  const memory = new Memory();
  let count = 0;
  const value = () => `c${id}-${++count}`;
  while (!signal.aborted) {
    const { seen, leases } = memory;
    const question = draw(random, { seen, leases, value, oldest: oldest(), newest: recorder.known });
    memory.learn(await ask(store, recorder, id, question));
    await sleep(random.below(pauseMsMax));
  }
}

/** What a client knows of keys and of its own leases. */
class Memory {
  readonly seen = new Map<string, { mod: number; value: string }>();
  leases: string[] = [];

  learn(operation: Operation): void {
    if (operation.code === 'STORE_LEASE_NOT_FOUND' || operation.kind === 'revoke') this.#forgetLeases(operation);
    if (operation.kind === 'grant' && operation.answer !== null) this.leases.push(operation.answer.lease);
    if (operation.kind === 'txn') this.#learnKeys(operation);
  }

  #learnKeys({ answer, success, failure }: Operation<'txn'>): void {
    for (const [i, result] of answer?.results.entries() ?? []) {
      const op = (answer?.succeeded ? success : failure)[i]!;
      if (op.type === 'put') this.seen.set(op.key, { mod: answer!.revision, value: op.value });
      if (result.type === 'range') for (const { key, mod, value } of result.entries) this.seen.set(key, { mod, value });
    }
  }

  #forgetLeases(operation: Operation): void {
    const gone = new Set(leasesOf(operation));
    this.leases = this.leases.filter((lease) => !gone.has(lease));
  }
}

function leasesOf(operation: Operation): string[] {
  if (operation.kind === 'revoke' || operation.kind === 'keepalive') return [operation.lease];
  if (operation.kind !== 'txn') return [];
  return operation.success.flatMap((op) => (op.type === 'put' ? [op.lease] : []));
}
