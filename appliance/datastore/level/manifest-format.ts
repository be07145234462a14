/** LevelDB's manifest: records of changes that add up to the list of files a database consists of. Pure. Source: LevelDB's doc/impl.md. */
import { ByteReader, MalformedBytes } from './byte-reader.ts';
import type { KeySpan } from './table-format.ts';

/** A table as the manifest knows it. */
export interface TableEntry extends KeySpan {
  readonly number: number;
  readonly bytes: number;
}

export interface Manifest {
  readonly tables: readonly TableEntry[];
  /** Logs from this number on hold what is in no table yet. */
  readonly firstLog: number;
  readonly previousLog: number;
}

/** What the records add up to. Throws MalformedBytes when one is none of LevelDB's, or the numbers are missing that it cannot do without. */
export function readManifest(records: readonly Buffer[]): Manifest {
  const state: State = { tables: new Map(), firstLog: 0, previousLog: 0, numbers: new Set() };
  for (const record of records) {
    const reader = new ByteReader(record);
    while (!reader.isAtEnd) applyChange(state, reader);
  }
  if (state.numbers.size < numberTags.length) throw new MalformedBytes('ends before it says what to go on with');
  const { firstLog, previousLog } = state;
  return { tables: [...state.tables.values()], firstLog, previousLog };
}

/** The first log, the next file and the last write. */
const numberTags: readonly number[] = [2, 3, 4];

interface State {
  readonly tables: Map<string, TableEntry>;
  firstLog: number;
  previousLog: number;
  /** Those of `numberTags` that were met. */
  readonly numbers: Set<number>;
}

function applyChange(state: State, reader: ByteReader): void {
  const tag = reader.varint();
  const change = changes[tag];
  if (change === undefined) throw new MalformedBytes(`has a change of unknown kind ${tag}`);
  change(state, reader);
  if (numberTags.includes(tag)) state.numbers.add(tag);
}

/** By tag, in LevelDB's numbers. */
const changes: Readonly<Record<number, (state: State, reader: ByteReader) => void>> = {
  1: (_state, reader) => void reader.text(), // the order of keys
  2: (state, reader) => {
    state.firstLog = reader.varint();
  },
  3: (_state, reader) => void reader.varint(), // the next file's number
  4: (_state, reader) => void reader.varint(), // the last write's number
  5: (_state, reader) => {
    reader.varint();
    reader.text(); // where a compaction goes on
  },
  6: (state, reader) => void state.tables.delete(`${reader.varint()}/${reader.varint()}`),
  7: (state, reader) => {
    const level = reader.varint();
    const [number, bytes, smallest, largest] = [reader.varint(), reader.varint(), reader.text(), reader.text()];
    state.tables.set(`${level}/${number}`, { number, bytes, smallest, largest });
  },
  9: (state, reader) => {
    state.previousLog = reader.varint();
  },
};
