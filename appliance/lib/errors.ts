/**
 * The one error shape for trouble in the world: a stable code, details as data, and what a caller may do about it.
 * Pure. Broken code throws plain assertion errors instead (`assert.ts`); bad input is data (`Problem[]`), not an error.
 */

/** What may help: nothing (`never`), the same call after a pause (`later`), or reading everything anew first (`resync`). */
export type Retry = 'never' | 'later' | 'resync';

/** One row of an area's error catalogue. */
export interface ErrorRow {
  readonly message: string;
  readonly retry: Retry;
}

/** Trouble in the world. Callers match `code`, never the message and never `instanceof` across areas. */
export class AppError extends Error {
  readonly code: string;
  readonly retry: Retry;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    options: { retry?: Retry; details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.retry = options.retry ?? 'never';
    this.details = options.details ?? {};
  }
}

/** Turns a catalogue into a factory: `fail('STORE_CONFLICT', 'key changed', { details })`. The row's message comes first. */
export function defineErrors<const Rows extends Record<string, ErrorRow>>(rows: Rows) {
  return {
    rows,
    fail(
      code: keyof Rows & string,
      what = '',
      options: { details?: Record<string, unknown>; cause?: unknown } = {},
    ): AppError {
      const row = rows[code] as ErrorRow;
      return new AppError(code, what === '' ? row.message : `${row.message}: ${what}`, {
        retry: row.retry,
        ...options,
      });
    },
  };
}

/** True when `error` carries this code (of any area). */
export function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
