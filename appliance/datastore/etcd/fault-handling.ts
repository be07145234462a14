/**
 * The client library's two hooks for faults, set so that it never repeats a request by itself: it would repeat writes whose
 * answer was lost. What is left to it is to prefer, among several servers, those that have not just failed. Reads a clock.
 */
import type { IOptions } from 'etcd3';

type Policies = NonNullable<IOptions['faultHandling']>;
type Policy = NonNullable<Policies['global']>;
type Run = Policy['execute'];

/** How long a server that failed is asked only after the others. */
const AVOID_MS = 2_000;

/** Policies for `hostCount` servers; a single one is always asked. */
export function faultHandling(hostCount: number, nowMs: () => number): Policies {
  return {
    global: policy(async (fn, signal) => fn({ signal: signal ?? never })),
    host: () => (hostCount === 1 ? policy(async (fn, signal) => fn({ signal: signal ?? never })) : avoider(nowMs)),
  };
}

function avoider(nowMs: () => number): Policy {
  let failedAtMs = Number.NEGATIVE_INFINITY;
  return policy(async (fn, signal) => {
    if (nowMs() - failedAtMs < AVOID_MS)
      throw new Error('14 UNAVAILABLE: circuit open, the server failed a moment ago');
    try {
      return await fn({ signal: signal ?? never });
    } catch (error) {
      if (isTransportFailure(error)) failedAtMs = nowMs();
      throw error;
    }
  });
}

/** Refusals by a living server start with other codes. */
function isTransportFailure(error: unknown): boolean {
  return error instanceof Error && /^(4|14) /.test(error.message);
}

const never = new AbortController().signal;
const noEvent = () => ({ dispose() {} });

function policy(execute: Run): Policy {
  return { execute, onSuccess: noEvent, onFailure: noEvent, _altReturn: undefined as never };
}
