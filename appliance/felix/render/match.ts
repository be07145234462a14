/**
 * The smallest pieces of a rule: loads, comparisons and verdicts over the packet. Pure.
 * Registers: every match starts at word 0 and leaves nothing behind for the next one.
 * Source: nf_tables.h; offsets of RFC 791, RFC 8200, RFC 792.
 */
import type { Expression, MetaKey, Verdict } from '../../kernel/netlink/expression.ts';
import type { Prefix } from '../../lib/ip/address.ts';
import { addressBits, maskOf } from '../../lib/ip/address.ts';
import type { PortRange } from '../model/policy.ts';

export type Family = 4 | 6;
export type Side = 'src' | 'dst';

/** Address family numbers as `meta nfproto` loads them. */
const nfproto = { 4: 2, 6: 10 } as const;
const addressOffset = { 4: { src: 12, dst: 16 }, 6: { src: 8, dst: 24 } } as const;
const portOffset = { src: 0, dst: 2 } as const;

export const ctState = { invalid: 1, established: 2, related: 4 } as const;
const ctStatusDnat = 0x20;

/** Four bytes in the order of this machine, as meta and ct registers hold them. */
export function hostWord(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value >>> 0).buffer);
}

export function netShort(value: number): Uint8Array {
  return Uint8Array.of((value >> 8) & 0xff, value & 0xff);
}

export function matchFamily(family: Family): readonly Expression[] {
  return matchByte('nfproto', nfproto[family], false);
}

export function matchProtocol(protocol: number, isNegated = false): readonly Expression[] {
  return matchByte('l4proto', protocol, isNegated);
}

function matchByte(key: MetaKey, value: number, isNegated: boolean): readonly Expression[] {
  const op = isNegated ? 'neq' : 'eq';
  return shared(`${key} ${op} ${value}`, () => [
    { type: 'meta', key, register: 0 },
    { type: 'cmp', op, register: 0, data: Uint8Array.of(value) },
  ]);
}

/** Pieces of which there are some hundred at most, while tens of thousands of rules are made of them. */
const pieces = new Map<string, unknown>();

/** The piece of this name, made once. */
function shared<Piece>(name: string, make: () => Piece): Piece {
  let piece = pieces.get(name) as Piece | undefined;
  if (piece === undefined) {
    piece = make();
    pieces.set(name, piece);
  }
  return piece;
}

export function loadAddress(side: Side, family: Family, register: number): Expression {
  return shared(`${side} ${family} ${register}`, () => {
    const length = addressBits(family) / 8;
    return { type: 'payload', base: 'network', offset: addressOffset[family][side], length, register };
  });
}

/** Leaves the first `length` bits of the address in the register. */
export function maskAddress(family: Family, length: number, register: number): Expression {
  const mask = maskOf(family, length);
  return { type: 'bitwise', source: register, destination: register, mask, xor: new Uint8Array(mask.length) };
}

export function loadPort(side: Side, register: number): Expression {
  return shared(`${side} port ${register}`, () => ({
    type: 'payload',
    base: 'transport',
    offset: portOffset[side],
    length: 2,
    register,
  }));
}

/** Presupposes the family's guard. */
export function matchPrefix(side: Side, prefix: Prefix, isNegated = false): Expression[] {
  const { family, bytes } = prefix.address;
  const expressions: Expression[] = [loadAddress(side, family, 0)];
  if (prefix.length < addressBits(family)) expressions.push(maskAddress(family, prefix.length, 0));
  expressions.push({ type: 'cmp', op: isNegated ? 'neq' : 'eq', register: 0, data: bytes });
  return expressions;
}

export function matchPortRange(side: Side, { first, last }: PortRange, isNegated = false): Expression[] {
  const op = isNegated ? 'neq' : 'eq';
  const load = loadPort(side, 0);
  if (first === last) return [load, { type: 'cmp', op, register: 0, data: netShort(first) }];
  return [load, { type: 'range', op, register: 0, from: netShort(first), to: netShort(last) }];
}

/** The first byte of an ICMP message, or the first two. Presupposes the protocol's guard. */
export function matchIcmp(type: number, code: number | undefined, isNegated: boolean): Expression[] {
  const data = code === undefined ? Uint8Array.of(type) : Uint8Array.of(type, code);
  return [
    { type: 'payload', base: 'transport', offset: 0, length: data.length, register: 0 },
    { type: 'cmp', op: isNegated ? 'neq' : 'eq', register: 0, data },
  ];
}

/** `iifname "cali*"` */
export function matchInterfacePrefix(key: 'iifname' | 'oifname', prefix: string): Expression[] {
  return [
    { type: 'meta', key, register: 0 },
    { type: 'cmp', op: 'eq', register: 0, data: new TextEncoder().encode(prefix) },
  ];
}

/** The name as 16 bytes, zero padded, as maps over interface names hold it. */
export function interfaceKey(name: string): Uint8Array {
  const key = new Uint8Array(16);
  key.set(new TextEncoder().encode(name).subarray(0, 15));
  return key;
}

export function matchCtState(bits: number): Expression[] {
  return matchBits({ type: 'ct', key: 'state', register: 0 }, bits);
}

export function matchDnated(): Expression[] {
  return matchBits({ type: 'ct', key: 'status', register: 0 }, ctStatusDnat);
}

export function matchMark(bit: number): Expression[] {
  return matchBits({ type: 'meta', key: 'mark', register: 0 }, bit);
}

function matchBits(load: Expression, bits: number): Expression[] {
  return [
    load,
    { type: 'bitwise', source: 0, destination: 0, mask: hostWord(bits), xor: hostWord(0) },
    { type: 'cmp', op: 'neq', register: 0, data: hostWord(0) },
  ];
}

export function setMark(bit: number): Expression[] {
  return changeMark(~bit, bit);
}

export function clearMark(bits: number): Expression[] {
  return changeMark(~bits, 0);
}

function changeMark(mask: number, xor: number): Expression[] {
  return [
    { type: 'meta', key: 'mark', register: 0 },
    { type: 'bitwise', source: 0, destination: 0, mask: hostWord(mask), xor: hostWord(xor) },
    { type: 'meta-set', key: 'mark', register: 0 },
  ];
}

export function count(name: string): Expression {
  return { type: 'counter-ref', name };
}

export function verdict(code: 'accept' | 'drop' | 'return'): Expression {
  return shared(code, () => ({ type: 'verdict', verdict: { code } }));
}

export function branch(code: 'jump' | 'goto', chain: string): Expression {
  const target: Verdict = { code, chain };
  return { type: 'verdict', verdict: target };
}
