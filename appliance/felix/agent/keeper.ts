/** Keeps something in the store as it should be: looks at it when woken, one look at a time, and again after a while when it could not be done. I/O. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../lib/log.ts';

export interface KeeperOptions {
  /** Why it could not all be done; undefined when it is. What it throws counts as such a reason. */
  readonly settle: () => Promise<string | undefined>;
  readonly what: string;
  readonly retryMs?: number | undefined;
  readonly log: Logger;
}

export interface Keeper {
  /** Looks anew, soon. */
  wake(): void;
  /** Resolves when the last look is over. */
  close(): Promise<void>;
}

const retryMsByDefault = 5_000;

/** Does nothing before it is woken. */
export function createKeeper({ settle, what, retryMs = retryMsByDefault, log }: KeeperOptions): Keeper {
  const stopped = new AbortController();
  let isDue = false;
  let running: Promise<void> | undefined;
  return {
    wake,
    async close() {
      stopped.abort();
      await running;
    },
  };

  function wake(): void {
    isDue = true;
    if (stopped.signal.aborted) return;
    running ??= run().finally(() => {
      running = undefined;
      if (isDue) wake();
    });
  }

  async function run(): Promise<void> {
    let lastProblem = '';
    while (isDue && !stopped.signal.aborted) {
      isDue = false;
      const problem = await settle().catch((error: unknown) => (error as Error).message);
      if (problem === undefined) continue;
      if (problem !== lastProblem) log.warn({ what, problem }, 'not settled yet, trying again');
      lastProblem = problem;
      isDue = true;
      await sleep(retryMs, undefined, { signal: stopped.signal, ref: false }).catch(() => undefined);
    }
  }
}
