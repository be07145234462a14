/** `calicoctl version`: this client, and the cluster it would work on. I/O. */
import { existsSync, readFileSync } from 'node:fs';
import { calicoVersion } from '#appliance/resources/calico-version.ts';
import type { ApiClient } from '../client.ts';
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { parseDuration } from '../duration.ts';
import { cliError, errorText, exitCodes } from '../errors.ts';
import { connectionFlags, isSet, textFlag } from '../flags.ts';

export const versionCommand: Command = {
  usage: '[--client] [--poll DURATION]',
  description:
    'Shows the Calico release this client speaks, the commit it was made from, and version and type of the cluster.',
  flags: [
    { flags: '--client', description: 'only the client; asks no server' },
    { flags: '--poll <duration>', description: 'ask again each time this passes (10s, 1m) and show changes' },
    ...connectionFlags,
  ],
  examples: ['calicoctl version', 'calicoctl version --client'],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const poll = textFlag(flags, 'poll');
  const pauseMs = poll === undefined ? undefined : parseDuration(poll, '--poll');
  context.out(`Client Version:    ${calicoVersion}\nGit commit:        ${readCommit()}\n`);
  if (isSet(flags, 'client')) return exitCodes.ok;
  const { openClient } = await import('../session.ts');
  const client = await openClient(context, flags);
  try {
    await showCluster(context, client, pauseMs);
  } finally {
    client.close();
  }
  return exitCodes.ok;
}

/** Prints the cluster's lines once, or for ever each time they change. */
async function showCluster(context: CliContext, client: ApiClient, pauseMs: number | undefined): Promise<void> {
  let shown = '';
  while (true) {
    const lines = await clusterLines(client);
    if (lines !== shown) context.out(lines);
    shown = lines;
    if (pauseMs === undefined) return;
    await context.sleep(pauseMs);
  }
}

async function clusterLines(client: ApiClient): Promise<string> {
  const { readClusterInformation } = await import('../check-versions.ts');
  try {
    const found = await readClusterInformation(client);
    if (found === undefined) return 'Unable to detect installed Calico version\n';
    const { calicoVersion: version, clusterType } = found.spec as { calicoVersion?: string; clusterType?: string };
    return `Cluster Version:   ${version ?? ''}\nCluster Type:      ${clusterType ?? ''}\n`;
  } catch (error) {
    throw cliError('CLI_FAILED', `unable to retrieve Cluster Version or Type: ${errorText(error)}`);
  }
}

const root = new URL('../../', import.meta.url);

/** The commit, short: from the file that packaging writes, else from a checkout. */
function readCommit(): string {
  const packaged = readText('REVISION');
  if (packaged !== undefined) return packaged.slice(0, 7);
  const head = readText('.git/HEAD');
  if (head === undefined) return '<unknown>';
  const ref = /^ref: (.+)$/.exec(head)?.[1];
  return (ref === undefined ? head : (readText(`.git/${ref}`) ?? '<unknown>')).slice(0, 9);
}

function readText(path: string): string | undefined {
  const file = new URL(path, root);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}
