/** Turns what an abstract-level database throws into the store's own errors. Pure. */
import { AppError } from '../../lib/errors.ts';
import { storeErrors } from '../errors.ts';

/** Store errors pass; damage is STORE_CORRUPT; a held lock STORE_IN_USE; all else STORE_UNAVAILABLE. Broken code stays what it is. */
export function translate(error: unknown, what = ''): unknown {
  if (error instanceof AppError) return error;
  const codes = codesOf(error);
  if (codes.length === 0) return error;
  const options = { cause: error };
  const message = [what, lastMessage(error)].filter((part) => part !== '').join(': ');
  if (codes.includes('LEVEL_CORRUPTION')) return storeErrors.fail('STORE_CORRUPT', message, options);
  if (codes.includes('LEVEL_LOCKED')) return storeErrors.fail('STORE_IN_USE', message, options);
  return storeErrors.fail('STORE_UNAVAILABLE', message, options);
}

function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const own = 'code' in error && typeof error.code === 'string' ? [error.code] : [];
  return [...own, ...codesOf(error.cause)];
}

function lastMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? lastMessage(error.cause) : error.message;
}
