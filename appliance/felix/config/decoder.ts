/**
 * Reads single parameters by the types of their rows, for the files that say which one feeds which field. What cannot be used is replaced by the default
 * and reported. Pure.
 */
import { assert } from '../../lib/assert.ts';
import type { ResolvedValue } from './layers.ts';
import { parameterOf } from './parameter-rows.ts';
import { type TextReader, type TextReaders, textReaders } from './parameter-text.ts';

export type Decoder = ReturnType<typeof createDecoder>;

type ValueOf<K extends keyof TextReaders> = TextReaders[K] extends TextReader<infer T> ? T : never;

/** `problems` gets what could not be used. */
export function createDecoder(values: ReadonlyMap<string, ResolvedValue>, problems: string[]) {
  return {
    /** The value of a parameter whose row has type `type`. */
    read<K extends keyof TextReaders>(name: string, type: K): ValueOf<K> {
      return readWith(name, type, textReaders[type] as unknown as TextReader<ValueOf<K>>);
    },
    /** The fields' unions are the words of the rows; a test compares them. */
    word<T extends string>(name: string): T {
      return readWith(name, 'enum', textReaders.enum) as T;
    },
    /** A word, or the empty text for `none`. */
    wordOrNone(name: string): string {
      return readWith(name, 'enum', { ...textReaders.enum, zero: { value: '' } });
    },
    /** An integer the kernel's field can hold, where the row alone would allow more. */
    within(name: string, minimum: number, maximum: number): number {
      const read: TextReader<number>['read'] = (text, row) =>
        textReaders.integer.read(text, { ...row, minimum, maximum });
      return readWith(name, 'integer', minimum > 0 ? { read } : { read, zero: { value: 0 } });
    },
    /** The value of a parameter whose text means more than its row's type says. */
    readAs: readWith,
    given<K extends string, T>(key: K, value: T | undefined) {
      return (value === undefined ? {} : { [key]: value }) as { [P in K]?: T };
    },
  };

  function readWith<T>(name: string, type: keyof TextReaders, reader: TextReader<T>): T {
    const row = parameterOf(name);
    assert(row.type === type, `${name} is of type ${row.type}`);
    const given = values.get(name.toLowerCase());
    const decoded = given === undefined ? undefined : readText(given.text);
    if (decoded !== undefined) return decoded.value;
    if (given !== undefined)
      problems.push(`${name}: cannot use ${JSON.stringify(given.text)} (from ${given.layer}); the default applies`);
    const byDefault = row.default === '' ? reader.zero : readText(row.default);
    assert(byDefault !== undefined, `${name}: the default cannot be read`);
    return byDefault.value;

    function readText(text: string): { readonly value: T } | undefined {
      if (text.toLowerCase() === 'none') return reader.zero;
      const value = reader.read(text, row);
      return value === undefined ? undefined : { value };
    }
  }
}
