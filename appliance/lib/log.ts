/**
 * The logger port: JSON lines for the journal, fields rather than sentences. Passed in as a child with `component`; pure code gets none. I/O.
 */
import { pino } from 'pino';

export type LogFields = Readonly<Record<string, unknown>>;

/** error: a person must act; warn: degraded, we retry; info: rare facts; debug: per update; trace: per object. */
export interface Logger {
  error(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  debug(fields: LogFields, message: string): void;
  trace(fields: LogFields, message: string): void;
  child(fields: LogFields): Logger;
}

const priorities: Record<string, number> = { fatal: 2, error: 3, warn: 4, info: 6, debug: 7, trace: 7 };

/** The first of a family of loggers. */
export interface RootLogger extends Logger {
  /** Changes what it and all its children write. */
  setLevel(level: string): void;
}

/** A logger writing JSON lines to stdout, each with its syslog `priority`. `level` is `fatal` .. `trace` or `silent`. */
export function createLogger(level: string): RootLogger {
  const root = pino({
    level,
    base: null,
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label, priority: priorities[label] ?? 6 }) },
  });
  return Object.assign(root, {
    /** Children without a level of their own follow the root's. */
    setLevel(next: string) {
      root.level = next;
    },
  });
}

/** Says nothing; for tests. */
export const silentLogger: Logger = {
  error() {},
  warn() {},
  info() {},
  debug() {},
  trace() {},
  child: () => silentLogger,
};
