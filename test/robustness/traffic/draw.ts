/** Draws what a client asks for next: single and conditional writes, deletions, reads of now and of earlier, leases. Pure. */
import type { Random } from '#test/kernel/verdicts/random.ts';
import type { Question, RecordedCompare, RecordedOp, TxnQuestion } from '../history.ts';

/** All keys of the traffic. */
export const allKeys = { key: '/robust/', end: '/robust0' };

const keys = Array.from({ length: 8 }, (_, i) => `/robust/k${i}`);
const ranges = [allKeys, { key: '/robust/k2', end: '/robust/k5' }, { key: '/robust/k6', end: '' }];
const shortTtlSeconds = 2;
const longTtlSeconds = 600;
/** Enough to make LevelDB write tables within a run. */
const largeBytes = 30_000;

/** What a client knows when it draws. */
export interface Knowledge {
  /** What it last saw of each key, for conditions that may hold. */
  readonly seen: ReadonlyMap<string, { readonly mod: number; readonly value: string }>;
  readonly leases: readonly string[];
  /** A value nobody has written. */
  value(): string;
  readonly oldest: number;
  readonly newest: number;
}

type Draw = (random: Random, knowledge: Knowledge) => Question;

const draws: readonly (readonly [weight: number, draw: Draw])[] = [
  [28, (r, k) => transaction('put', [put(r, k, r.pick(keys))])],
  [6, (r) => transaction('delete', [{ type: 'delete', key: r.pick(keys), end: '', prevKv: r.chance(0.5) }])],
  [2, (r) => transaction('delete', [{ type: 'delete', ...r.pick(ranges.slice(1)), prevKv: r.chance(0.5) }])],
  [14, (r) => transaction('range', [{ type: 'range', key: r.pick(keys), end: '' }])],
  [8, (r) => transaction('range', [{ type: 'range', ...r.pick(ranges) }])],
  [18, conditional],
  [8, several],
  [9, readAt],
  [3, (r) => ({ kind: 'grant', ttlSeconds: r.chance(0.7) ? shortTtlSeconds : longTtlSeconds })],
  [2, (r, k) => onLease('keepalive', r, k)],
  [2, (r, k) => onLease('revoke', r, k)],
];

/** Each draw as often as its weight. */
const lots = draws.flatMap(([weight, draw]) => Array.from({ length: weight }, () => draw));

export function draw(random: Random, knowledge: Knowledge): Question {
  return random.pick(lots)(random, knowledge);
}

function transaction(
  via: TxnQuestion['via'],
  success: readonly RecordedOp[],
  compare: readonly RecordedCompare[] = [],
  failure: readonly RecordedOp[] = [],
): TxnQuestion {
  return { kind: 'txn', via, compare, success, failure };
}

function put(random: Random, { leases, value }: Knowledge, key: string): RecordedOp {
  const lease = leases.length > 0 && random.chance(0.2) ? random.pick(leases) : '0';
  const padding = random.chance(0.02) ? `:${largeBytes}` : '';
  return { type: 'put', key, value: `${value()}${padding}`, lease, prevKv: random.chance(0.5) };
}

/** Compare and swap: writes when the key is still as this client saw it, else reads it. */
function conditional(random: Random, knowledge: Knowledge): Question {
  const key = random.pick(keys);
  const write: RecordedOp = random.chance(0.8)
    ? put(random, knowledge, key)
    : { type: 'delete', key, end: '', prevKv: true };
  return transaction('txn', [write], [condition(random, knowledge, key)], [{ type: 'range', key, end: '' }]);
}

function condition(random: Random, { seen }: Knowledge, key: string): RecordedCompare {
  const last = seen.get(key);
  if (last === undefined || random.chance(0.15))
    return { key, target: 'version', result: random.pick(['equal', 'greater']), number: 0, text: '' };
  if (random.chance(0.2)) return { key, target: 'value', result: 'equal', number: 0, text: last.value };
  const target = random.pick(['mod', 'create'] as const);
  return { key, target, result: random.pick(['equal', 'equal', 'less', 'notEqual']), number: last.mod, text: '' };
}

/** Several keys at one revision, with a read that must see what was written before it. */
function several(random: Random, knowledge: Knowledge): Question {
  const first = random.below(keys.length);
  const [a, b, c] = [0, 1, 2].map((i) => keys[(first + i) % keys.length]!);
  const success: RecordedOp[] = [
    put(random, knowledge, a!),
    { type: 'delete', key: b!, end: '', prevKv: true },
    put(random, knowledge, c!),
    { type: 'range', ...allKeys },
  ];
  return transaction('txn', success);
}

function readAt(random: Random, { oldest, newest }: Knowledge): Question {
  const revision = Math.max(1, newest - random.below(Math.max(1, newest - oldest + 10)));
  return { kind: 'read-at', ...random.pick(ranges), revision };
}

function onLease(kind: 'keepalive' | 'revoke', random: Random, { leases }: Knowledge): Question {
  if (leases.length === 0) return { kind: 'grant', ttlSeconds: shortTtlSeconds };
  return { kind, lease: random.pick(leases) };
}
