/** The life of a command that talks to the API server: connect, check the release, work, hang up. I/O. */
import { checkVersions } from './check-versions.ts';
import { type ApiClient, createClient } from './client.ts';
import type { FlagValues } from './command.ts';
import { readApiSettings } from './config.ts';
import type { CliContext } from './context.ts';
import { isSet, textFlag } from './flags.ts';
import { createTransport } from './transport.ts';

/** Opens a client as the flags and the environment say. The caller closes it. */
export async function openClient(context: CliContext, flags: FlagValues): Promise<ApiClient> {
  const settings = await readApiSettings(context.env, {
    config: textFlag(flags, 'config'),
    api: textFlag(flags, 'api'),
  });
  const isDebug = textFlag(flags, 'logLevel') === 'debug';
  return createClient(createTransport(settings, isDebug ? (line) => context.err(`${line}\n`) : undefined));
}

/** Runs `work` with a client whose release fits the cluster's, and closes it afterwards. */
export async function withClient(
  context: CliContext,
  flags: FlagValues,
  work: (client: ApiClient) => Promise<number>,
): Promise<number> {
  const client = await openClient(context, flags);
  try {
    if (!isSet(flags, 'allowVersionMismatch')) await checkVersions(client);
    return await work(client);
  } finally {
    client.close();
  }
}
