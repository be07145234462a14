/** A watch on a server that falls silent, with a clock that moves when told. */
import { PassThrough } from 'node:stream';
import { mock } from 'node:test';
import test from 'ava';
import type { WatchStream } from '#appliance/datastore/etcd/client.ts';
import { WatchSession } from '#appliance/datastore/etcd/watch-session.ts';

test.before(() => mock.timers.enable({ apis: ['setInterval'] }));
test.after.always(() => mock.timers.reset());

test('silence is asked about after three seconds, and is the end after six', async (t) => {
  const written: unknown[] = [];
  let abandoned = 0;
  const stream = Object.assign(new PassThrough({ objectMode: true }), {
    cancel: () => undefined,
    end: () => undefined,
    write: (request: unknown) => written.push(request) > 0,
  });
  const opened = { stream: stream as unknown as WatchStream['stream'], abandon: () => void abandoned++ };
  const session = new WatchSession(opened, 1);
  const answer = () => stream.emit('data', { watch_id: '-1', header: { revision: '0' }, events: [] });
  const next = session.next();
  for (let second = 0; second < 5; second++) mock.timers.tick(1_000);
  t.is(written.length, 3);
  answer();
  for (let second = 0; second < 5; second++) mock.timers.tick(1_000);
  t.is(abandoned, 0);
  mock.timers.tick(1_000);
  t.is(abandoned, 1);
  await t.throwsAsync(next, { code: 'STORE_UNAVAILABLE', message: /fell silent/ });
});
