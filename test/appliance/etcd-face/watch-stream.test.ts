import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import { localIdentity } from '#appliance/etcd-face/access/identity.ts';
import { createRefusalLog } from '#appliance/etcd-face/access/refusal-log.ts';
import { headerFactory } from '#appliance/etcd-face/context.ts';
import { createEventEncoder } from '#appliance/etcd-face/encoded-event.ts';
import { WatchStream } from '#appliance/etcd-face/watch-stream.ts';
import type { WireWatchResponse } from '#appliance/etcd-face/wire.ts';
import { silentLogger as log } from '#appliance/lib/log.ts';
import { identity } from './face.ts';

const zero = { low: 0, high: 0, unsigned: false };
const create_request = {
  ...{ key: Buffer.from('/'), range_end: Buffer.from('0'), start_revision: zero, watch_id: zero },
  ...{ progress_notify: false, filters: [], prev_kv: false, fragment: false },
};

test('`WatchStream` sends nothing more into a full outlet until it is drained', async (t) => {
  const store = await openMemoryStore();
  const sent: WireWatchResponse[] = [];
  let isFull = false;
  let drain: (() => void) | undefined;
  const stream = new WatchStream(
    {
      store,
      log,
      identity,
      opsMax: 1,
      responseBytesMax: 1,
      progressIntervalMs: 60_000,
      stalledMaxMs: 60_000,
      refused: createRefusalLog(log),
      encodeEvent: createEventEncoder(),
      identityOf: () => localIdentity,
      header: headerFactory(identity),
    },
    localIdentity,
    {
      write: (response) => sent.push(response) > 0 && !isFull,
      onceDrained: (resume) => {
        drain = resume;
      },
      fail: () => t.fail(),
    },
  );
  stream.receive({ create_request });
  await sleep(20);
  isFull = true;
  for (let i = 0; i < 10; i++) await store.put(Buffer.from(`/${i}`), Buffer.from('x'));
  await sleep(20);
  const before = sent.flatMap((response) => response.encodedEvents ?? []).length;
  t.true(before < 10, `${before} events sent`);
  isFull = false;
  drain?.();
  await sleep(20);
  t.is(sent.flatMap((response) => response.encodedEvents ?? []).length, 10);
  stream.close();
  await store.close();
});
