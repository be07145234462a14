/** Judges the stored form of resources one by one, and that no identity is used twice. Pure. */
import { printProblems } from '../../lib/problem.ts';
import { decodeResource } from '../../resources/decode.ts';
import { parseStoreKey } from '../../resources/key.ts';
import { decodeStored } from '../../resources/stored.ts';
import type { Entry } from '../store.ts';
import { errorAt, type Finding, warningAt } from './finding.ts';

/** Remembers the identities it has seen. */
export class ResourceChecker {
  readonly #keysByUid = new Map<string, string>();

  check(entry: Entry): Finding[] {
    const key = entry.key.toString();
    const read = decodeStored(key, entry.value, entry.modRevision);
    if (!read.ok) return [errorAt(key, `cannot be read: ${printProblems(read.problems)}`)];
    const { uid, name } = read.value.metadata;
    const findings = uid === undefined ? [warningAt(key, 'has no uid')] : this.#checkUid(key, uid);
    if (parseStoreKey(key)?.name !== name)
      findings.push(warningAt(key, `is the policy ${name} under the name of an older version`));
    const valid = decodeResource(structuredClone(read.value), 'update');
    if (!valid.ok) findings.push(errorAt(key, `breaks rules of its kind: ${printProblems(valid.problems)}`));
    return findings;
  }

  #checkUid(key: string, uid: string): Finding[] {
    const other = this.#keysByUid.get(uid);
    this.#keysByUid.set(uid, key);
    return other === undefined ? [] : [errorAt(key, `has the uid ${uid} of ${other}`)];
  }
}
