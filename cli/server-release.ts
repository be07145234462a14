/** Which Calico release the API server speaks, when that matters. I/O. */
import { calicoVersion } from '#appliance/resources/calico-version.ts';
import { isNewer } from './check-versions.ts';
import type { FlagValues } from './command.ts';
import type { CliContext } from './context.ts';
import { openClient } from './session.ts';

/** True when the server says that it is of a later minor version; false when it is not, or cannot be asked. */
export async function isServerNewer(context: CliContext, flags: FlagValues): Promise<boolean> {
  const client = await openClient(context, flags).catch(() => undefined);
  if (client === undefined) return false;
  try {
    const { calicoVersion: theirs } = (await client.raw('GET', '/version')) as { calicoVersion?: string };
    return isNewer(theirs ?? '', calicoVersion);
  } catch {
    return false;
  } finally {
    client.close();
  }
}
