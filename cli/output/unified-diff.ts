/** Two texts -> what differs, in the unified form. Pure. */
import { createTwoFilesPatch } from 'diff';

/** A diff with a heading for each side; the texts differ. */
export function unifiedDiff([before, after]: readonly [string, string], texts: readonly [string, string]): string {
  return createTwoFilesPatch(before, after, texts[0], texts[1], '', '', {
    headerOptions: { includeIndex: false, includeUnderline: false, includeFileHeaders: true },
  });
}
