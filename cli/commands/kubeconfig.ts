/** `calicoctl kubeconfig`: a configuration for plain kubectl. I/O (reads the files to be put into it, writes one). */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command, FlagValues } from '../command.ts';
import { type ApiSettings, readApiSettings } from '../config.ts';
import type { CliContext } from '../context.ts';
import { cliError, errorText, exitCodes, usageError } from '../errors.ts';
import { textFlag } from '../flags.ts';

export const kubeconfigCommand: Command = {
  usage: '[flags]',
  description: `Prints a configuration with which plain kubectl speaks to the API server: its address, the authority to trust, and a certificate or token.
What is not given is taken from calicoctl's own settings. kubectl does not speak to unix sockets: let the server listen on loopback too
(CALICO_API_LISTEN=unix:/run/calico/api.sock,http://127.0.0.1:8180, where everybody on the host is administrator) or over https.`,
  flags: [
    { flags: '--server <url>', description: 'https://HOST:PORT, or http://127.0.0.1:PORT' },
    { flags: '--ca <file>', description: 'certificate of the authority that signed the server’s' },
    { flags: '--cert <file>', description: 'certificate of the user' },
    { flags: '--key <file>', description: 'key of the certificate' },
    { flags: '--token-file <file>', description: 'file with a bearer token' },
    { flags: '--user <name>', description: 'what the user is called in the configuration', default: 'calico' },
    { flags: '--namespace <name>', description: 'namespace of commands that name none' },
    { flags: '--embed', description: 'put the contents of the files into the configuration' },
    { flags: '-o, --out <file>', description: 'write to this file, readable for its owner only' },
    { flags: '--config <file>', description: "calicoctl's configuration" },
  ],
  examples: [
    'calicoctl kubeconfig --server https://calico.example.org:5443 --ca ca.crt --cert eve.crt --key eve.key --embed -o ~/.kube/calico',
    'calicoctl kubeconfig --server http://127.0.0.1:8180 -o calico.kubeconfig && kubectl --kubeconfig calico.kubeconfig get tiers',
  ],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const settings = await readApiSettings(context.env, {
    config: textFlag(flags, 'config'),
    api: textFlag(flags, 'server'),
    context: textFlag(flags, 'context'),
  });
  const { stringify } = await import('yaml');
  const text = stringify(kubeconfigOf(settings, flags), { lineWidth: 0 });
  const out = textFlag(flags, 'out');
  if (out === undefined) context.out(text);
  else writeSecret(out, text);
  return exitCodes.ok;
}

function kubeconfigOf(settings: ApiSettings, flags: FlagValues): object {
  const { endpoint } = settings;
  if (endpoint.socketPath !== undefined)
    throw usageError('--server: kubectl does not speak to unix sockets; name an https or loopback http address');
  const name = 'calico';
  const user = textFlag(flags, 'user') ?? name;
  const namespace = textFlag(flags, 'namespace');
  const host = endpoint.host?.includes(':') === true ? `[${endpoint.host}]` : endpoint.host;
  const server = `${endpoint.isEncrypted ? 'https' : 'http'}://${host}:${endpoint.port}`;
  const embed = flags.embed === true;
  const ca = textFlag(flags, 'ca') ?? settings.caFile;
  const cluster = {
    server,
    ...(ca !== undefined && endpoint.isEncrypted && fileField('certificate-authority', ca, embed)),
  };
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster }],
    users: [{ name: user, user: endpoint.isEncrypted ? userOf(settings, flags, embed) : {} }],
    contexts: [{ name, context: { cluster: name, user, ...(namespace !== undefined && { namespace }) } }],
    'current-context': name,
  };
}

/** Over plain http kubectl would not send a proof, and none is asked for. */
function userOf(settings: ApiSettings, flags: FlagValues, embed: boolean): object {
  const cert = textFlag(flags, 'cert') ?? settings.certFile;
  const key = textFlag(flags, 'key') ?? settings.keyFile;
  const token = textFlag(flags, 'tokenFile') ?? settings.tokenFile;
  if ((cert === undefined) !== (key === undefined)) throw usageError('--cert and --key belong together');
  if (cert === undefined && token === undefined)
    throw usageError(
      'give a certificate (--cert, --key) or a token (--token-file): over https the server asks who you are',
    );
  return {
    ...(cert !== undefined && fileField('client-certificate', cert, embed)),
    ...(key !== undefined && fileField('client-key', key, embed)),
    ...(token !== undefined && (embed ? { token: readFile(token).toString().trim() } : { tokenFile: resolve(token) })),
  };
}

/** `NAME: path`, or `NAME-data: base64`. A file that cannot be read is told now, not when kubectl runs. */
function fileField(name: string, path: string, embed: boolean): Record<string, string> {
  const content = readFile(path);
  return embed ? { [`${name}-data`]: content.toString('base64') } : { [name]: resolve(path) };
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw cliError('CLI_INPUT', errorText(error));
  }
}

function writeSecret(path: string, text: string): void {
  try {
    writeFileSync(path, text, { mode: 0o600 });
  } catch (error) {
    throw cliError('CLI_INPUT', errorText(error));
  }
}
