/**
 * What became of one resource: its versions that the store still has, told by a watch of its key that begins where the history does. I/O.
 * Works on every store of the contract; etcd keeps history until somebody compacts it.
 */
import { hasCode } from '../../lib/errors.ts';
import type { Problem } from '../../lib/problem.ts';
import type { Resource } from '../../resources/resource.ts';
import { decodeStored } from '../../resources/stored.ts';
import type { Entry, Revision, Store, WatchEvent } from '../store.ts';
import { resourceErrors } from './errors.ts';
import { detailsOf, keyOf, printRef, type Ref } from './ref.ts';

/** One version. Neither `resource` nor `problems` for a deletion. */
export interface Version {
  readonly revision: Revision;
  readonly change: 'created' | 'updated' | 'deleted';
  readonly resource?: Resource;
  /** Why what was stored cannot be read. */
  readonly problems?: readonly Problem[];
}

export interface History {
  /** The store's revision up to which it was read. */
  readonly revision: Revision;
  /** The oldest revision that the store can still read. */
  readonly oldestRevision: Revision;
  /** Oldest first. The first may be older than `oldestRevision`: what was in force there. */
  readonly versions: readonly Version[];
  /** True when older versions were left out because of the limits. */
  readonly isCut: boolean;
}

export interface HistoryLimits {
  /** At most this many versions, the newest. */
  readonly versions: number;
  /** At most this many bytes of stored values together, but always one version. */
  readonly bytes: number;
}

/** A version as it is stored, decoded when all are known. */
interface Step {
  readonly change: Version['change'];
  readonly entry: Entry;
}

const attemptsMax = 3;

/** The versions of `ref`. RESOURCE_NOT_FOUND when the store knows none. */
export async function readHistory(store: Store, ref: Ref, limits: HistoryLimits): Promise<History> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readOnce(store, ref, limits);
    } catch (error) {
      // history was compacted between asking for its beginning and reading there
      if (!hasCode(error, 'STORE_COMPACTED') || attempt === attemptsMax) throw error;
    }
  }
}

async function readOnce(store: Store, ref: Ref, limits: HistoryLimits): Promise<History> {
  const { current, compacted } = await store.revisions();
  const newest = new Newest(limits);
  const { entries } = await store.range({ key: keyOf(ref), revision: compacted });
  for (const entry of entries) newest.add({ change: entry.version === 1 ? 'created' : 'updated', entry });
  if (compacted < current) await follow(store, ref, { from: compacted + 1, to: current }, newest);
  if (newest.steps.length === 0)
    throw resourceErrors.fail('RESOURCE_NOT_FOUND', printRef(ref), { details: detailsOf(ref) });
  return {
    revision: current,
    oldestRevision: compacted,
    versions: newest.steps.map(decodeStep),
    isCut: newest.isCut,
  };
}

/** Adds what happened to the key in the revisions given. */
async function follow(
  store: Store,
  ref: Ref,
  span: { readonly from: Revision; readonly to: Revision },
  newest: Newest,
): Promise<void> {
  const watch = await store.watch({ key: keyOf(ref), startRevision: span.from });
  try {
    watch.requestProgress(); // a quiet key says nothing by itself
    for await (const batch of watch) {
      for (const event of batch.events) if (event.entry.modRevision <= span.to) newest.add(stepOf(event));
      if (batch.revision >= span.to) return;
    }
  } finally {
    watch.close();
  }
}

function stepOf({ type, entry }: WatchEvent): Step {
  if (type === 'delete') return { change: 'deleted', entry };
  return { change: entry.version === 1 ? 'created' : 'updated', entry };
}

function decodeStep({ change, entry }: Step): Version {
  const revision = entry.modRevision;
  if (change === 'deleted') return { revision, change };
  const result = decodeStored(entry.key.toString(), entry.value.toString(), revision);
  return result.ok ? { revision, change, resource: result.value } : { revision, change, problems: result.problems };
}

/** Keeps the newest steps within the limits. */
class Newest {
  readonly steps: Step[] = [];
  isCut = false;
  readonly #limits: HistoryLimits;
  #bytes = 0;

  constructor(limits: HistoryLimits) {
    this.#limits = limits;
  }

  add(step: Step): void {
    this.steps.push(step);
    this.#bytes += step.entry.value.length;
    while (this.steps.length > 1 && (this.steps.length > this.#limits.versions || this.#bytes > this.#limits.bytes)) {
      this.#bytes -= this.steps.shift()!.entry.value.length;
      this.isCut = true;
    }
  }
}
