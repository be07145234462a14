/** Says how large a refused request was, and which setting of etcd lets it in: a set of 100,000 networks is more than etcd takes. Pure. */
import type { AppError } from '../../lib/errors.ts';
import { storeErrors } from '../errors.ts';
import type { Op } from '../store.ts';

/** etcd's defaults. */
const REQUEST_MIB = '1.5 MiB';
const OPS = 128;

/** The same refusal, with the largest value or the number of operations. */
export function explainTooLarge(refused: AppError, ops: readonly Op[]): AppError {
  const cause = { cause: refused };
  if (/too many operations/.test(refused.message)) {
    const what = `${ops.length} operations in a transaction, and etcd takes ${OPS} unless started with --max-txn-ops`;
    return storeErrors.fail('STORE_TOO_LARGE', what, { details: { operations: ops.length }, ...cause });
  }
  const largest = ops.filter((op) => op.type === 'put').toSorted((a, b) => b.value.length - a.value.length)[0];
  if (largest === undefined) return refused;
  const { key, value } = largest;
  const what = `${key} has ${value.length} bytes, and etcd takes requests of ${REQUEST_MIB} unless started with --max-request-bytes`;
  return storeErrors.fail('STORE_TOO_LARGE', what, { details: { key: key.toString(), bytes: value.length }, ...cause });
}
