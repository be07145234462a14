/**
 * nf_tables expressions to netlink attributes: one encoder per type of expression. Pure.
 * Source: linux/netfilter/nf_tables.h (the attribute enumerations), linux/netfilter/nf_nat.h.
 */
import { assert } from '../../lib/assert.ts';
import type { Expression, MetaKey, Register, Verdict } from './expression.ts';
import { MessageWriter } from './message.ts';

/** Appends the NFTA_RULE_EXPRESSIONS list of a rule. */
export function writeExpressions(writer: MessageWriter, type: number, expressions: readonly Expression[]): void {
  const list = writer.nest(type);
  for (const expression of expressions) writeExpression(writer, expression);
  writer.endNest(list);
}

/** The list's content as bytes of its own. */
export function encodeExpressions(expressions: readonly Expression[]): Buffer {
  const writer = new MessageWriter(512);
  for (const expression of expressions) writeExpression(writer, expression);
  return Buffer.from(writer.bytes);
}

const LIST_ELEM = 1;
const EXPR = { name: 1, data: 2 } as const;

function writeExpression(writer: MessageWriter, expression: Expression): void {
  const element = writer.nest(LIST_ELEM);
  writer.string(EXPR.name, KERNEL_NAMES[expression.type]);
  const data = writer.nest(EXPR.data);
  const write = ENCODERS[expression.type] as (writer: MessageWriter, expression: Expression) => void;
  write(writer, expression);
  writer.endNest(data);
  writer.endNest(element);
}

const KERNEL_NAMES = {
  meta: 'meta',
  'meta-set': 'meta',
  payload: 'payload',
  cmp: 'cmp',
  bitwise: 'bitwise',
  range: 'range',
  lookup: 'lookup',
  load: 'immediate',
  verdict: 'immediate',
  ct: 'ct',
  'ct-set': 'ct',
  fib: 'fib',
  counter: 'counter',
  'counter-ref': 'objref',
  log: 'log',
  limit: 'limit',
  connlimit: 'connlimit',
  'payload-set': 'payload',
  masquerade: 'masq',
  nat: 'nat',
  notrack: 'notrack',
  reject: 'reject',
  'reject-reset': 'reject',
} as const satisfies Record<Expression['type'], string>;

const META_KEYS = {
  protocol: 1,
  mark: 3,
  iif: 4,
  oif: 5,
  iifname: 6,
  oifname: 7,
  iiftype: 8,
  nfproto: 15,
  l4proto: 16,
} as const satisfies Record<MetaKey, number>;

const CT_KEYS = { state: 0, direction: 1, status: 2, mark: 3 } as const;
const PAYLOAD_BASES = { link: 0, network: 1, transport: 2 } as const;
const CMP_OPS = { eq: 0, neq: 1, lt: 2, lte: 3, gt: 4, gte: 5 } as const;
const FIB_RESULTS = { oif: 1, oifname: 2, type: 3 } as const;
const FIB_FLAGS = { saddr: 1, daddr: 2, mark: 4, iif: 8, oif: 16 } as const;
const VERDICT_CODES = { drop: 0, accept: 1, continue: -1, jump: -3, goto: -4, return: -5 } as const;
const NAT_KINDS = { snat: 0, dnat: 1 } as const;
const FAMILIES = { 4: 2, 6: 10 } as const;
const REGISTER_VERDICT = 0;
const REGISTER_FIRST = 8;
const RANDOM_FULLY = 16;
const OBJECT_COUNTER = 1;
const REJECT_TCP_RESET = 1;
const REJECT_ICMPX = 2;
const CHECKSUM_NONE = 0;
const CHECKSUM_INTERNET = 1;
const ADMIN_PROHIBITED = 3;
const INVERTED = 1;

type Of<Type extends Expression['type']> = Extract<Expression, { type: Type }>;
type Encoders = { [Type in Expression['type']]: (writer: MessageWriter, expression: Of<Type>) => void };

