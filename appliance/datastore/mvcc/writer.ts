/**
 * Group commit: all transactions that wait are evaluated in order on one draft, written as one synced batch, and only then seen by
 * anyone: readers, watchers, and those who wait for the answer. Refusals wait too, for they may rest on the group's own changes. I/O.
 */
import type { AppError } from '../../lib/errors.ts';
import { storeErrors } from '../errors.ts';
import { advance } from './advance.ts';
import { Draft } from './draft.ts';
import type { State } from './state.ts';
import { translate } from './translate.ts';

/** What the store does around a commit. */
export interface WriterHooks {
  /** The group is durable and readers see it. Synchronous: nothing comes between a commit and its watchers. */
  committed(draft: Draft): void;
  /** The batch failed and nobody knows what is on disk. Resolves when state and disk agree again; rejects to refuse for good. */
  recover(cause: unknown): Promise<void>;
}

interface Job {
  readonly work: (draft: Draft) => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

const groupJobsMax = 1024;
const groupBytesMax = 4 * 1024 * 1024;

/** The only writer of a store. */
export class Writer {
  readonly #state: State;
  readonly #hooks: WriterHooks;
  #waiting: Job[] = [];
  #running: Promise<void> | undefined;
  #refusal: AppError | undefined;
  #isClosed = false;

  constructor(state: State, hooks: WriterHooks) {
    this.#state = state;
    this.#hooks = hooks;
  }

  /** Runs `work` on the draft of the next group; resolves with its answer once the group is durable. */
  submit<T>(work: (draft: Draft) => T): Promise<T> {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, resolve: resolve as (value: never) => void, reject });
      this.#running ??= Promise.resolve().then(() => this.#run());
    });
  }

  /** Takes no more work and waits for what was taken. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#refusal = storeErrors.fail('STORE_CLOSED');
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) await this.#commitGroup();
    this.#running = undefined;
  }

  async #commitGroup(): Promise<void> {
    const draft = new Draft(this.#state);
    const { jobs, answers } = this.#evaluate(draft);
    try {
      await this.#write(draft);
    } catch (error) {
      await this.#fail(jobs, error);
      return;
    }
    for (const answer of answers) answer();
  }

  #evaluate(draft: Draft): { jobs: Job[]; answers: (() => void)[] } {
    const answers: (() => void)[] = [];
    let taken = 0;
    while (taken < this.#waiting.length && taken < groupJobsMax && draft.bytes < groupBytesMax) {
      answers.push(evaluate(this.#waiting[taken++]!, draft));
    }
    return { jobs: this.#waiting.splice(0, taken), answers };
  }

  async #write(draft: Draft): Promise<void> {
    const operations = draft.batch();
    if (operations.length === 0) return;
    await this.#state.database.batch(operations, { sync: true });
    advance(this.#state, draft);
    this.#hooks.committed(draft);
  }

  /** Everyone who waits is told; nothing is taken until memory and disk agree again. */
  async #fail(jobs: readonly Job[], error: unknown): Promise<void> {
    const failed = translate(error, 'a write failed');
    this.#refuse(storeErrors.fail('STORE_UNAVAILABLE', 'a write failed', { cause: error }));
    for (const job of [...jobs, ...this.#waiting.splice(0)]) job.reject(failed);
    if (this.#isClosed) return;
    try {
      await this.#hooks.recover(error);
      this.#refuse(undefined);
    } catch (cause) {
      this.#refuse(storeErrors.fail('STORE_UNAVAILABLE', 'the store has given up', { cause }));
    }
  }

  #refuse(refusal: AppError | undefined): void {
    if (!this.#isClosed) this.#refusal = refusal;
  }
}

function evaluate(job: Job, draft: Draft): () => void {
  try {
    const value = job.work(draft) as never;
    return () => job.resolve(value);
  } catch (error) {
    return () => job.reject(translate(error));
  }
}
