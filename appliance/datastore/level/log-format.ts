/** LevelDB's log format, in which its write-ahead log and its manifest are kept. Pure. Source: LevelDB's doc/log_format.md. */
import { maskedCrc32c } from './crc32c.ts';

/** What a file in log format holds. */
export interface LogContent {
  /** Whole records that fit their checksums. */
  readonly records: readonly Buffer[];
  /** Where bytes stand that are no record; LevelDB skips to the next block behind them. */
  readonly damages: readonly Damage[];
  /** The file ends inside a record, as a crash in the middle of writing leaves it. */
  readonly isTorn: boolean;
}

export interface Damage {
  /** In the file. */
  readonly offset: number;
  /** Records read before it. */
  readonly after: number;
}

const blockBytes = 32 * 1024;
const headerBytes = 7;
const types = { full: 1, first: 2, middle: 3, last: 4 } as const;

/** Reads all of a file. */
export function readLog(bytes: Buffer): LogContent {
  const records: Buffer[] = [];
  const damages: Damage[] = [];
  let parts: Buffer[] = [];
  let isTorn = false;
  const damage = (offset: number) => {
    damages.push({ offset, after: records.length });
    parts = [];
  };
  for (let at = 0; at < bytes.length; ) {
    const blockEnd = Math.min(bytes.length, at - (at % blockBytes) + blockBytes);
    const fragment = readFragment(bytes, at, blockEnd);
    if (fragment === 'padding') {
      at = blockEnd;
    } else if (fragment === 'torn') {
      isTorn = true;
      break;
    } else if (fragment === 'damaged') {
      damage(at);
      at = blockEnd;
    } else {
      const { type, content } = fragment;
      const continues = type === types.middle || type === types.last;
      if (continues !== parts.length > 0) damage(at);
      if (!continues || parts.length > 0) parts.push(content);
      if (type === types.full || (type === types.last && parts.length > 0)) {
        records.push(parts.length === 1 ? content : Buffer.concat(parts));
        parts = [];
      }
      at += headerBytes + content.length;
    }
  }
  return { records, damages, isTorn: isTorn || parts.length > 0 };
}

type Fragment = { readonly type: number; readonly content: Buffer };

function readFragment(bytes: Buffer, at: number, blockEnd: number): Fragment | 'padding' | 'torn' | 'damaged' {
  const isLastBlock = blockEnd === bytes.length && blockEnd % blockBytes !== 0;
  if (blockEnd - at < headerBytes) return isLastBlock ? 'torn' : 'padding';
  const length = bytes.readUInt16LE(at + 4);
  const type = bytes[at + 6]!;
  if (type === 0 && length === 0) return 'padding';
  const end = at + headerBytes + length;
  if (end > blockEnd) return isLastBlock ? 'torn' : 'damaged';
  if (bytes.readUInt32LE(at) !== maskedCrc32c(bytes, at + 6, end)) return 'damaged';
  if (type < types.full || type > types.last) return 'damaged';
  return { type, content: bytes.subarray(at + headerBytes, end) };
}
