import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import test from 'ava';
import fc from 'fast-check';
import { encodeEvent, encodeRangeResponse, encodeWatchResponse } from '#appliance/etcd-face/encode.ts';
import type { WireKeyValue, WireRangeResponse, WireWatchResponse } from '#appliance/etcd-face/wire.ts';
import { bigintToLong } from '#appliance/etcd-face/wire.ts';

const definitions = loadSync('rpc.proto', {
  includeDirs: [fileURLToPath(new URL('../../../appliance/etcd-face/protos', import.meta.url))],
  keepCase: true,
  defaults: true,
});
const reference = (service: string, method: string) =>
  (definitions[`etcdserverpb.${service}`] as ServiceDefinition)[method]!;

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const revision = fc.oneof(fc.nat(300), fc.maxSafeNat());
const id = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => bigintToLong(value, true));
const lease = fc.oneof(
  fc.constant(0),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => bigintToLong(value)),
);
const header = fc.record({ cluster_id: id, member_id: id, revision, raft_term: fc.nat(3) });
const keyValue: fc.Arbitrary<WireKeyValue> = fc.record({
  key: bytes,
  create_revision: revision,
  mod_revision: revision,
  version: revision,
  value: bytes,
  lease,
});
const rangeResponse: fc.Arbitrary<WireRangeResponse> = fc.record({
  header,
  kvs: fc.array(keyValue, { maxLength: 8 }),
  more: fc.boolean(),
  count: revision,
});
const event = fc.record(
  { type: fc.constantFrom(0 as const, 1 as const), kv: keyValue, prev_kv: keyValue },
  { requiredKeys: ['type', 'kv'] },
);
const watchResponse: fc.Arbitrary<WireWatchResponse> = fc.record(
  {
    header,
    watch_id: fc.integer({ min: -1 }),
    created: fc.boolean(),
    canceled: fc.boolean(),
    compact_revision: revision,
    cancel_reason: fc.string({ unit: 'grapheme' }),
    fragment: fc.boolean(),
    events: fc.array(event, { maxLength: 8 }),
  },
  { requiredKeys: ['header', 'watch_id'] },
);

test('`encodeRangeResponse()` says what the protobuf library says', (t) => {
  const { responseSerialize, responseDeserialize } = reference('KV', 'Range');
  fc.assert(
    fc.property(rangeResponse, (response) =>
      isDeepStrictEqual(
        responseDeserialize(encodeRangeResponse(response)),
        responseDeserialize(responseSerialize(response)),
      ),
    ),
  );
  t.pass();
});

test('`encodeWatchResponse()` says what the protobuf library says', (t) => {
  const { responseSerialize, responseDeserialize } = reference('Watch', 'Watch');
  fc.assert(
    fc.property(watchResponse, (response) =>
      isDeepStrictEqual(
        responseDeserialize(encodeWatchResponse(response)),
        responseDeserialize(responseSerialize(response)),
      ),
    ),
  );
  t.pass();
});

test('`encodeRangeResponse()` leaves defaults out, as etcd does', (t) => {
  const header = { cluster_id: bigintToLong(1n), member_id: bigintToLong(300n), revision: 0, raft_term: 1 };
  const encoded = encodeRangeResponse({ header, kvs: [], more: false, count: 0 });
  t.is(encoded.toString('hex'), '0a07080110ac022001');
});

test('`encodeWatchResponse()` takes events that are encoded already for the same as those that are not', (t) => {
  const check = fc.property(watchResponse, fc.nat(8), (response, count) => {
    const events = response.events ?? [];
    const mixed = { ...response, events: events.slice(0, count), encodedEvents: events.slice(count).map(encodeEvent) };
    t.deepEqual(encodeWatchResponse(mixed), encodeWatchResponse(response));
  });
  t.notThrows(() => fc.assert(check, { numRuns: 300 }));
});
