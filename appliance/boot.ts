/**
 * Entry of `calico-boot`, which runs once before the network comes up: what was enforced when the host was last seen is enforced from the first packet on.
 * It asks nobody and waits for nothing; the agent takes over what it finds. Exit 1 when it had to close the host instead, or could not. I/O.
 */

import { loadAtBoot } from './felix/dataplane/boot/load.ts';
import { bootDirectory } from './felix/dataplane/boot/ruleset-files.ts';
import { openKernel } from './kernel/open.ts';

const configDir = process.env.CALICO_CONFIG_DIR || '/etc/calico';
const dataDir = process.env.CALICO_DATA_DIR || '/var/lib/calico';

try {
  const kernel = openKernel();
  const directory = bootDirectory(dataDir);
  const outcome = await loadAtBoot({ kernel, directory, table: 'calico', openPrograms, failsafes, say });
  kernel.close();
  if (outcome === 'fallback') process.exitCode = 1;
} catch (error) {
  say((error as Error).message);
  process.exitCode = 1;
}

async function openPrograms() {
  return (await import('./kernel/programs.ts')).openPrograms();
}

/** As the host's own settings say, which are all that can be read now; a file that cannot be read counts as absent. */
async function failsafes() {
  const { readLocalLayers } = await import('./felix/agent/local-layers.ts');
  const { createConfigSource } = await import('./felix/config/source.ts');
  try {
    return createConfigSource('', readLocalLayers(configDir, process.env)).resolve().config;
  } catch (error) {
    say((error as Error).message);
    return createConfigSource('', []).resolve().config;
  }
}

function say(line: string): void {
  process.stderr.write(`calico-boot: ${line}\n`);
}
