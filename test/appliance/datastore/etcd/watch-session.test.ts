import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { WatchStream } from '#appliance/datastore/etcd/client.ts';
import { WatchSession } from '#appliance/datastore/etcd/watch-session.ts';

/** A stream that a test fills by hand. */
function fakeStream() {
  const written: unknown[] = [];
  const stream = Object.assign(new PassThrough({ objectMode: true }), {
    cancel: () => undefined,
    write(request: unknown) {
      written.push(request);
      return true;
    },
    end: () => undefined,
  });
  const answer = (fields: object) =>
    stream.emit('data', { header: { revision: '0' }, watch_id: '0', events: [], compact_revision: '0', ...fields });
  const opened: WatchStream = { stream: stream as unknown as WatchStream['stream'], abandon: () => undefined };
  return { stream, opened, answer, written };
}

const put = (revision: number) => ({
  type: 'Put',
  prev_kv: null,
  kv: {
    key: Buffer.from('/a'),
    value: Buffer.from(''),
    create_revision: '2',
    mod_revision: `${revision}`,
    version: '1',
    lease: '0',
  },
});

test('a session is as far as its last event, however far the header is', async (t) => {
  const { opened, answer } = fakeStream();
  const session = new WatchSession(opened, 5);
  answer({ created: true, header: { revision: '90' } });
  answer({ header: { revision: '90' }, events: [put(7), put(8)] });
  t.is((await session.next())?.revision, 8);
  t.is(session.nextRevision, 9);
  answer({ header: { revision: '95' } });
  t.like(await session.next(), { revision: 95, events: [] });
  session.close();
});

test('a session takes an answer to a progress request for a sign of life only, unless somebody asked', async (t) => {
  const { opened, answer } = fakeStream();
  const session = new WatchSession(opened, 0);
  answer({ created: true, header: { revision: '10' } });
  t.is(session.nextRevision, 11);
  answer({ watch_id: '-1', header: { revision: '50' } });
  answer({ events: [put(12)] });
  t.is((await session.next())?.revision, 12);
  session.close();
});

test('a session believes the answer to a progress request when the watch itself is as far', async (t) => {
  const { opened, answer, written } = fakeStream();
  const session = new WatchSession(opened, 5);
  answer({ created: true, header: { revision: '9' } });
  session.requestProgress();
  t.deepEqual(written, [{ progress_request: {} }]);
  answer({ events: [put(7)] });
  answer({ header: { revision: '9' } });
  answer({ watch_id: '-1', header: { revision: '9' } });
  t.is((await session.next())?.revision, 7);
  t.deepEqual(await session.next(), { revision: 9, events: [] });
  t.false(session.isProgressWanted);
  t.is(session.nextRevision, 10);
  session.close();
});

test('a session asks again when an answer is ahead of its watch, and takes the first when nothing came in between', async (t) => {
  const { opened, answer, written } = fakeStream();
  const session = new WatchSession(opened, 5);
  answer({ created: true, header: { revision: '9' } });
  session.requestProgress();
  answer({ watch_id: '-1', header: { revision: '9' } });
  answer({ events: [put(8)] });
  const event = await session.next();
  t.is(event?.revision, 8);
  const reading = session.next();
  for (const revision of ['9', '12']) {
    const before = written.length;
    while (written.length === before) await sleep(5);
    answer({ watch_id: '-1', header: { revision } });
  }
  t.deepEqual(await reading, { revision: 9, events: [] });
  t.is(session.nextRevision, 9, 'a new session would still look for what this one was not told');
  session.close();
});

test('a session does not take the answer to an earlier request for that to a later one', async (t) => {
  const { opened, answer } = fakeStream();
  const session = new WatchSession(opened, 20);
  answer({ created: true, header: { revision: '9' } });
  session.requestProgress();
  session.requestProgress();
  answer({ watch_id: '-1', header: { revision: '9' } });
  t.is((await session.next())?.revision, 9);
  t.true(session.isProgressWanted);
  answer({ watch_id: '-1', header: { revision: '12' } });
  t.is((await session.next())?.revision, 12);
  t.false(session.isProgressWanted);
  session.close();
});

test('a session proves an answer though others ask again and again meanwhile', async (t) => {
  const { opened, answer, written } = fakeStream();
  const session = new WatchSession(opened, 5);
  answer({ created: true, header: { revision: '9' } });
  const asking = setInterval(() => session.requestProgress(), 20);
  session.requestProgress();
  answer({ watch_id: '-1', header: { revision: '9' } });
  while (written.length < 2) await sleep(5);
  answer({ watch_id: '-1', header: { revision: '12' } });
  t.is((await session.next())?.revision, 9);
  clearInterval(asking);
  session.close();
});

test('a session is not led back by an answer older than its events', async (t) => {
  const { opened, answer } = fakeStream();
  const session = new WatchSession(opened, 5);
  answer({ created: true, header: { revision: '9' } });
  session.requestProgress();
  answer({ events: [put(7)] });
  answer({ watch_id: '-1', header: { revision: '6' } });
  t.is((await session.next())?.revision, 7);
  t.deepEqual(await session.next(), { revision: 7, events: [] });
  session.close();
});

test('a session takes no answers that waited together for the proof of one another', async (t) => {
  const { opened, answer, written } = fakeStream();
  const session = new WatchSession(opened, 5);
  answer({ created: true, header: { revision: '9' } });
  session.requestProgress();
  while (written.length < 2) await sleep(20); // nothing is heard, as when the stream is not read
  answer({ watch_id: '-1', header: { revision: '9' } });
  answer({ watch_id: '-1', header: { revision: '9' } });
  answer({ events: [put(8)] });
  t.is((await session.next())?.revision, 8);
  session.close();
});

test('a session hands out no event twice, even when the server goes back', async (t) => {
  const { opened, answer } = fakeStream();
  const session = new WatchSession(opened, 5);
  answer({ created: true, header: { revision: '9' } });
  answer({ events: [put(6), put(7)] });
  answer({ events: [put(5), put(6)] });
  answer({ events: [put(6), put(7), put(8)] });
  t.is((await session.next())?.events.length, 2);
  const next = await session.next();
  t.deepEqual([next?.revision, next?.events.map(({ entry }) => entry.modRevision)], [8, [8]]);
  session.close();
});

test('a session stops reading when nobody takes what it has, and goes on later', async (t) => {
  const { stream, opened, answer } = fakeStream();
  const session = new WatchSession(opened, 1);
  for (let i = 1; i <= 63; i++) answer({ events: [put(i)] });
  t.false(stream.isPaused());
  answer({ events: [put(64)] });
  t.true(stream.isPaused());
  for (let i = 1; i <= 64; i++) t.is((await session.next())?.revision, i);
  t.false(stream.isPaused());
  session.close();
});

test('a session hands out what it has before the error that ended it', async (t) => {
  const { opened, answer } = fakeStream();
  const session = new WatchSession(opened, 1);
  answer({ events: [put(3)] });
  answer({ canceled: true, compact_revision: '9' });
  t.is((await session.next())?.revision, 3);
  const error = await t.throwsAsync(session.next(), { code: 'STORE_COMPACTED' });
  t.like(error, { details: { compactRevision: 9 } });
});
