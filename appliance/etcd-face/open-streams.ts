/** The streams that are open on the face, so that closing it can tell each client to go elsewhere. */
import { asServiceError } from './context.ts';
import { refusals } from './status.ts';

interface Stream {
  emit(event: 'error', error: unknown): boolean;
}

export interface OpenStreams {
  /** Remembers `stream`; the answer forgets it. */
  add(stream: Stream): () => void;
  size(): number;
  /** Ends all of them with "server stopped"; clients reconnect on that. */
  stop(): void;
}

/** An empty set of streams. */
export function createOpenStreams(): OpenStreams {
  const open = new Set<Stream>();
  return {
    add(stream) {
      open.add(stream);
      return () => void open.delete(stream);
    },
    size: () => open.size,
    stop() {
      for (const stream of [...open]) stream.emit('error', asServiceError(refusals.stopped));
      open.clear();
    },
  };
}
