/** How a stream of the client library is left without harm to the others. I/O. */
import type { ClientDuplexStream } from '@grpc/grpc-js';

/**
 * Cancels a stream. Cancelling reports itself as an error of the stream, and the library takes an error of a stream that is
 * still writable for a failed server and drops every connection to it: so it is ended first.
 */
export function endQuietly<Request, Response>(stream: ClientDuplexStream<Request, Response>): void {
  stream.on('error', () => undefined);
  stream.end();
  stream.cancel();
}
