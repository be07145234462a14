/** What became of a release of many addresses. Pure. */
import type { ReleaseResult } from './ask.ts';

/** Counts, then each address that somebody else has, then the handles: `.` for one that is gone, `x` for one that was left. */
export function printRelease(result: ReleaseResult, isDryRun: boolean): string {
  const { released, notAssigned, conflicts, deletedHandles, skippedHandles } = result;
  const handles = deletedHandles.length + skippedHandles.length;
  const lines = [
    `${isDryRun ? 'Would release' : 'Released'} ${released.length} IPs; ${notAssigned.length} were released already.`,
    ...conflicts.map(({ ip, reason }) => `Kept ${ip}: it ${reason}; its block was left as it is.`),
    ...(handles === 0
      ? []
      : [
          `${isDryRun ? 'Would delete' : 'Deleting'} ${handles} handles:`,
          '.'.repeat(deletedHandles.length) + 'x'.repeat(skippedHandles.length),
        ]),
  ];
  return `${lines.join('\n')}\n`;
}
