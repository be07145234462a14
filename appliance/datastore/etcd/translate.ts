/** What etcd or the way to it said, as an error of the store. A text begins with gRPC's code: "14 UNAVAILABLE: ...". Pure. */
import { AppError } from '../../lib/errors.ts';
import { storeErrors } from '../errors.ts';
import { explain } from './hints.ts';

type StoreCode = keyof typeof storeErrors.rows & string;

const byText: readonly (readonly [string, StoreCode])[] = [
  ['required revision has been compacted', 'STORE_COMPACTED'],
  ['required revision is a future revision', 'STORE_FUTURE_REVISION'],
  ['duplicate key given in txn request', 'STORE_DUPLICATE_KEY'],
  ['key is not provided', 'STORE_EMPTY_KEY'],
  ['key not found', 'STORE_KEY_NOT_FOUND'],
  ['request is too large', 'STORE_TOO_LARGE'],
  ['too many operations in txn request', 'STORE_TOO_LARGE'],
  ['message larger than max', 'STORE_TOO_LARGE'],
  ['requested lease not found', 'STORE_LEASE_NOT_FOUND'],
  ['lease already exists', 'STORE_LEASE_EXISTS'],
  ['permission denied', 'STORE_DENIED'],
  ['authentication failed', 'STORE_DENIED'],
  ['invalid auth token', 'STORE_DENIED'],
  ['user name is empty', 'STORE_DENIED'],
  ['corrupt cluster', 'STORE_CORRUPT'],
];

const byGrpcCode: Readonly<Record<string, StoreCode>> = {
  '7': 'STORE_DENIED',
  '15': 'STORE_CORRUPT',
  '16': 'STORE_DENIED',
};

/** The texts by which the transport says that nothing was sent; the last two, that time was up before there was a connection. */
const neverSent = [
  'No connection established',
  'ECONNREFUSED',
  'ENOENT',
  'Name resolution failed',
  'circuit',
  'Waiting for LB pick',
  'waiting for name resolution',
];

/** `error` as an AppError of the store; anything unknown counts as unavailable. */
export function translateError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const text = textOf(error);
  const known = byText.find(([part]) => text.includes(part));
  const grpcCode = /^(\d+) [A-Z_]+:/.exec(text)?.[1] ?? '';
  return storeErrors.fail(known?.[1] ?? byGrpcCode[grpcCode] ?? 'STORE_UNAVAILABLE', explain(text), { cause: error });
}

/** True when the request certainly never left, so that sending it again cannot do it twice. */
export function wasNeverSent(error: unknown): boolean {
  const text = textOf(error);
  return neverSent.some((part) => text.includes(part));
}

/** True when the server took the request and said no, so that nothing has been done. */
export function wasRefused(error: unknown): boolean {
  return /^(3|5|6|7|8|9|11|12|16) /.test(textOf(error));
}

/** True when the server refused because of its load or its disk. */
export function isOverloaded(error: unknown): boolean {
  return textOf(error).startsWith('8 ');
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
