/**
 * The little of protobuf that a review needs: fields of a message by number. kubectl sends reviews in no other form.
 * Pure. Source: Protocol Buffers documentation, "Encoding"; Kubernetes API concepts, "Protobuf encoding idiosyncrasies".
 */
import { apiErrors } from '../errors.ts';

/** Fields with length (texts and messages), the last one of each number; numbers and fixed words are skipped. */
export type Fields = ReadonlyMap<number, Buffer>;

const magic = Buffer.from('k8s\0');

/** The object inside Kubernetes' envelope: field 2 of `Unknown`, behind four bytes of magic. API_BAD_REQUEST for anything else. */
export function readEnvelope(body: Buffer): Fields {
  if (!body.subarray(0, magic.length).equals(magic)) throw bad('the body does not begin as Kubernetes’ protobuf does');
  const raw = readFields(body.subarray(magic.length)).get(2);
  return raw === undefined ? new Map() : readFields(raw);
}

/** The fields with length. API_BAD_REQUEST when the message is cut short or has an unknown wire type. */
export function readFields(message: Buffer): Fields {
  const fields = new Map<number, Buffer>();
  for (const [number, values] of readRepeated(message)) {
    const last = values.findLast((value) => typeof value !== 'number');
    if (last !== undefined) fields.set(number, last);
  }
  return fields;
}

/** Every value of every field, in the order they came in: bytes, or small numbers. API_BAD_REQUEST as above. */
export function readRepeated(message: Buffer): ReadonlyMap<number, readonly (Buffer | number)[]> {
  const fields = new Map<number, (Buffer | number)[]>();
  const add = (number: number, value: Buffer | number) => {
    const values = fields.get(number);
    if (values === undefined) fields.set(number, [value]);
    else values.push(value);
  };
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = message[at++];
      if (byte === undefined) throw bad('the body is cut short');
      // of large numbers the low part is enough: only flags and lengths are looked at
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw bad('a number in the body is too long');
  };
  while (at < message.length) {
    const tag = varint();
    const wireType = tag & 7;
    if (wireType === 0) {
      add(tag >>> 3, varint());
      continue;
    }
    const length = lengthOf(wireType, varint);
    if (at + length > message.length) throw bad('the body is cut short');
    if (wireType === 2) add(tag >>> 3, message.subarray(at, at + length));
    at += length;
  }
  return fields;
}

/** A field as text; empty when it is absent. */
export function textField(fields: Fields, number: number): string {
  return fields.get(number)?.toString() ?? '';
}

/** Bytes that follow. */
function lengthOf(wireType: number, varint: () => number): number {
  switch (wireType) {
    case 1:
      return 8;
    case 2:
      return varint();
    case 5:
      return 4;
    default:
      throw bad('the body has an unknown wire type');
  }
}

function bad(message: string) {
  return apiErrors.fail('API_BAD_REQUEST', message);
}
