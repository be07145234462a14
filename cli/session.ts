/** The life of a command that talks to the API server: connect, check the release, work, hang up. I/O. */
import { checkVersions } from './check-versions.ts';
import { type ApiClient, createClient } from './client.ts';
import type { FlagValues } from './command.ts';
import { readApiSettings } from './config.ts';
import type { CliContext } from './context.ts';
import { isSet, textFlag } from './flags.ts';
import { createTransport, type Transport } from './transport.ts';

/** Opens the way to the API as the flags and the environment say: a server, or none and the store itself. The caller closes it. */
export async function openTransport(context: CliContext, flags: FlagValues): Promise<Transport> {
  const settings = await readApiSettings(context.env, {
    config: textFlag(flags, 'config'),
    api: textFlag(flags, 'api'),
    context: textFlag(flags, 'context'),
  });
  const isDebug = textFlag(flags, 'logLevel') === 'debug';
  const log = isDebug ? (line: string) => context.err(`${line}\n`) : undefined;
  if (settings.isDirect !== true) return createTransport(settings, log);
  const { openDirectTransport } = await import('./direct/transport.ts');
  return openDirectTransport(context, flags, log);
}

/** Opens a client as the flags and the environment say. The caller closes it. */
export async function openClient(context: CliContext, flags: FlagValues): Promise<ApiClient> {
  return createClient(
    await openTransport(context, flags),
    createWarner((line) => context.err(`${line}\n`)),
  );
}

/** Each warning of the server is worth one line. */
function createWarner(say: (line: string) => void): (text: string) => void {
  const told = new Set<string>();
  return (text) => {
    if (!told.has(text)) say(`Warning: ${text}`);
    told.add(text);
  };
}

/** Runs `work` with a client whose release can work with the cluster's, and closes it afterwards. */
export async function withClient(
  context: CliContext,
  flags: FlagValues,
  work: (client: ApiClient) => Promise<number>,
): Promise<number> {
  const client = await openClient(context, flags);
  try {
    if (!isSet(flags, 'allowVersionMismatch')) await checkVersions(client, (line) => context.err(`${line}\n`));
    return await work(client);
  } finally {
    client.close();
  }
}

/** The same for a command that speaks to paths of its own. */
export async function withTransport(
  context: CliContext,
  flags: FlagValues,
  work: (transport: Transport) => Promise<number>,
): Promise<number> {
  const transport = await openTransport(context, flags);
  try {
    if (!isSet(flags, 'allowVersionMismatch'))
      await checkVersions(createClient(transport), (line) => context.err(`${line}\n`));
    return await work(transport);
  } finally {
    transport.close();
  }
}
