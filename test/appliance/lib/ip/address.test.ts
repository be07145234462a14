import test from 'ava';
import fc from 'fast-check';
import {
  isCanonicalV4Prefix,
  isMasked,
  masked,
  parseAddress,
  parsePrefix,
  printPrefix,
} from '#appliance/lib/ip/address.ts';

const quad = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

/** As the grammar says it, octet by octet. */
function readByGrammar(text: string): readonly number[] | undefined {
  const octets = quad.exec(text)?.slice(1).map(Number);
  return octets?.every((octet) => octet <= 255) ? octets : undefined;
}

const octet = fc.oneof(fc.nat(300).map(String), fc.stringMatching(/^[0-9x ]{0,4}$/));
const nearlyQuad = fc.array(octet, { minLength: 3, maxLength: 5 }).map((octets) => octets.join('.'));

test('parseAddress() reads of dotted quads what the grammar allows and refuses everything near to one', (t) => {
  const property = fc.property(nearlyQuad, (text) => {
    t.deepEqual(parseAddress(text)?.bytes && [...parseAddress(text)!.bytes], readByGrammar(text));
  });
  fc.assert(property, { numRuns: 3000 });
});

test('parsePrefix() takes a decimal length without leading zeros, and only as long as the address', (t) => {
  for (const length of ['0', '7', '24', '32']) t.is(parsePrefix(`10.0.0.1/${length}`)?.length, Number(length));
  for (const length of ['', '00', '01', '33', '100', '1000', '+1', ' 1', '1 ', '1/1', 'x', '٣']) {
    t.is(parsePrefix(`10.0.0.1/${length}`), undefined, length);
  }
  t.is(parsePrefix('::1/128')?.length, 128);
  t.is(parsePrefix('::1/129'), undefined);
});

test('isMasked() says whether masking would change the prefix', (t) => {
  const bytes = fc.uint8Array({ minLength: 4, maxLength: 4 });
  const property = fc.property(bytes, fc.nat(32), fc.boolean(), (raw, length, isCut) => {
    const prefix = { address: { family: 4 as const, bytes: raw }, length };
    const tried = isCut ? masked(prefix) : prefix;
    t.is(isMasked(tried), printPrefix(masked(tried)) === printPrefix(tried));
  });
  fc.assert(property, { numRuns: 2000 });
});

test('isCanonicalV4Prefix() is true of exactly those texts that parsing, masking and printing give back', (t) => {
  const length = fc.oneof(fc.nat(40).map(String), fc.constantFrom('', '00', '08', 'x'));
  const text = fc.oneof(
    fc.tuple(nearlyQuad, length).map((parts) => parts.join('/')),
    fc.tuple(fc.ipV4(), fc.nat(33)).map(([address, bits]) => `${address}/${bits}`),
    fc.tuple(fc.nat(255), fc.integer({ min: 8, max: 32 })).map(([first, bits]) => `${first}.0.0.0/${bits}`),
    fc.constantFrom('::ffff:10.0.0.0/104', '10.0.0.0', '::/0', '0.0.0.0/0'),
  );
  const property = fc.property(text, (tried) => {
    const prefix = parsePrefix(tried);
    const printed = prefix?.address.family === 4 ? printPrefix(masked(prefix)) : undefined;
    t.is(isCanonicalV4Prefix(tried), printed === tried);
  });
  fc.assert(property, { numRuns: 4000 });
});
