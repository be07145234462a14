/** `calicoctl ca init`: makes a certificate authority in files of this host. I/O. */
import { join } from 'node:path';
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { exitCodes } from '../../errors.ts';
import { textFlag } from '../../flags.ts';
import { authorityDirectory, checkName, daysOf, writeKeyPair } from './files.ts';

const daysDefault = 3650;

export const caInitCommand: Command = {
  usage: '[flags]',
  description: `Makes a certificate authority for the API server, its etcd face, hosts and people: ca.crt for everybody, ca.key for nobody else.
Whoever has ca.key can be anybody: keep it off the hosts that do not issue certificates.`,
  flags: [
    { flags: '--dir <directory>', description: 'where ca.crt and ca.key go (default: /etc/calico)' },
    { flags: '--name <name>', description: 'what the authority is called', default: 'calico' },
    { flags: '--days <count>', description: 'how long it holds', default: String(daysDefault) },
  ],
  examples: ['calicoctl ca init', 'calicoctl ca init --dir /root/pki --name lab --days 365'],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const directory = authorityDirectory(context, flags);
  const name = checkName(textFlag(flags, 'name') ?? '', '--name');
  const days = daysOf(flags);
  const { createAuthority } = await import('#appliance/pki/authority.ts');
  const authority = await createAuthority(name, { from: new Date(), days });
  await writeKeyPair(context, join(directory, 'ca'), authority);
  return exitCodes.ok;
}
