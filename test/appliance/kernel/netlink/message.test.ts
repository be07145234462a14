import test from 'ava';
import fc from 'fast-check';
import {
  findAttribute,
  MessageWriter,
  NLM,
  readAttributes,
  readList,
  readMessages,
  readString,
} from '#appliance/kernel/netlink/message.ts';

const payload = fc.uint8Array({ maxLength: 300 });
const message = fc.record({
  type: fc.integer({ min: 16, max: 0xffff }),
  sequence: fc.integer({ min: 0, max: 0xffff_ffff }),
  attributes: fc.array(payload, { maxLength: 8 }),
});

test('`readMessages()` gives back what a `MessageWriter` of any first size wrote', (t) => {
  const property = fc.property(fc.array(message), fc.integer({ min: 1, max: 64 }), (messages, capacity) => {
    const writer = new MessageWriter(capacity);
    for (const { type, sequence, attributes } of messages) {
      writer.begin(type, NLM.request, sequence);
      attributes.forEach((value, index) => {
        writer.attribute(index + 1, value);
      });
      writer.end();
    }
    t.is(writer.length % 4, 0);
    const read = readMessages(Buffer.from(writer.bytes));
    const found = read.map(({ type, sequence, body }) => ({
      type,
      sequence,
      attributes: [...readAttributes(body).values()].map((value) => Uint8Array.from(value)),
    }));
    t.deepEqual(found, messages);
  });
  fc.assert(property, { verbose: 1 });
});

test('a writer that is used again leaves no old bytes in the padding', (t) => {
  const writer = new MessageWriter(64);
  writer.attribute(1, Buffer.alloc(32, 0xff));
  writer.clear();
  writer.attribute(1, Uint8Array.of(1));
  t.is(writer.bytes.toString('hex'), '0500010001000000');
});

test('numbers lie in the order their names say', (t) => {
  const writer = new MessageWriter(8);
  writer.u8(1, 0xab);
  writer.u16(2, 0x0102);
  writer.u16be(3, 0x0102);
  writer.u32(4, 0x01020304);
  writer.u32be(5, 0x01020304);
  writer.u64be(6, 0x0102030405060708n);
  const values = [...readAttributes(Buffer.from(writer.bytes)).values()].map((value) => value.toString('hex'));
  t.deepEqual(values, ['ab', '0201', '0102', '04030201', '01020304', '0102030405060708']);
});

test('nested attributes carry their flag, and reading takes it off', (t) => {
  const writer = new MessageWriter(16);
  const list = writer.nest(7);
  writer.string(1, 'a');
  writer.string(1, 'bc');
  writer.endNest(list);
  const bytes = Buffer.from(writer.bytes);
  t.is(bytes.readUInt16LE(2), 0x8007);
  const found = findAttribute(bytes, 7);
  t.deepEqual(readList(found!).map(readString), ['a', 'bc']);
  t.is(findAttribute(bytes, 6), undefined);
});

test('a nested attribute of 64 KiB is a bug, not a wrong length', (t) => {
  const writer = new MessageWriter(16);
  const list = writer.nest(1);
  for (let n = 0; n < 17; n++) writer.attribute(1, Buffer.alloc(4000));
  t.throws(() => writer.endNest(list), { message: /64 KiB/ });
});

test('damaged lengths end the reading and never loop', (t) => {
  const property = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    const buffer = Buffer.from(bytes);
    for (const { body } of readMessages(buffer)) readAttributes(body);
    readList(buffer);
    findAttribute(buffer, 1);
  });
  t.notThrows(() => fc.assert(property, { verbose: 1 }));
});

test('texts are written as UTF-8 with a closing zero, whatever is in them', (t) => {
  const property = fc.property(fc.array(fc.string({ unit: 'grapheme' })), (texts) => {
    const writer = new MessageWriter(8);
    for (const text of texts) writer.string(1, text);
    const expected = new MessageWriter(8);
    for (const text of texts) expected.attribute(1, Buffer.from(`${text}\0`));
    t.deepEqual(writer.bytes, expected.bytes);
  });
  fc.assert(property);
});

test('`release()` gives the memory back at once', (t) => {
  const writer = new MessageWriter(1024);
  const { buffer } = writer.bytes;
  writer.release();
  t.is(buffer.byteLength, 0);
});
