/**
 * Reads the layers of configuration that are this host's own: the environment, then `calico.env`, then `felix.cfg`. A variable that is in the environment
 * just as the file has it came from there (systemd reads the file, too), and is said to. I/O.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { type ConfigLayer, environmentLayer, fileLayer } from '../config/layers.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Highest first. Missing files are fine; throws when there is one that cannot be read. */
export function readLocalLayers(configDir: string, environment: Environment): ConfigLayer[] {
  const [envPath, cfgPath] = [join(configDir, 'calico.env'), join(configDir, 'felix.cfg')];
  const file = parseEnv(readText(envPath) ?? '');
  const cfg = readText(cfgPath);
  return [
    environmentLayer(ownEnvironment(environment, file)),
    { ...environmentLayer(file), name: envPath },
    ...(cfg === undefined ? [] : [fileLayer(cfgPath, cfg)]),
  ];
}

/** What somebody else than the file put there. */
export function ownEnvironment(environment: Environment, file: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name, value]) => file[name] !== value));
}

/** Undefined when it is not there. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
}
