/** Reads at a revision: what was there then, until it is compacted, and never "in the future" for a revision somebody knows. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { Operation } from '../history.ts';
import { entriesIn } from './model.ts';
import type { Timeline } from './timeline.ts';
import { compactedBefore, compactedBy } from './watches.ts';

export function checkReadAt(
  read: Operation<'read-at'>,
  timeline: Timeline,
  compactions: readonly Operation<'compact'>[],
): string[] {
  const problem = problemOf(read, timeline, compactions);
  return problem === '' ? [] : [`read at ${read.revision}: ${problem}: ${JSON.stringify(read)}`];
}

function problemOf(
  { answer, code, revision, ...read }: Operation<'read-at'>,
  timeline: Timeline,
  compactions: readonly Operation<'compact'>[],
): string {
  if (answer !== null) {
    if (answer.revision < read.knownAtCall) return `the store says ${answer.revision}, ${read.knownAtCall} was known`;
    if (revision < compactedBefore(compactions, read.call)) return 'answered after it was compacted';
    if (revision < timeline.first) return '';
    return isDeepStrictEqual(answer.entries, entriesIn(timeline.keys(revision), read)) ? '' : 'not what was there';
  }
  if (code === 'STORE_COMPACTED')
    return revision < compactedBy(compactions, read.return) ? '' : 'nothing was compacted';
  return code === 'STORE_UNAVAILABLE' || code === 'STORE_CLOSED' ? '' : `refused with ${code}`;
}
