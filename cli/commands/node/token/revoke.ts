/** `calicoctl node token revoke`: no host joins by this token any more. I/O. */
import { callApi } from '../../../call-api.ts';
import type { Command, FlagValues } from '../../../command.ts';
import type { CliContext } from '../../../context.ts';
import { exitCodes } from '../../../errors.ts';
import { connectionFlags } from '../../../flags.ts';

export const nodeTokenRevokeCommand: Command = {
  usage: 'ID [flags]',
  description: 'Ends a join token at once. Hosts that have joined by it keep their certificates.',
  flags: connectionFlags,
  examples: ['calicoctl node token revoke 4k2j9x0a1b'],
  positionals: { min: 1, max: 1 },
  run,
};

async function run(context: CliContext, [id = '']: readonly string[], flags: FlagValues): Promise<number> {
  const request = { method: 'DELETE', path: `/enrolment/v1/tokens/${encodeURIComponent(id)}` } as const;
  await callApi(context, flags, request, { operation: 'delete', kind: 'JoinToken', name: id });
  context.out(`Join token ${id} is revoked\n`);
  return exitCodes.ok;
}
