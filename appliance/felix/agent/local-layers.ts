/** Reads the layers of configuration that are this host's own: the environment, then `felix.cfg`. I/O. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConfigLayer, environmentLayer, fileLayer } from '../config/layers.ts';

/** Highest first. A missing file is fine; throws when there is one that cannot be read. */
export function readLocalLayers(
  configDir: string,
  environment: Readonly<Record<string, string | undefined>>,
): ConfigLayer[] {
  const path = join(configDir, 'felix.cfg');
  try {
    return [environmentLayer(environment), fileLayer(path, readFileSync(path, 'utf8'))];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [environmentLayer(environment)];
  }
}
