import test from 'ava';
import type { NftOperation } from '#appliance/kernel/kernel.ts';
import { findAttribute, MessageWriter, NLM, readList, readMessages } from '#appliance/kernel/netlink/message.ts';
import { encodeBatch, refuseNames } from '#appliance/kernel/netlink/nft-batch.ts';
import { encodeComment } from '#appliance/kernel/netlink/nft-operations.ts';
import { KeyPacker } from '#appliance/kernel/nft-keys.ts';

function encode(operations: readonly NftOperation[]) {
  const encoding = encodeBatch(new MessageWriter(64), operations, 100);
  let step = encoding.next();
  while (!step.done) step = encoding.next();
  const batch = step.value;
  return { ...batch, messages: readMessages(Buffer.from(batch.bytes)) };
}

const add: NftOperation = { type: 'add-table', table: 't' };

test('`encodeBatch()` frames the operations, numbers the messages and asks for one acknowledgement', (t) => {
  const { messages, operationOf } = encode([add, { type: 'add-chain', table: 't', chain: 'c' }]);
  t.deepEqual(
    messages.map(({ type }) => type),
    [0x10, 0xa00, 0xa03, 0x11],
  );
  t.deepEqual(
    messages.map(({ sequence }) => sequence),
    [100, 101, 102, 103],
  );
  t.deepEqual(operationOf, [-1, 0, 1, -1]);
  t.deepEqual(
    messages.map(({ flags }) => (flags & NLM.ack) !== 0),
    [false, false, true, false],
  );
});

test('`encodeBatch()` splits long element lists below 64 KiB and loses none', (t) => {
  const elements = Array.from({ length: 9000 }, (_, n) => ({ key: Uint8Array.of(n >> 8, n & 255, 0, 0) }));
  const { messages, operationOf } = encode([add, { type: 'add-elements', table: 't', set: 's', elements }]);
  const lists = messages.slice(2, -1);
  t.true(lists.length > 1);
  t.true(lists.every(({ body }) => body.length < 65536 + 64));
  t.is(lists.flatMap(({ body }) => readList(findAttribute(body, 3, 4)!)).length, 9000);
  t.deepEqual(new Set(operationOf.slice(2, -1)), new Set([1]));
});

test('`encodeBatch()` writes packed keys as it writes elements, byte for byte', (t) => {
  for (const keyLength of [1, 4, 5, 12, 24]) {
    const packer = new KeyPacker();
    const elements = Array.from({ length: 4000 }, (_, n) => {
      const element = { key: Buffer.alloc(keyLength, n), ...(n % 3 === 1 ? { isEnd: true } : {}) };
      packer.add(element.key, 0, keyLength, element.isEnd);
      return element;
    });
    const [plain, packed] = [elements, packer].map((list) =>
      encode([{ type: 'delete-elements', table: 't', set: 's', elements: list }]),
    );
    t.deepEqual(packed!.bytes, plain!.bytes);
    t.deepEqual(packed!.startOf, plain!.startOf);
  }
});

test('`encodeBatch()` takes the longest elements there are', (t) => {
  const chain = 'x'.repeat(255);
  const elements = Array.from({ length: 500 }, () => ({
    key: Buffer.alloc(64),
    verdict: { code: 'goto', chain } as const,
  }));
  t.notThrows(() => encode([{ type: 'add-elements', table: 't', set: 's', elements }]));
});

test('`refuseNames()` counts bytes, not characters', (t) => {
  const chain = (name: string): NftOperation => ({ type: 'add-chain', table: 't', chain: name });
  t.deepEqual(refuseNames([chain('x'.repeat(255)), chain('ä'.repeat(127))]), []);
  t.deepEqual(
    refuseNames([chain('ok'), chain('ä'.repeat(128)), chain('')]).map(({ index }) => index),
    [1, 2],
  );
});

test('`encodeComment()` cuts at 128 bytes, at the border of a character', (t) => {
  t.is(encodeComment('hi').toString('hex'), '0003686900');
  const cut = encodeComment(`${'x'.repeat(127)}äöü`);
  t.is(cut[1], 128);
  t.is(cut.toString('utf8', 2), `${'x'.repeat(127)}\0`);
});
