import test from 'ava';
import type { Entry, WatchEvent } from '#appliance/datastore/store.ts';
import { wireEvent } from '#appliance/etcd-face/convert.ts';
import { cutAnywhere, cutBetweenRevisions } from '#appliance/etcd-face/cut-events.ts';
import { encodeEvent } from '#appliance/etcd-face/encode.ts';
import { createEventEncoder } from '#appliance/etcd-face/encoded-event.ts';

function put(modRevision: number, bytes = 10): WatchEvent {
  const key = Buffer.from(`/${modRevision}`);
  const entry: Entry = { key, value: Buffer.alloc(bytes), createRevision: 2, modRevision, version: 1, lease: 0n };
  return { type: 'put', entry };
}

test('an event encoder encodes an event once, and each event for itself', (t) => {
  const encode = createEventEncoder();
  const event = put(7);
  const bytes = encode(event);
  t.deepEqual(bytes, encodeEvent(wireEvent(event)));
  t.is(encode(event), bytes, 'the same bytes, not equal ones');
  t.notDeepEqual(encode(put(8)), bytes);
});

test('cutBetweenRevisions() leaves a revision whole, however large', (t) => {
  const events = [put(5, 900), put(5, 900), put(6, 10), put(7, 10), put(8, 900)];
  const parts = cutBetweenRevisions(events, 1000);
  t.deepEqual(
    parts.map((part) => part.map(({ entry }) => entry.modRevision)),
    [[5, 5], [6, 7], [8]],
  );
  t.deepEqual(cutBetweenRevisions([], 1000), []);
});

test('cutAnywhere() fills pieces in order and gives an event that is too large one of its own', (t) => {
  const pieces = cutAnywhere(
    [10, 20, 200, 30, 70, 1].map((length) => Buffer.alloc(length)),
    100,
  );
  t.deepEqual(
    pieces.map((piece) => piece.map(({ length }) => length)),
    [[10, 20], [200], [30, 70], [1]],
  );
});
