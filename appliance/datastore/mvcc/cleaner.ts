/**
 * Removes what compaction has made unreadable, in the background and in small batches. Unsynced and repeatable: after a crash it does
 * the rest again. It walks the log, so its work is the number of forgotten changes, not of keys. I/O.
 */
import { setImmediate } from 'node:timers/promises';
import type { Revision } from '../store.ts';
import { type BatchOperation, readFirst } from './database.ts';
import { historyKey, logBounds, markKey, parseLogKey } from './keys.ts';
import { decodeLog, encodeNumber } from './records.ts';
import type { State } from './state.ts';

const revisionsMax = 100;
const operationsMax = 200;

/** Cleans up to `state.compacted`; one run at a time. */
export class Cleaner {
  readonly #state: State;
  readonly #failed: (error: unknown) => void;
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(state: State, failed: (error: unknown) => void) {
    this.#state = state;
    this.#failed = failed;
  }

  /** Starts cleaning unless it runs already. A failure is reported; the next call goes on from there. */
  start(): void {
    this.#running ??= this.#run()
      .catch(this.#failed)
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Resolves when the present run is over. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isClosed && this.#state.cleaned < this.#state.compacted) await this.#clean(this.#state.compacted);
  }

  /** Removes one slice of log, with what its changes replaced; the log goes last, for it knows what is left to do. */
  async #clean(end: Revision): Promise<void> {
    const { database, cleaned } = this.#state;
    const records = await readFirst(database, logBounds(cleaned, end + 1), revisionsMax);
    const operations = records.flatMap(([place, record]) => replacedBy(parseLogKey(place), record));
    for (let i = 0; i < operations.length; i += operationsMax) {
      await database.batch(operations.slice(i, i + operationsMax), { sync: false });
      await setImmediate();
    }
    const last = records.at(-1);
    const reached = last === undefined ? end : parseLogKey(last[0]);
    const logs = records.map(([place]) => place).filter((place) => parseLogKey(place) < end);
    const key = markKey('cleaned');
    const mark: BatchOperation = { type: 'put', key, value: encodeNumber(key, reached) };
    await database.batch([...logs.map(remove), mark], { sync: false });
    this.#state.cleaned = reached;
    await setImmediate();
  }
}

/** The records that nobody can read any more once `revision` is the oldest or older. */
function replacedBy(revision: Revision, record: Buffer): BatchOperation[] {
  const gone: Buffer[] = [];
  for (const { type, key, previous } of decodeLog(revision, record)) {
    if (previous > 0) gone.push(historyKey(key, previous));
    if (type === 'delete') gone.push(historyKey(key, revision));
  }
  return gone.map(remove);
}

function remove(key: Buffer): BatchOperation {
  return { type: 'del', key };
}