const ENCODERS: Encoders = {
  meta(writer, { key, register }) {
    writer.u32be(2, META_KEYS[key]);
    writer.u32be(1, registerNumber(register));
  },
  'meta-set'(writer, { key, register }) {
    writer.u32be(2, META_KEYS[key]);
    writer.u32be(3, registerNumber(register));
  },
  payload(writer, { base, offset, length, register }) {
    writer.u32be(1, registerNumber(register));
    writer.u32be(2, PAYLOAD_BASES[base]);
    writer.u32be(3, offset);
    writer.u32be(4, length);
  },
  cmp(writer, { op, register, data }) {
    writer.u32be(1, registerNumber(register));
    writer.u32be(2, CMP_OPS[op]);
    writeValue(writer, 3, data);
  },
  bitwise(writer, { source, destination, mask, xor }) {
    assert(mask.length === xor.length, 'mask and xor are as long as the value');
    writer.u32be(1, registerNumber(source));
    writer.u32be(2, registerNumber(destination));
    writer.u32be(3, mask.length);
    writer.u32be(6, 0);
    writeValue(writer, 4, mask);
    writeValue(writer, 5, xor);
  },
  range(writer, { op, register, from, to }) {
    writer.u32be(1, registerNumber(register));
    writer.u32be(2, CMP_OPS[op]);
    writeValue(writer, 3, from);
    writeValue(writer, 4, to);
  },
  lookup(writer, { set, register, into, isInverted }) {
    writer.string(1, set);
    writer.u32be(2, registerNumber(register));
    if (into !== undefined) writer.u32be(3, into === 'verdict' ? REGISTER_VERDICT : registerNumber(into));
    if (isInverted) writer.u32be(5, INVERTED);
  },
  load(writer, { register, data }) {
    writer.u32be(1, registerNumber(register));
    writeValue(writer, 2, data);
  },
  verdict(writer, { verdict }) {
    writer.u32be(1, REGISTER_VERDICT);
    writeVerdict(writer, 2, verdict);
  },
  ct(writer, { key, register }) {
    writer.u32be(2, CT_KEYS[key]);
    writer.u32be(1, registerNumber(register));
  },
  'ct-set'(writer, { key, register }) {
    writer.u32be(2, CT_KEYS[key]);
    writer.u32be(4, registerNumber(register));
  },
  fib(writer, { result, flags, register }) {
    writer.u32be(
      3,
      flags.reduce((bits, flag) => bits | FIB_FLAGS[flag], 0),
    );
    writer.u32be(2, FIB_RESULTS[result]);
    writer.u32be(1, registerNumber(register));
  },
  counter(writer) {
    writer.u64be(1, 0n);
    writer.u64be(2, 0n);
  },
  'counter-ref'(writer, { name }) {
    writer.u32be(1, OBJECT_COUNTER);
    writer.string(2, name);
  },
  log(writer, { prefix, level }) {
    writer.string(2, prefix);
    writer.u32be(5, level);
  },
  limit(writer, { rate, unitSeconds, burst, isInverted }) {
    writer.u64be(1, rate);
    writer.u64be(2, BigInt(unitSeconds));
    writer.u32be(3, burst);
    writer.u32be(4, 0);
    writer.u32be(5, isInverted ? INVERTED : 0);
  },
  connlimit(writer, { count, isInverted }) {
    writer.u32be(1, count);
    writer.u32be(2, isInverted ? INVERTED : 0);
  },
  'payload-set'(writer, { base, offset, length, register, checksumOffset }) {
    writer.u32be(5, registerNumber(register));
    writer.u32be(2, PAYLOAD_BASES[base]);
    writer.u32be(3, offset);
    writer.u32be(4, length);
    writer.u32be(6, checksumOffset === undefined ? CHECKSUM_NONE : CHECKSUM_INTERNET);
    if (checksumOffset !== undefined) writer.u32be(7, checksumOffset);
    writer.u32be(8, 0);
  },
  masquerade(writer, { isFullyRandom, portMin, portMax }) {
    if (isFullyRandom) writer.u32be(1, RANDOM_FULLY);
    if (portMin !== undefined) writer.u32be(2, registerNumber(portMin));
    if (portMax !== undefined) writer.u32be(3, registerNumber(portMax));
  },
  nat(writer, { kind, family, addressMin, addressMax, portMin, portMax }) {
    writer.u32be(1, NAT_KINDS[kind]);
    writer.u32be(2, FAMILIES[family]);
    writer.u32be(3, registerNumber(addressMin));
    if (addressMax !== undefined) writer.u32be(4, registerNumber(addressMax));
    if (portMin !== undefined) writer.u32be(5, registerNumber(portMin));
    if (portMax !== undefined) writer.u32be(6, registerNumber(portMax));
  },
  notrack() {},
  'reject-reset'(writer) {
    writer.u32be(1, REJECT_TCP_RESET);
  },
  reject(writer) {
    writer.u32be(1, REJECT_ICMPX);
    writer.u8(2, ADMIN_PROHIBITED);
  },
};

function registerNumber(register: Register): number {
  assert(Number.isInteger(register) && register >= 0 && register < 16, `register ${register} is none of 0..15`);
  return REGISTER_FIRST + register;
}

const DATA = { value: 1, verdict: 2 } as const;
const VERDICT = { code: 1, chain: 2 } as const;

/** A nested NFTA_DATA_VALUE. */
export function writeValue(writer: MessageWriter, type: number, value: Uint8Array): void {
  const data = writer.nest(type);
  writer.attribute(DATA.value, value);
  writer.endNest(data);
}

/** A nested NFTA_DATA_VERDICT. */
export function writeVerdict(
  writer: MessageWriter,
  type: number,
  verdict: { code: Verdict['code']; chain?: string },
): void {
  const data = writer.nest(type);
  const inner = writer.nest(DATA.verdict);
  writer.u32be(VERDICT.code, VERDICT_CODES[verdict.code] >>> 0);
  if (verdict.chain !== undefined) writer.string(VERDICT.chain, verdict.chain);
  writer.endNest(inner);
  writer.endNest(data);
}
