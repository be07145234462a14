/**
 * etcd's Watch service: many watches on one stream, each fed by a watch of the store and pulled only as fast as the client
 * takes what is sent. A watch the store cut off for being slow is taken up again from history, as etcd does. I/O.
 */
import type { handleBidiStreamingCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import { asServiceError, type FaceContext } from './context.ts';
import type { OpenStreams } from './open-streams.ts';
import { tooLarge } from './protocol.ts';
import { refusals } from './status.ts';
import { WatchStream } from './watch-stream.ts';
import type { WireWatchRequest, WireWatchResponse } from './wire.ts';

/** The Watch method. */
export function watchService(face: FaceContext, streams: OpenStreams): UntypedServiceImplementation {
  const watch: handleBidiStreamingCall<WireWatchRequest, WireWatchResponse> = (call) => {
    const stream = new WatchStream(face, face.identityOf(call), {
      write: (response) => call.write(response),
      onceDrained: (resume) => void call.once('drain', resume),
      fail: (refusal) => void call.emit('error', asServiceError(refusal)),
    });
    const forget = streams.add(call);
    const close = () => {
      forget();
      stream.close();
    };
    call.on('data', (request: WireWatchRequest | typeof tooLarge) => {
      if (request === tooLarge) return void call.emit('error', asServiceError(refusals.tooLarge));
      // Whoever asks and does not read is not read any more either.
      call.pause();
      void stream.receive(request).then(() => call.resume());
    });
    call.on('end', () => {
      close();
      call.end();
    });
    call.on('error', close);
    call.on('cancelled', close);
  };
  return { Watch: watch };
}
