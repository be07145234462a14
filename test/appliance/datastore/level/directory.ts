/** A directory for one test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes an empty directory; `remove` takes it away with all it holds. */
export async function temporaryDirectory(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'calico-store-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
