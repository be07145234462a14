/** A watch's lines -> events; an answer that is an error becomes one of the catalogue. I/O through the transport. */
import { errorOfAnswer, type Target } from './api-errors.ts';
import type { WatchEvent } from './client.ts';
import type { Transport } from './transport.ts';

/** Events until the server ends the answer. Throws CLI_EXPIRED when the revision to begin from is gone. */
export async function* watchLines(
  transport: Transport,
  path: string,
  target: Target,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent> {
  const { status, lines } = await transport.stream(path, signal);
  for await (const line of lines) {
    if (signal.aborted) return;
    const value = JSON.parse(line) as WatchEvent & { code?: number };
    if (status !== 200) throw errorOfAnswer({ status, body: value }, 'watch', target);
    if (value.type === 'ERROR') {
      const body = value.object as unknown as { code?: number };
      throw errorOfAnswer({ status: body.code ?? 500, body }, 'watch', target);
    }
    yield value;
  }
  if (status !== 200 && !signal.aborted) throw errorOfAnswer({ status, body: undefined }, 'watch', target);
}
