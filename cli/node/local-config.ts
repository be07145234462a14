/** The agent's configuration as far as this machine's files tell it, for when no agent runs that could be asked. I/O: reads `calico.env` and `felix.cfg`. */
import { readLocalLayers } from '#appliance/felix/agent/local-layers.ts';
import { reportConfig } from '#appliance/felix/config/report.ts';
import { cliError, errorText } from '../errors.ts';
import type { AgentConfig } from './agent.ts';

/** Throws CLI_DENIED when a file is not for us. */
export function readLocalConfig(configDir: string): AgentConfig {
  try {
    return reportConfig(readLocalLayers(configDir, {}));
  } catch (error) {
    throw cliError('CLI_DENIED', `no agent runs, and its files cannot be read: ${errorText(error)}`);
  }
}
