/** `calicoctl node token list`: the join tokens the server knows; never their secrets. I/O. */
import { callApi } from '../../../call-api.ts';
import type { Command, FlagValues } from '../../../command.ts';
import type { CliContext } from '../../../context.ts';
import { exitCodes } from '../../../errors.ts';
import { connectionFlags } from '../../../flags.ts';
import { alignColumns } from '../../../output/tabwriter.ts';

export const nodeTokenListCommand: Command = {
  usage: '[flags]',
  description: 'Shows the join tokens that the server knows: how many hosts may still use each, and until when.',
  flags: connectionFlags,
  examples: ['calicoctl node token list'],
  positionals: { min: 0, max: 0 },
  run,
};

interface Row {
  readonly id: string;
  readonly node?: string;
  readonly usesLeft: number;
  readonly expires: string;
}

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const request = { method: 'GET', path: '/enrolment/v1/tokens' } as const;
  const answer = await callApi(context, flags, request, { operation: 'list', kind: 'JoinToken', name: '' });
  const rows = (answer as { items?: readonly Row[] }).items ?? [];
  const cells = rows.map(({ id, node, usesLeft, expires }) => [id, node ?? '(any new one)', String(usesLeft), expires]);
  context.out(alignColumns([['ID', 'NODE', 'USES LEFT', 'EXPIRES'], ...cells]));
  return exitCodes.ok;
}
