/**
 * Reads the settings of the agent again while it runs: `calico.env` and `felix.cfg`. A process cannot have another environment; but what systemd put
 * there out of `calico.env` follows the file. I/O.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ownEnvironment, readLocalLayers } from './felix/agent/local-layers.ts';
import type { ConfigLayer } from './felix/config/layers.ts';
import type { Problem } from './lib/problem.ts';
import { type Environment, readSettings, type Settings } from './settings.ts';

export type Reloaded =
  | {
      readonly ok: true;
      readonly local: readonly ConfigLayer[];
      readonly logLevel: string;
      /** What waits for the next start, in words; never a value. */
      readonly notes: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** To be made at the start, with the settings that are in use from then on. */
export function createReloader(environment: Environment, settings: Settings): () => Reloaded {
  const path = join(settings.configDir, 'calico.env');
  const atStart = parseEnv(readText(path));
  const own = ownEnvironment(environment, atStart);
  return () => {
    try {
      const read = readSettings(own, readText(path), hostname());
      if (!read.ok) return read;
      const local = readLocalLayers(settings.configDir, own);
      const waiting = waitingSettings(settings.environment, read.value.environment);
      const notes = waiting.map((name) => `${name}: changed in ${path}; waits for the next start`);
      return { ok: true, local, logLevel: read.value.logLevel, notes };
    } catch (error) {
      return { ok: false, problems: [{ path: '', message: (error as Error).message }] };
    }
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** Names of settings that differ and are looked at in the start alone. */
export function waitingSettings(before: Environment, after: Environment): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => before[name] !== after[name] && !isTakenAtOnce(name)).sort();
}

function isTakenAtOnce(name: string): boolean {
  return name === 'CALICO_LOG_LEVEL' || /^felix_/i.test(name);
}
