/**
 * What one run leaves behind: every operation with its call, its return and its answer, and every watch with what it was told.
 * Plain data, as it goes to the rules and to the checker. Times are microseconds of one monotonic clock, no two alike. Pure.
 */

export interface RecordedEntry {
  readonly key: string;
  readonly value: string;
  readonly create: number;
  readonly mod: number;
  readonly version: number;
  readonly lease: string;
}

/** `end` is empty for a single key. */
export type RecordedOp =
  | {
      readonly type: 'put';
      readonly key: string;
      readonly value: string;
      readonly lease: string;
      readonly prevKv: boolean;
    }
  | { readonly type: 'delete'; readonly key: string; readonly end: string; readonly prevKv: boolean }
  | { readonly type: 'range'; readonly key: string; readonly end: string };

export interface RecordedCompare {
  readonly key: string;
  readonly target: 'version' | 'create' | 'mod' | 'value';
  readonly result: 'equal' | 'notEqual' | 'greater' | 'less';
  readonly number: number;
  readonly text: string;
}

export type RecordedResult =
  | { readonly type: 'put'; readonly prev: RecordedEntry | null }
  | { readonly type: 'delete'; readonly deleted: number; readonly prev: readonly RecordedEntry[] }
  | { readonly type: 'range'; readonly entries: readonly RecordedEntry[] };

/** `refused`: certainly not done. `unknown`: nobody can tell, now or later. */
export type Outcome = 'ok' | 'unknown' | 'refused';

/** What was asked for. Every put, delete and read of the newest state is a transaction; `via` says which call it was. */
export interface TxnQuestion {
  readonly kind: 'txn';
  readonly via: 'put' | 'delete' | 'range' | 'txn';
  readonly compare: readonly RecordedCompare[];
  readonly success: readonly RecordedOp[];
  readonly failure: readonly RecordedOp[];
}

export type Question =
  | TxnQuestion
  | { readonly kind: 'read-at'; readonly key: string; readonly end: string; readonly revision: number }
  | { readonly kind: 'grant'; readonly ttlSeconds: number }
  | { readonly kind: 'keepalive'; readonly lease: string }
  | { readonly kind: 'revoke'; readonly lease: string }
  | { readonly kind: 'compact'; readonly revision: number };

export interface TxnAnswer {
  readonly revision: number;
  readonly succeeded: boolean;
  readonly results: readonly RecordedResult[];
}

interface AnswerOf {
  readonly txn: TxnAnswer;
  readonly 'read-at': { readonly revision: number; readonly entries: readonly RecordedEntry[] };
  readonly grant: { readonly lease: string; readonly ttlSeconds: number };
  readonly keepalive: { readonly ttlSeconds: number };
  readonly revoke: { readonly revision: number };
  readonly compact: Readonly<Record<string, never>>;
}

export type Answer = AnswerOf[keyof AnswerOf];

/** A question with its times, its end, and the answer when all went well. */
export type Operation<K extends Question['kind'] = Question['kind']> = {
  [Kind in K]: Extract<Question, { kind: Kind }> & Ending<AnswerOf[Kind]>;
}[K];

interface Ending<A> {
  readonly client: number;
  readonly call: number;
  readonly return: number;
  /** The highest revision anybody had been told at the call. */
  readonly knownAtCall: number;
  readonly outcome: Outcome;
  /** The error's code unless it went well. */
  readonly code: string;
  readonly answer: A | null;
}

export interface RecordedEvent {
  readonly type: 'put' | 'delete';
  readonly entry: RecordedEntry;
  readonly prev: RecordedEntry | null;
}

export interface RecordedBatch {
  readonly at: number;
  readonly revision: number;
  readonly events: readonly RecordedEvent[];
}

/** One watch from its opening to its end. */
export interface WatchRecord {
  readonly watcher: string;
  readonly key: string;
  readonly end: string;
  readonly prevKv: boolean;
  /** 0: from now on. */
  readonly start: number;
  readonly call: number;
  /** The highest revision anybody had been told at the call. */
  readonly knownAtCall: number;
  /** When the watch existed; infinite when it never did. */
  opened: number;
  readonly batches: RecordedBatch[];
  ended: number;
  /** `closed` by the watcher itself, or the error's code. */
  ending: string;
}

/** The keys at one revision. */
export interface Snapshot {
  readonly revision: number;
  readonly entries: readonly RecordedEntry[];
}

export interface RunRecord {
  /** Before the first operation, and after the last. */
  readonly initial: Snapshot;
  readonly final: Snapshot;
  readonly operations: readonly Operation[];
  readonly watches: readonly WatchRecord[];
}

/** Whether a key lies in a range as recorded; an end of one zero character is the end of all keys. */
export function isInRange(key: string, range: { readonly key: string; readonly end: string }): boolean {
  if (range.end === '') return key === range.key;
  return key >= range.key && (range.end === '\0' || key < range.end);
}
