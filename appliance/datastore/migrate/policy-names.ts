/**
 * Gives policies of the default tier the keys they have since v3.32: older versions put `default.` before the name. The new key is made and the
 * old one goes in one transaction. I/O. Source: calicoctl's `datastore migrate-policy-names`.
 */
import { parseStoreKey, storeKey, storePrefix } from '../../resources/key.ts';
import { kinds } from '../../resources/registry.ts';
import { decodeStored, encodeStored, isTiered } from '../../resources/stored.ts';
import { readPages } from '../backup/pages.ts';
import { absent, present, unchanged } from '../effects/guard.ts';
import type { Entry, Store } from '../store.ts';

/** A policy under a key of old. */
export interface PolicyMove {
  readonly from: string;
  readonly to: string;
}

interface Planned extends PolicyMove {
  readonly entry: Entry;
  readonly value: Buffer;
}

/** What was moved, or would be. A policy that has its new key already only loses the old one. */
export async function migratePolicyNames(store: Store, isDryRun: boolean): Promise<PolicyMove[]> {
  const moved: PolicyMove[] = [];
  for (const planned of await planMoves(store)) {
    if (isDryRun || (await move(store, planned))) moved.push({ from: planned.from, to: planned.to });
  }
  return moved;
}

async function planMoves(store: Store): Promise<Planned[]> {
  const { current } = await store.revisions();
  const moves: Planned[] = [];
  for (const kind of kinds.filter(isTiered)) {
    for await (const page of readPages(store, storePrefix(kind), current))
      moves.push(...page.flatMap((entry) => planMove(entry) ?? []));
  }
  return moves;
}

/** Undefined for a key that is as it should be, of another tier, or that nobody can read. */
function planMove(entry: Entry): Planned | undefined {
  const from = entry.key.toString();
  const identity = parseStoreKey(from);
  const decoded = decodeStored(from, entry.value, entry.modRevision);
  if (identity === undefined || !decoded.ok || (decoded.value.spec.tier ?? 'default') !== 'default') return undefined;
  const { name, namespace } = decoded.value.metadata;
  const to = storeKey(identity.kind, namespace, name);
  return to === from ? undefined : { from, to, entry, value: Buffer.from(encodeStored(decoded.value)) };
}

/** False when somebody changed or removed the policy meanwhile: the next run sees it as it is then. */
async function move(store: Store, { entry, to, value }: Planned): Promise<boolean> {
  const key = Buffer.from(to);
  const removal = { type: 'delete', key: entry.key } as const;
  const created = await store.txn({
    compare: [unchanged(entry), absent(key)],
    success: [{ type: 'put', key, value }, removal],
    failure: [],
  });
  if (created.succeeded) return true;
  return (await store.txn({ compare: [unchanged(entry), present(key)], success: [removal], failure: [] })).succeeded;
}
