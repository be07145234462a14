/** `calicoctl auth whoami`: who the server takes you for. I/O. */
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { exitCodes, usageError } from '../../errors.ts';
import { connectionFlags, textFlag } from '../../flags.ts';
import { printDocument } from '../../output/document.ts';
import { alignColumns } from '../../output/tabwriter.ts';
import { withClient } from '../../session.ts';

export const whoamiCommand: Command = {
  usage: '[flags]',
  description: 'Shows the user and the groups that your certificate, token or socket stand for.',
  flags: [{ flags: '-o, --output <format>', description: 'yaml or json' }, ...connectionFlags],
  examples: ['calicoctl auth whoami'],
  positionals: { min: 0, max: 0 },
  run,
};

interface Review {
  readonly status?: { readonly userInfo?: { readonly username?: string; readonly groups?: readonly string[] } };
}

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const output = textFlag(flags, 'output');
  if (output !== undefined && output !== 'json' && output !== 'yaml') {
    throw usageError(`unrecognized output format '${output}'`);
  }
  return withClient(context, flags, async (client) => {
    const body = { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' };
    const review = (await client.raw('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', body)) as Review;
    const { username = '', groups = [] } = review.status?.userInfo ?? {};
    if (output !== undefined) await printDocument(context, output, review);
    else
      context.out(
        `${alignColumns([
          ['ATTRIBUTE', 'VALUE'],
          ['Username', username],
          ['Groups', `[${groups.join(' ')}]`],
        ])}\n`,
      );
    return exitCodes.ok;
  });
}
