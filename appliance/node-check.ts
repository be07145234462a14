/**
 * Entry of `calico-node check`: says what the settings come to on this host before anybody starts with them, or what is wrong with them. I/O.
 * A program of its own, because it needs next to nothing of the agent.
 */
import { join } from 'node:path';
import { checkAddressSettings, chooseAddress, wantedAddresses } from './felix/agent/detect-address.ts';
import { readHostAddresses } from './felix/agent/host-addresses.ts';
import { readNodename } from './felix/agent/nodename.ts';
import { checkPolicyForm } from './felix/agent/policy-form.ts';
import { printProblems } from './lib/problem.ts';
import { loadSettings, type Settings } from './settings.ts';
import { clientStore } from './store-options.ts';

try {
  const settings = loadSettings(process.env);
  if (!settings.ok) throw new Error(printProblems(settings.problems));
  const { environment } = settings.value;
  const problems = [...checkAddressSettings(environment), ...checkPolicyForm(environment)];
  if (problems.length > 0) throw new Error(printProblems(problems));
  process.stdout.write(describe(settings.value));
} catch (error) {
  process.stderr.write(`calico-node: ${(error as Error).message}\n`);
  process.exitCode = 1;
}

/** Throws what is wrong. */
function describe(settings: Settings): string {
  const { environment, nodename, dataDir } = settings;
  const file = environment.CALICO_NODENAME_FILE ?? join(dataDir, 'nodename');
  const name = readNodename({ given: environment.NODENAME, fallback: nodename, file });
  const found = readHostAddresses();
  const addresses = wantedAddresses(environment).map((wanted) => chooseAddress(wanted, undefined, found) ?? 'none');
  const { address } = clientStore(settings, new Map());
  return `Node ${name}; IPv4 ${addresses[0]}, IPv6 ${addresses[1]}; store ${settings.datastoreType} at ${address}\n`;
}
