/** Where a list in pages goes on: the revision it is read at and the last key given. Opaque to clients. Pure. */
import type { Revision } from '../../datastore/store.ts';
import { apiErrors } from '../errors.ts';

export interface Continuation {
  readonly revision: Revision;
  readonly after: Buffer;
}

/** The token of a place. */
export function printContinue(place: Continuation): string {
  return Buffer.from(JSON.stringify({ rv: place.revision, key: place.after.toString() })).toString('base64url');
}

/** The place of a token; API_BAD_REQUEST when it is not one of ours for keys that begin with `prefix`. */
export function parseContinue(token: string, prefix: Buffer): Continuation {
  const { rv, key } = decode(token);
  const isOurs = Number.isSafeInteger(rv) && Number(rv) > 0 && typeof key === 'string';
  if (!isOurs || !key.startsWith(prefix.toString()))
    throw apiErrors.fail('API_BAD_REQUEST', 'the continue token is not valid for this list');
  return { revision: Number(rv), after: Buffer.from(key) };
}

function decode(token: string): { rv?: unknown; key?: unknown } {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {}; // told as an invalid token by the caller
  }
}
