/**
 * What LevelDB's write-ahead logs say of writes that are no longer in them. Each acknowledged batch carries a number, one more than the
 * batch before: a number that is missing in front of a later one was acknowledged and is lost. A tail that is missing may never have been;
 * that is for the mark of what was acknowledged to say. Pure.
 */
import { markKey } from '../mvcc/keys.ts';
import { decodeNumber } from '../mvcc/records.ts';
import { ByteReader, MalformedBytes } from './byte-reader.ts';
import type { LogContent } from './log-format.ts';

export interface NamedLog {
  readonly name: string;
  readonly content: LogContent;
}

/** The key under which each acknowledged batch leaves its number. */
export const sequenceKey = markKey('sequence');

/** Logs in the order they were written -> what is certainly lost, and what may be. */
export function findLostWrites(logs: readonly NamedLog[]): { readonly lost: string[]; readonly doubts: string[] } {
  const lost: string[] = [];
  const doubts: string[] = [];
  let last: number | undefined;
  let doubt: string | undefined;
  for (const { name, content } of logs) {
    let read = 0;
    const take = (end: number) => {
      for (; read < end; read++) {
        const number = sequenceOf(content.records[read]!);
        if (number === undefined) continue;
        const isNext = last === undefined ? doubt === undefined : number === last + 1;
        if (!isNext) lost.push(doubt ?? `the file ${name} lacks the writes before number ${number}`);
        last = number;
        doubt = undefined;
      }
    };
    for (const damage of content.damages) {
      take(damage.after);
      doubt ??= `the file ${name} does not match its checksum at byte ${damage.offset}`;
      doubts.push(doubt);
    }
    take(content.records.length);
    if (!content.isTorn) continue;
    doubt ??= `the file ${name} ends in the middle of a record`;
    doubts.push(doubt);
  }
  return { lost, doubts };
}

const headerBytes = 12;

/** The number in a batch; undefined for one that was never acknowledged, and for what is no batch: LevelDB refuses that itself. */
function sequenceOf(batch: Buffer): number | undefined {
  try {
    const reader = new ByteReader(batch, headerBytes);
    while (!reader.isAtEnd) {
      const isPut = reader.byte() === 1;
      const key = reader.text();
      const value = isPut ? reader.text() : undefined;
      if (value !== undefined && key.equals(sequenceKey)) return decodeNumber(sequenceKey, value);
    }
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error;
  }
  return undefined;
}
