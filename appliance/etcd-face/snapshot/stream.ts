/** A snapshot as Maintenance sends it: pieces of the file, what is still to come, and a digest of all of it at the end. I/O. */
import { createHash } from 'node:crypto';
import type { SnapshotFile } from './file.ts';

export interface SnapshotPiece {
  readonly remaining_bytes: number;
  readonly blob: Buffer;
}

/** One message carries at least this much, but for the last ones. */
const pieceBytes = 32 * 1024;

/** The pieces of `file`, its sha256 last. */
export async function* snapshotPieces(file: SnapshotFile): AsyncGenerator<SnapshotPiece> {
  const digest = createHash('sha256');
  let remaining = file.bytes;
  for await (const blob of gathered(file.pages())) {
    digest.update(blob);
    remaining -= blob.length;
    yield { remaining_bytes: remaining, blob };
  }
  yield { remaining_bytes: 0, blob: digest.digest() };
}

async function* gathered(pages: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for await (const page of pages) {
    waiting.push(page);
    bytes += page.length;
    if (bytes < pieceBytes) continue;
    yield Buffer.concat(waiting, bytes);
    waiting = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(waiting, bytes);
}
