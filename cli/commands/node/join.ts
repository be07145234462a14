/** `calicoctl node join`: makes this host a member: a key that stays here, a certificate for it, and the settings of the agent. I/O. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { mergeEnv } from '#appliance/enrolment/env-lines.ts';
import { type JoinToken, parseJoinToken } from '#appliance/enrolment/join-token.ts';
import { nodeNameProblem } from '#appliance/pki/node-name.ts';
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { cliError, errorText, exitCodes, usageError } from '../../errors.ts';
import { isSet, textFlag } from '../../flags.ts';

export const nodeJoinCommand: Command = {
  usage: '(TOKEN | -) [flags]',
  description: `Makes this host a node of the appliance that made TOKEN (calicoctl node token create there; - reads it from stdin). Writes ca.crt,
node.crt, node.key and the agent's settings in calico.env into the configuration directory. The key is made here and stays here.`,
  flags: [
    { flags: '--node <name>', description: "name of this node (default: the token's, else NODENAME, else the host's)" },
    { flags: '--dir <directory>', description: 'configuration directory (default: /etc/calico)' },
    { flags: '--force', description: 'replace the identity and the settings that are there' },
  ],
  examples: ['calicoctl node join calico-join.v1.eyJhcGkiOlsi...', 'calicoctl node join - --node web-1 < token'],
  positionals: { min: 1, max: 1 },
  run,
};

async function run(context: CliContext, [word = '']: readonly string[], flags: FlagValues): Promise<number> {
  const token = readToken(word === '-' ? await context.readStdin() : word);
  const directory = resolve(textFlag(flags, 'dir') ?? context.env.CALICO_CONFIG_DIR ?? '/etc/calico');
  const isForced = isSet(flags, 'force');
  const paths = pathsOf(directory);
  const node = nameOf(context, flags, token, paths);
  if (!isForced) refuseIdentity(paths);
  const { fetchPinnedAuthority } = await import('#appliance/enrolment/remote.ts');
  const { api, ca } = await fetchPinnedAuthority(token).catch(unreachable);
  if (!isForced) refuseOtherAuthority(paths.ca, ca);
  // a second look, with what is certain by now: a refusal after the certificate is given would cost a use of the token
  const probe = planSettings(paths, { api, etcd: [], node });
  if (!isForced) refuseSettings(paths.env, probe.replaced);
  const { certificate, key, etcd } = await obtain(token, { api, ca, node });
  const settings = planSettings(paths, { api, etcd, node });
  const { writeFiles } = await import('#appliance/enrolment/write-files.ts');
  mkdirSync(directory, { recursive: true });
  writeFiles([
    { path: paths.ca, text: ca, mode: 0o644 },
    { path: paths.key, text: key, mode: 0o600 },
    { path: paths.certificate, text: certificate, mode: 0o644 },
    { path: paths.env, text: settings.text, mode: 0o644 },
  ]);
  context.out(`This host is node ${node} now; wrote ${Object.values(paths).join(', ')}\n`);
  context.out('Start the agent: systemctl enable --now calico-node\n');
  return exitCodes.ok;
}

interface Paths {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  readonly env: string;
}

function pathsOf(directory: string): Paths {
  const file = (name: string) => join(directory, name);
  return { ca: file('ca.crt'), certificate: file('node.crt'), key: file('node.key'), env: file('calico.env') };
}

function readToken(text: string): JoinToken {
  const token = parseJoinToken(text.trim());
  if ('problem' in token) throw usageError(`TOKEN: ${token.problem}`);
  return token;
}

function nameOf(context: CliContext, flags: FlagValues, token: JoinToken, { env }: Paths): string {
  const given = textFlag(flags, 'node');
  if (given !== undefined && token.node !== undefined && given !== token.node)
    throw usageError(`--node: the token is for node ${token.node}`);
  const node =
    given ?? token.node ?? context.env.NODENAME ?? parseEnv(readIfThere(env)).NODENAME ?? hostname().toLowerCase();
  const problem = nodeNameProblem(node);
  if (problem !== undefined) throw usageError(`--node: '${node}' ${problem}`);
  return node;
}

function refuseIdentity({ certificate, key }: Paths): void {
  const found = [certificate, key].find((path) => existsSync(path));
  if (found !== undefined)
    throw cliError('CLI_EXISTS', `${found} exists: this host has an identity; --force replaces it`);
}

function refuseOtherAuthority(path: string, ca: string): void {
  if (existsSync(path) && readFileSync(path, 'utf8').trim() !== ca.trim())
    throw cliError('CLI_EXISTS', `${path} is the certificate of another authority; --force replaces it`);
}

function refuseSettings(path: string, replaced: readonly string[]): void {
  if (replaced.length > 0)
    throw cliError('CLI_EXISTS', `${path} has other values for ${replaced.join(', ')}; --force replaces them`);
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** What the agent needs to know, and nothing that is there already. */
function planSettings(paths: Paths, known: { api: string; etcd: readonly string[]; node: string }) {
  return mergeEnv(readIfThere(paths.env), {
    DATASTORE_TYPE: 'etcdv3',
    ETCD_ENDPOINTS: known.etcd.join(','),
    ETCD_CA_CERT_FILE: paths.ca,
    ETCD_CERT_FILE: paths.certificate,
    ETCD_KEY_FILE: paths.key,
    CALICO_API_ENDPOINT: known.api,
    NODENAME: known.node,
    // its unit stands down: the certificate of a host serves no API
    CALICO_APISERVER: 'disabled',
  });
}

async function obtain(token: JoinToken, { api, ca, node }: { api: string; ca: string; node: string }) {
  const [{ createNodeKey, createNodeRequest }, { requestCertificate, bearerOf }, { certificateProblem }] =
    await Promise.all([
      import('#appliance/pki/signing-request.ts'),
      import('#appliance/enrolment/remote.ts'),
      import('#appliance/enrolment/certificate-check.ts'),
    ]);
  const key = await createNodeKey();
  const wish = { node, request: await createNodeRequest(node, key) };
  const issued = await requestCertificate(api, { ca, bearer: bearerOf(token) }, wish).catch(unreachable);
  const { certificate, etcdEndpoints: etcd } = issued;
  const problem = certificateProblem(certificate, { ca, key, node, nowMs: Date.now() });
  if (problem !== undefined) throw cliError('CLI_FAILED', `the certificate that came is not taken: ${problem}`);
  if (etcd.length === 0 || !etcd.every((url) => /^[\x21-\x7e]+$/.test(url) && !/['"#\\$]/.test(url)))
    throw cliError(
      'CLI_FAILED',
      'other hosts cannot reach the store: give CALICO_ETCD_LISTEN of the API server an address with https',
    );
  return { certificate, key, etcd };
}

function unreachable(error: unknown): never {
  throw cliError('CLI_FAILED', errorText(error));
}
