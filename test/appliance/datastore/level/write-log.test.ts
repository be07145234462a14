/** Which holes in LevelDB's logs are lost writes, and which a crash may have left. */
import test from 'ava';
import { findLostWrites, sequenceKey } from '#appliance/datastore/level/write-log.ts';
import { encodeNumber } from '#appliance/datastore/mvcc/records.ts';

/** A batch as LevelDB logs it; without a number it is one of the cleaner's, which nobody is told of. */
function batch(number?: number): Buffer {
  const header = Buffer.alloc(12);
  const put = (key: Buffer, value: Buffer) => [Buffer.from([1, key.length]), key, Buffer.from([value.length]), value];
  const removed = [Buffer.from([0, 1]), Buffer.from('x')];
  const numbered = number === undefined ? [] : put(sequenceKey, encodeNumber(sequenceKey, number));
  return Buffer.concat([header, ...removed, ...numbered]);
}

/** A log of batches; `damaged` says before which of them bytes could not be read. */
function log(name: string, batches: readonly Buffer[], damaged: readonly number[] = [], isTorn = false) {
  return { name, content: { records: batches, damages: damaged.map((after) => ({ after, offset: 7 })), isTorn } };
}

const cases: readonly (readonly [string, Parameters<typeof findLostWrites>[0], number, number])[] = [
  ['nothing in whole logs', [log('1.log', [batch(4), batch(), batch(5)]), log('2.log', [batch(6)])], 0, 0],
  ['a write that is missing between two others', [log('1.log', [batch(4), batch(6)])], 1, 0],
  ['a write that is missing between two logs', [log('1.log', [batch(4)]), log('2.log', [batch(6)])], 1, 0],
  ['a damage with a later write behind it', [log('1.log', [batch(4), batch(6)], [1])], 1, 1],
  ['a damage at the start, as nothing tells what stood there', [log('1.log', [batch(6)], [0])], 1, 1],
  ['a torn end that a later log goes on from', [log('1.log', [batch(4)], [], true), log('2.log', [batch(6)])], 1, 1],
  ['no damage of what nobody was told of', [log('1.log', [batch(4), batch(5)], [1])], 0, 1],
  ['no damage that only unnumbered batches follow', [log('1.log', [batch(4), batch()], [1])], 0, 1],
  ['no torn end', [log('1.log', [batch(4)], [], true)], 0, 1],
  ['no end of bytes that are no batch', [log('1.log', [batch(4), Buffer.from('short')])], 0, 0],
];

for (const [title, logs, lost, doubts] of cases) {
  test(`findLostWrites() finds ${title}`, (t) => {
    const found = findLostWrites(logs);
    t.deepEqual([found.lost.length, found.doubts.length], [lost, doubts], JSON.stringify(found));
    t.true([...found.lost, ...found.doubts].every((text) => /the file \d\.log /.test(text)));
  });
}
