/** Refused requests in the log: the first of a kind at once, then how many, so that nobody can fill the disk with them. I/O: logs, reads the clock. */
import type { Logger } from '../../lib/log.ts';
import type { Identity } from './identity.ts';

export interface RefusalLog {
  /** `what` is the method that was refused. */
  note(identity: Identity, what: string): void;
}

const quietMs = 10_000;
/** Kinds remembered at a time; beyond them all are forgotten and may be logged again. */
const kindsMax = 1_000;

/** Logs one line for an identity and method in ten seconds. */
export function createRefusalLog(log: Logger, nowMs: () => number = Date.now): RefusalLog {
  const kinds = new Map<string, { loggedMs: number; suppressed: number }>();
  return {
    note(identity, what) {
      const kind = `${identity.type} ${identity.name} ${what}`;
      const known = kinds.get(kind);
      if (known !== undefined && nowMs() - known.loggedMs < quietMs) {
        known.suppressed++;
        return;
      }
      if (kinds.size >= kindsMax) kinds.clear();
      kinds.set(kind, { loggedMs: nowMs(), suppressed: 0 });
      log.warn({ identity: identity.name, method: what, suppressed: known?.suppressed ?? 0 }, 'permission denied');
    },
  };
}
