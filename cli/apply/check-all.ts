/** `--all-or-nothing`: every manifest tried out on the server before the first write. I/O through `trial`. */
import { hasCode } from '#appliance/lib/errors.ts';
import { identityOf } from '../api-errors.ts';
import { errorText } from '../errors.ts';
import type { Manifest } from '../input/manifests.ts';
import { type Outcome, runEach } from '../run-each.ts';

/**
 * What the server says of each, one by one. That something is missing which the same files make is no fault: the server cannot know it yet.
 */
export function checkAll(
  manifests: readonly Manifest[],
  trial: (manifest: Manifest) => Promise<unknown>,
): Promise<Outcome[]> {
  const made = manifests.map(({ kind, name, namespace }) => identityOf({ kind: kind.kind, name, namespace }));
  return runEach(manifests, async (manifest) => {
    try {
      await trial(manifest);
    } catch (error) {
      const isMade = made.some((identity) => errorText(error).startsWith(`resource does not exist: ${identity} `));
      if (!hasCode(error, 'CLI_NOT_FOUND') || !isMade) throw error;
    }
  });
}
