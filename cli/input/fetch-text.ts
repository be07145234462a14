/** The text behind a URL given with `-f`, within limits of time and size. I/O. */
import { cliError, errorText } from '../errors.ts';

const timeoutMs = 30_000;
const bytesMax = 64 * 1024 * 1024;

/** Fetches a manifest. Throws CLI_INPUT that names the URL. */
export async function fetchText(url: string): Promise<string> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), headers: { accept: '*/*' } });
    if (!answer.ok) throw new Error(`server answered ${answer.status} ${answer.statusText}`.trimEnd());
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of answer.body ?? []) {
      size += chunk.length;
      if (size > bytesMax) throw new Error('it is larger than 64 MB');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    throw cliError('CLI_INPUT', `failed to execute command: unable to read URL "${url}": ${errorText(error)}${cause}`);
  }
}
