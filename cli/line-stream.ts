/** The lines of an HTTP answer that has no end, such as a watch: decoded as they come. I/O. */
import type { IncomingMessage, RequestOptions } from 'node:http';
import { cliError, errorText } from './errors.ts';
import type { LineStream } from './transport.ts';

/** Sends the request and resolves with the head of the answer. */
export function openLines(
  request: typeof import('node:http').request,
  options: RequestOptions,
  signal: AbortSignal,
): Promise<LineStream> {
  const headers = { accept: 'application/json', ...(options.headers as Record<string, string> | undefined) };
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...options, method: 'GET', headers, signal }, (incoming) => {
      resolve({ status: incoming.statusCode ?? 0, lines: linesOf(incoming) });
    });
    outgoing.on('error', (error) =>
      reject(cliError('CLI_UNREACHABLE', `cannot reach the API server: ${errorText(error)}`)),
    );
    outgoing.end();
  });
}

/** A connection that breaks ends the lines; whoever reads decides whether to ask again. */
async function* linesOf(incoming: IncomingMessage): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of incoming) {
      const parts = (rest + decoder.decode(chunk as Buffer, { stream: true })).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) if (part !== '') yield part;
    }
  } catch {
    return; // aborted, or the server went away
  }
  if (rest.trim() !== '') yield rest;
}
