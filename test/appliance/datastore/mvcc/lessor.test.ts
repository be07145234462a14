/** When leases run out, with one timer for all of them. */
import test from 'ava';
import { ManualStoreClock } from '#appliance/datastore/mvcc/clock.ts';
import { Lessor } from '#appliance/datastore/mvcc/lessor.ts';

test('Lessor reports each lease when its own time is over, whatever order they were granted in', (t) => {
  const { clock, lessor, expired } = create();
  for (const [id, seconds] of [
    [1n, 30],
    [2n, 10],
    [3n, 20],
  ] as const)
    lessor.start(id, seconds);
  for (const seconds of [9, 2, 9, 9, 2]) clock.advance(seconds * 1000);
  t.deepEqual(expired, [
    [10, 2n],
    [20, 3n],
    [30, 1n],
  ]);
});

test('Lessor restarts a lease, forgets one that is removed, and counts down whole seconds', (t) => {
  const { clock, lessor, expired } = create();
  lessor.start(1n, 10);
  lessor.start(2n, 10);
  clock.advance(7500);
  t.is(lessor.remainingSeconds(1n), 2);
  lessor.start(1n, 10);
  lessor.remove(2n);
  clock.advance(9000);
  t.deepEqual([expired, lessor.isExpired(1n)], [[], false]);
  clock.advance(1000);
  t.deepEqual(expired, [[17.5, 1n]]);
});

test('Lessor reports a lease again after a retry, and nothing after close()', (t) => {
  const { clock, lessor, expired } = create((ids) => ids);
  lessor.start(1n, 1);
  clock.advance(1000);
  lessor.retry(1000);
  clock.advance(1000);
  t.deepEqual(expired, [
    [1, 1n],
    [2, 1n],
  ]);
  lessor.start(2n, 1);
  lessor.close();
  clock.advance(5000);
  t.is(expired.length, 2);
});

function create(keep: (ids: bigint[]) => bigint[] = () => []) {
  const clock = new ManualStoreClock();
  const expired: [number, bigint][] = [];
  const lessor = new Lessor(clock, (ids) => {
    for (const id of ids) {
      expired.push([clock.nowMs() / 1000, id]);
      if (!keep(ids).includes(id)) lessor.remove(id);
    }
  });
  return { clock, lessor, expired };
}
