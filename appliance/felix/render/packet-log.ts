/** What a Log rule does: the prefix and the limit of its kernel log lines. Pure. Source: Felix's LogPrefix and LogActionRateLimit. */
import type { Expression } from '../../kernel/netlink/expression.ts';
import type { FelixConfig } from '../model/config.ts';

/** Whose rule it is, for the prefix's `%t %k %n %p`. */
export interface LogOwner {
  readonly tier: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

const prefixBytesMax = 127;
const levelInfo = 6;
const unitSeconds: Readonly<Record<string, number>> = { second: 1, minute: 60, hour: 3600, day: 86_400 };

/** The limit, if one is configured, and the log statement. */
export function renderLog(config: FelixConfig, owner: LogOwner): Expression[] {
  const limit = parseRateLimit(config.logActionRateLimit, config.logActionRateLimitBurst);
  const log: Expression = { type: 'log', prefix: printLogPrefix(config.logPrefix, owner), level: levelInfo };
  return limit === undefined ? [log] : [limit, log];
}

/** The prefix with its words filled in, `: ` appended, cut to what the kernel takes. */
export function printLogPrefix(pattern: string, { tier, kind, namespace, name }: LogOwner): string {
  const words: Readonly<Record<string, string>> = {
    '%t': tier,
    '%k': kind,
    '%n': name,
    '%p': namespace === '' ? name : `${namespace}/${name}`,
  };
  const text = pattern.replace(/%[tknp]/g, (word) => words[word] ?? word);
  return `${text.replace(/[^ -~]/g, '?').slice(0, prefixBytesMax - 2)}: `;
}

function parseRateLimit(text: string, burst: number): Expression | undefined {
  const parts = /^(\d+)\/(second|minute|hour|day)$/.exec(text);
  if (parts === null) return undefined;
  const [, rate = '0', unit = 'second'] = parts;
  return { type: 'limit', rate: BigInt(rate), unitSeconds: unitSeconds[unit] ?? 1, burst };
}
