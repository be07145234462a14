/** `calicoctl token create`: a bearer token for a service account. I/O. */
import { callApi } from '../../call-api.ts';
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { exitCodes } from '../../errors.ts';
import { connectionFlags, listFlag, namespaceFlag, textFlag } from '../../flags.ts';
import { parseSeconds } from '../../seconds.ts';

export const tokenCreateCommand: Command = {
  usage: 'NAME [flags]',
  description: `Prints a token for the service account NAME, which a program sends as "Authorization: Bearer TOKEN" (CALICO_API_TOKEN_FILE
for calicoctl). It ends by itself, and at once when the service account is deleted.`,
  flags: [
    namespaceFlag,
    { flags: '--duration <time>', description: 'how long it holds: 10m at least', default: '1h' },
    {
      flags: '--audience <audience>',
      description: "for whom it is (default: the API server's own); may be repeated",
      isRepeatable: true,
    },
    ...connectionFlags,
  ],
  examples: ['calicoctl token create ci', 'calicoctl token create ci -n build --duration 7d'],
  positionals: { min: 1, max: 1 },
  run,
};

async function run(context: CliContext, [name = '']: readonly string[], flags: FlagValues): Promise<number> {
  const namespace = textFlag(flags, 'namespace') ?? 'default';
  const expirationSeconds = parseSeconds(textFlag(flags, 'duration') ?? '', '--duration');
  const account = `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(name)}`;
  const body = {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    spec: { audiences: listFlag(flags, 'audience'), expirationSeconds },
  };
  const request = { method: 'POST', path: `${account}/token`, body } as const;
  const answer = await callApi(context, flags, request, {
    operation: 'create',
    kind: 'ServiceAccount',
    name,
    namespace,
  });
  const { spec, status } = answer as { spec: { expirationSeconds: number }; status: { token: string } };
  if (spec.expirationSeconds < expirationSeconds)
    context.err(`The server gives tokens for ${spec.expirationSeconds} s at most; this one ends then.\n`);
  context.out(`${status.token}\n`);
  return exitCodes.ok;
}
