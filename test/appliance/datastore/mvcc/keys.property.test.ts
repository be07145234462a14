/** The layout of the database: every name reads back, and order of bytes is order of what they name. */
import test from 'ava';
import fc from 'fast-check';
import {
  historyBounds,
  historyKey,
  leaseKey,
  logKey,
  parseHistoryKey,
  parseLeaseKey,
  parseLogKey,
  toBytes,
  toKey,
  toSpan,
} from '#appliance/datastore/mvcc/keys.ts';

const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31);
const bytes = fc
  .uint8Array({ minLength: 1, maxLength: 6 })
  .map((array) => Buffer.from(array.map((byte) => (byte % 3 === 0 ? 0 : byte))));
const revision = fc.maxSafeNat();

test(`historyKey() and parseHistoryKey() are inverse, and order is by key, then revision (seed ${seed})`, (t) => {
  const property = fc.property(bytes, revision, bytes, revision, (keyA, revisionA, keyB, revisionB) => {
    const [a, b] = [historyKey(toKey(keyA), revisionA), historyKey(toKey(keyB), revisionB)];
    const parsed = parseHistoryKey(a);
    const order = Buffer.compare(keyA, keyB) || Math.sign(revisionA - revisionB);
    return parsed.key === toKey(keyA) && parsed.revision === revisionA && Buffer.compare(a, b) === order;
  });
  fc.assert(property, { seed, numRuns: 1000 });
  t.pass();
});

test(`historyBounds() hold the history of the keys of a span and no other (seed ${seed})`, (t) => {
  const property = fc.property(
    bytes,
    fc.option(bytes, { nil: undefined }),
    bytes,
    revision,
    (key, rangeEnd, other, at) => {
      const { gte, lt } = historyBounds(toSpan({ key, ...(rangeEnd && { rangeEnd }) }));
      const place = historyKey(toKey(other), at);
      const isAfterEnd =
        rangeEnd === undefined ? !other.equals(key) : !isToEnd(rangeEnd) && Buffer.compare(other, rangeEnd) >= 0;
      const isWanted = Buffer.compare(other, key) >= 0 && !isAfterEnd;
      return isWanted === (Buffer.compare(place, gte) >= 0 && Buffer.compare(place, lt) < 0);
    },
  );
  fc.assert(property, { seed, numRuns: 1000 });
  t.pass();
});

test(`logKey(), leaseKey() and toKey() read back (seed ${seed})`, (t) => {
  const property = fc.property(
    revision,
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    bytes,
    (at, lease, key) => {
      return (
        parseLogKey(logKey(at)) === at && parseLeaseKey(leaseKey(lease)) === lease && toBytes(toKey(key)).equals(key)
      );
    },
  );
  fc.assert(property, { seed });
  t.pass();
});

function isToEnd(rangeEnd: Buffer): boolean {
  return rangeEnd.equals(Buffer.from([0]));
}
