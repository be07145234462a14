/** A file as lines of bytes, with memory for the longest line alone. I/O. */
import type { FileHandle } from 'node:fs/promises';
import { backupErrors } from './errors.ts';

export interface Line {
  /** Without the newline. */
  readonly bytes: Buffer;
  /** False for a last line that no newline ends. */
  readonly isWhole: boolean;
}

const chunkBytes = 256 * 1024;
/** The largest value a store takes is 8 MiB, and JSON may make six bytes of one. */
const lineBytesMax = 64 * 1024 * 1024;

/** The lines from the start of the file. */
export async function* readLines(file: FileHandle): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let length = 0;
  for (let position = 0; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, position);
    if (bytesRead === 0) break;
    position += bytesRead;
    let start = 0;
    for (let end = buffer.indexOf(0x0a); end >= 0 && end < bytesRead; end = buffer.indexOf(0x0a, start)) {
      parts.push(buffer.subarray(start, end));
      yield { bytes: Buffer.concat(parts), isWhole: true };
      parts = [];
      length = 0;
      start = end + 1;
    }
    parts.push(buffer.subarray(start, bytesRead));
    length += bytesRead - start;
    if (length > lineBytesMax) throw backupErrors.fail('BACKUP_FOREIGN', 'a line is too long');
  }
  if (length > 0) yield { bytes: Buffer.concat(parts), isWhole: false };
}
