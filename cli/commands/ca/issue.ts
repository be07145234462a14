/** `calicoctl ca issue`: a certificate for a server, a host or a person. I/O. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAddress } from '#appliance/lib/ip/address.ts';
import type { CertificateRequest, KeyPair } from '#appliance/pki/authority.ts';
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { cliError, errorText, exitCodes, usageError } from '../../errors.ts';
import { listFlag, textFlag } from '../../flags.ts';
import { authorityDirectory, checkName, daysOf, writeKeyPair } from './files.ts';

const daysDefault = 365;

export const caIssueCommand: Command = {
  usage: '(server | node | user) NAME [flags]',
  description: `Issues a certificate by the authority that calicoctl ca init has made, as NAME.crt and NAME.key.
server: for the API server (api) or its etcd face (etcd), reached by the names and addresses of --host.
node: for the agent of the host NAME, which may read and write what a host needs. user: for a person or a program, in the groups given:
calico:viewers read, calico:editors write, system:masters do everything.`,
  flags: [
    { flags: '--host <host>', description: 'name or address of a server; may be repeated', isRepeatable: true },
    { flags: '--group <group>', description: 'group of a user; may be repeated', isRepeatable: true },
    {
      flags: '--days <count>',
      description: 'how long it holds, at most as long as the authority',
      default: String(daysDefault),
    },
    { flags: '--dir <directory>', description: 'where ca.crt and ca.key are (default: /etc/calico)' },
    { flags: '--out <directory>', description: 'where the certificate goes (default: the same)' },
  ],
  examples: [
    'calicoctl ca issue server api --host calico.example.org --host 192.0.2.1',
    'calicoctl ca issue node web-1 --out /root/web-1',
    'calicoctl ca issue user eve --group calico:editors --days 30',
  ],
  positionals: { min: 2, max: 2 },
  run,
};

async function run(context: CliContext, positionals: readonly string[], flags: FlagValues): Promise<number> {
  const [what = '', name = ''] = positionals;
  const request = requestOf(what, checkName(name, 'NAME'), flags);
  const directory = authorityDirectory(context, flags);
  const out = textFlag(flags, 'out') ?? directory;
  const days = daysOf(flags);
  const authority = readAuthority(directory);
  const { issueCertificate } = await import('#appliance/pki/authority.ts');
  await writeKeyPair(context, join(out, name), await issued());
  return exitCodes.ok;

  async function issued(): Promise<KeyPair> {
    try {
      return await issueCertificate(authority, request, { from: new Date(), days });
    } catch (error) {
      throw cliError(
        'CLI_INPUT',
        `${directory}: ca.crt and ca.key are not a certificate and its key: ${errorText(error)}`,
      );
    }
  }
}

function requestOf(what: string, name: string, flags: FlagValues): CertificateRequest {
  const hosts = listFlag(flags, 'host').map(hostOf);
  const groups = listFlag(flags, 'group').map(checkGroup);
  if (what !== 'server' && hosts.length > 0) throw usageError('--host is for servers only');
  if (what !== 'user' && groups.length > 0) throw usageError('--group is for users only');
  switch (what) {
    case 'server':
      if (hosts.length === 0) throw usageError('--host: say by which names and addresses the server is reached');
      return { commonName: checkLength(name), hosts, usage: 'server' };
    case 'node':
      return { commonName: checkLength(`system:node:${name}`), organizations: ['system:nodes'], usage: 'client' };
    case 'user':
      return { commonName: checkLength(name), organizations: groups, usage: 'client' };
    default:
      throw usageError(`'${what}' is not server, node or user`);
  }
}

/** RFC 5280 gives a common name and an organisation 64 letters. */
const lettersMax = 64;

function checkLength(commonName: string): string {
  if (commonName.length <= lettersMax) return commonName;
  throw usageError(`NAME: ${commonName} is longer than the ${lettersMax} letters a certificate has for it`);
}

function checkGroup(group: string): string {
  if (/^[\x21-\x7e]{1,64}$/.test(group)) return group;
  throw usageError(`--group: '${group}' is not 1 to ${lettersMax} letters without blanks`);
}

function hostOf(text: string): { type: 'dns' | 'ip'; value: string } {
  if (parseAddress(text) !== undefined) return { type: 'ip', value: text };
  const label = '[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
  if (text.length <= 253 && new RegExp(`^(\\*\\.)?${label}(\\.${label})*$`).test(text))
    return { type: 'dns', value: text };
  throw usageError(`--host: '${text}' is neither a host name nor an address`);
}

function readAuthority(directory: string): KeyPair {
  const read = (name: string) => {
    try {
      return readFileSync(join(directory, name), 'utf8');
    } catch (error) {
      throw cliError('CLI_INPUT', `${errorText(error)}; calicoctl ca init makes an authority`);
    }
  };
  return { certificate: read('ca.crt'), key: read('ca.key') };
}
