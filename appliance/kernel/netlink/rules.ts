/** Routing rules to and from rtnetlink messages. Pure. Source: linux/fib_rules.h, ip-rule(8). */
import type { RoutingRule } from '../kernel.ts';
import type { Request } from './dump.ts';
import { type MessageWriter, NLM, readAttributes } from './message.ts';
import { FAMILY_NUMBERS, familyOf, RTM } from './route-numbers.ts';

/** struct fib_rule_hdr. */
const HEADER_LENGTH = 12;
const FRA = { priority: 6, mark: 10, table: 15, mask: 16 } as const;
const TO_TABLE = 1;
const INVERTED = 2;

export function rulesRequest(family: 4 | 6): Request {
  const header = Buffer.alloc(HEADER_LENGTH);
  header[0] = FAMILY_NUMBERS[family];
  return { type: RTM.getRule, header };
}

/** Undefined for rules that do something else than ask a table. */
export function readRule(body: Buffer): RoutingRule | undefined {
  const family = familyOf(body[0]);
  if (body.length < HEADER_LENGTH || family === undefined || body[7] !== TO_TABLE) return undefined;
  const attributes = readAttributes(body, HEADER_LENGTH);
  const number = (type: number) => attributes.get(type)?.readUInt32LE(0) ?? 0;
  return {
    family,
    priority: number(FRA.priority),
    table: attributes.has(FRA.table) ? number(FRA.table) : body[4]!,
    mark: number(FRA.mark),
    mask: number(FRA.mask),
    isInverted: (body.readUInt32LE(8) & INVERTED) !== 0,
  };
}

export function writeAddRule(writer: MessageWriter, rule: RoutingRule, sequence: number): void {
  writer.begin(RTM.newRule, NLM.request | NLM.ack | NLM.create | NLM.exclusive, sequence);
  writeRule(writer, rule);
}

export function writeDeleteRule(writer: MessageWriter, rule: RoutingRule, sequence: number): void {
  writer.begin(RTM.deleteRule, NLM.request | NLM.ack, sequence);
  writeRule(writer, rule);
}

function writeRule(writer: MessageWriter, { family, priority, table, mark, mask, isInverted }: RoutingRule): void {
  const header = Buffer.alloc(HEADER_LENGTH);
  header[0] = FAMILY_NUMBERS[family];
  header[4] = table < 256 ? table : 0;
  header[7] = TO_TABLE;
  header.writeUInt32LE(isInverted ? INVERTED : 0, 8);
  writer.raw(header);
  writer.u32(FRA.priority, priority);
  writer.u32(FRA.table, table);
  if (mask !== 0) {
    writer.u32(FRA.mark, mark);
    writer.u32(FRA.mask, mask);
  }
  writer.end();
}
