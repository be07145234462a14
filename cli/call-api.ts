/** Requests of commands to paths of the API server that are no resources. I/O. */
import { errorOfAnswer } from './api-errors.ts';
import type { FlagValues } from './command.ts';
import { readApiSettings } from './config.ts';
import type { CliContext } from './context.ts';
import { textFlag } from './flags.ts';
import { createTransport, type Method } from './transport.ts';

/** The body of a good answer. `what` names the thing asked for, in messages. Throws an error of the catalogue otherwise. */
export async function callApi(
  context: CliContext,
  flags: FlagValues,
  request: { readonly method: Method; readonly path: string; readonly body?: unknown },
  what: { readonly operation: string; readonly kind: string; readonly name: string; readonly namespace?: string },
): Promise<Record<string, unknown>> {
  const given = { config: textFlag(flags, 'config'), api: textFlag(flags, 'api') };
  const transport = createTransport(await readApiSettings(context.env, given));
  try {
    const answer = await transport.request(request.method, request.path, request.body);
    if (answer.status >= 200 && answer.status < 300) return (answer.body ?? {}) as Record<string, unknown>;
    const { operation, kind, name, namespace } = what;
    throw errorOfAnswer(answer, operation, { kind, name, namespace });
  } finally {
    transport.close();
  }
}
