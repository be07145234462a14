/** Reads a whole store as of one revision and says what is wrong with it. I/O. */
import { clusterInformationKey } from '../backup/cluster-information.ts';
import { readPages } from '../backup/pages.ts';
import type { Entry, Revision, Store } from '../store.ts';
import { errorAt, type Finding, warningAt } from './finding.ts';
import { IpamChecker } from './ipam-findings.ts';
import { keyKindOf } from './key-kind.ts';
import { ResourceChecker } from './resource-findings.ts';

export interface CheckResult {
  readonly revision: Revision;
  readonly keys: number;
  readonly findings: readonly Finding[];
}

/** Findings in key order, then those about keys that refer to each other. */
export async function checkStore(store: Store): Promise<CheckResult> {
  const { current: revision } = await store.revisions();
  const [resources, ipam] = [new ResourceChecker(), new IpamChecker()];
  const findings: Finding[] = [];
  let keys = 0;
  let hasInformation = false;
  for await (const page of readPages(store, '', revision)) {
    keys += page.length;
    for (const entry of page) {
      hasInformation ||= entry.key.equals(clusterInformationKey);
      findings.push(...checkEntry(entry, resources, ipam));
    }
  }
  findings.push(...ipam.finish());
  if (keys > 0 && !hasInformation) findings.push(errorAt(clusterInformationKey.toString(), 'is missing'));
  return { revision, keys, findings };
}

/** Reads all history that is kept; STORE_CORRUPT when a part of it is not what was written. Gives the number of changes. */
export async function checkHistory(store: Store): Promise<number> {
  const { current, compacted } = await store.revisions();
  if (current <= compacted) return 0;
  const everything = { key: Buffer.from([0]), rangeEnd: Buffer.from([0]) };
  let changes = 0;
  const watch = await store.watch({ ...everything, startRevision: compacted + 1, prevKv: true });
  try {
    for await (const batch of watch) {
      changes += batch.events.length;
      if (batch.revision >= current) break;
    }
  } finally {
    watch.close();
  }
  return changes;
}

function checkEntry(entry: Entry, resources: ResourceChecker, ipam: IpamChecker): Finding[] {
  const key = entry.key.toString();
  const { type } = keyKindOf(key);
  if (type === 'resource') return resources.check(entry);
  if (type === 'ipam') return ipam.check(entry);
  if (type === 'unknown') return [warningAt(key, 'is of no known form')];
  if (type === 'own') return [errorAt(key, 'tells of a restore or an import that was not finished: repeat it')];
  return [];
}
