/** Cuts many events into answers of a bearable size: between revisions where that is possible, into fragments where it is not. Pure. */
import type { WatchEvent } from '../datastore/store.ts';

/** What an event takes besides its keys and values, at most. */
const overheadBytes = 100;

/** Parts of about `bytesMax`, cut between revisions only. */
export function cutBetweenRevisions(events: readonly WatchEvent[], bytesMax: number): WatchEvent[][] {
  const parts: WatchEvent[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  let revision = 0;
  for (const event of events) {
    const size = aboutBytes(event);
    if (bytes + size > bytesMax && event.entry.modRevision !== revision) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(event);
    bytes += size;
    revision = event.entry.modRevision;
  }
  return parts;
}

/** Pieces of at most `bytesMax` each; one event alone may be larger. */
export function cutAnywhere(encoded: readonly Buffer[], bytesMax: number): Buffer[][] {
  const pieces: Buffer[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const event of encoded) {
    if (bytes + event.length > bytesMax) {
      pieces.push([]);
      bytes = 0;
    }
    pieces.at(-1)!.push(event);
    bytes += event.length;
  }
  return pieces;
}

function aboutBytes({ entry, prev }: WatchEvent): number {
  const before = prev === undefined ? 0 : prev.key.length + prev.value.length;
  return entry.key.length + entry.value.length + before + overheadBytes;
}
