/** `calicoctl node token create`: what a new host joins with. I/O. */
import { type JoinToken, printJoinToken } from '#appliance/enrolment/join-token.ts';
import { callApi } from '../../../call-api.ts';
import type { Command, FlagValues } from '../../../command.ts';
import type { CliContext } from '../../../context.ts';
import { exitCodes, usageError } from '../../../errors.ts';
import { connectionFlags, textFlag } from '../../../flags.ts';
import { parseSeconds } from '../../../seconds.ts';

export const nodeTokenCreateCommand: Command = {
  usage: '[flags]',
  description: `Prints a token with which a host joins: calicoctl node join TOKEN there. It holds the API server's address, the fingerprint of
the authority and a secret; treat it as a password. Without --node it is good for hosts that are new; a host that exists needs one with its name.`,
  flags: [
    { flags: '--node <name>', description: 'the only node it is good for, also when that exists' },
    { flags: '--ttl <time>', description: 'how long it holds: 1m to 30d', default: '1h' },
    { flags: '--uses <count>', description: 'for how many hosts', default: '1' },
    ...connectionFlags,
  ],
  examples: ['calicoctl node token create', 'calicoctl node token create --node web-1 --ttl 10m'],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const node = textFlag(flags, 'node');
  const uses = textFlag(flags, 'uses') ?? '';
  if (!/^[1-9]\d{0,4}$/.test(uses)) throw usageError(`--uses: '${uses}' is not a count`);
  const ttlSeconds = parseSeconds(textFlag(flags, 'ttl') ?? '', '--ttl');
  const body = { ttlSeconds, uses: Number(uses), ...(node === undefined ? {} : { node }) };
  const request = { method: 'POST', path: '/enrolment/v1/tokens', body } as const;
  const answer = await callApi(context, flags, request, { operation: 'create', kind: 'JoinToken', name: node ?? '' });
  const { api, pin, id, secret } = answer as unknown as JoinToken;
  context.out(`${printJoinToken({ api, pin, id, secret, ...(node === undefined ? {} : { node }) })}\n`);
  return exitCodes.ok;
}
