/** How far the kernel is: the applied revision, what it refused, and who waits for a revision. Pure but for the callbacks it calls. */
import type { Revision } from '../../datastore/store.ts';
import { type PolicyId, printPolicyId } from '../model/policy.ts';

export interface Progress {
  readonly appliedRevision: Revision;
  /** Policy id text -> the kernel's own words. */
  readonly refusals: ReadonlyMap<string, string>;
  onApplied(revision: Revision): void;
  onPolicyStatus(id: PolicyId, problem: string | undefined): void;
  /** Resolves once everything up to `revision` is in the kernel. Rejects when the signal aborts. */
  waitUntil(revision: Revision, signal?: AbortSignal): Promise<void>;
}

interface Waiter {
  readonly revision: Revision;
  readonly resolve: () => void;
}

export function createProgress(): Progress {
  let appliedRevision = 0;
  const refusals = new Map<string, string>();
  const waiting = new Set<Waiter>();
  return {
    get appliedRevision() {
      return appliedRevision;
    },
    refusals,
    onApplied(revision) {
      appliedRevision = Math.max(appliedRevision, revision);
      for (const waiter of waiting) if (waiter.revision <= appliedRevision) waiter.resolve();
    },
    onPolicyStatus(id, problem) {
      if (problem === undefined) refusals.delete(printPolicyId(id));
      else refusals.set(printPolicyId(id), problem);
    },
    async waitUntil(revision, signal) {
      if (revision <= appliedRevision) return;
      signal?.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const waiter = { revision, resolve };
      const onAbort = () => reject(signal?.reason);
      waiting.add(waiter);
      signal?.addEventListener('abort', onAbort);
      try {
        await promise;
      } finally {
        waiting.delete(waiter);
        signal?.removeEventListener('abort', onAbort);
      }
    },
  };
}
