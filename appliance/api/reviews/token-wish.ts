/** What a TokenRequest and a TokenReview ask, from JSON and from protobuf. Pure. Source: Kubernetes API reference, authentication.k8s.io/v1. */

import { AppError } from '../../lib/errors.ts';
import { isRecord } from '../../lib/is-record.ts';
import type { Problem } from '../../lib/problem.ts';
import { type Fields, readEnvelope, readFields, readRepeated, textField } from './protobuf.ts';

export interface TokenWish {
  readonly audiences: readonly string[];
  readonly seconds: number;
}

const secondsDefault = 3600;
/** Kubernetes' least. */
const secondsLeast = 600;
const secondsMost = 2 ** 32;
const audiencesMost = 16;

/** RESOURCE_INVALID with every problem. `account` is for the message. */
export function readTokenRequest(body: unknown, account: string): TokenWish {
  const { audiences, seconds, isBound } = Buffer.isBuffer(body) ? fromProtobuf(readEnvelope(body)) : fromJson(body);
  const problems: Problem[] = [];
  const isGoodList = Array.isArray(audiences) && audiences.every((text) => typeof text === 'string' && text !== '');
  if (!isGoodList || audiences.length > audiencesMost)
    problems.push({ path: 'spec.audiences', message: `must be a list of at most ${audiencesMost} texts` });
  if (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < secondsLeast || seconds > secondsMost)
    problems.push({
      path: 'spec.expirationSeconds',
      message: 'may not specify a duration less than 10 minutes, or over 2^32 seconds',
    });
  if (isBound)
    problems.push({ path: 'spec.boundObjectRef', message: 'is not supported: there are no such objects here' });
  if (problems.length > 0)
    throw new AppError('RESOURCE_INVALID', 'invalid', { details: { kind: 'TokenRequest', name: account, problems } });
  return { audiences: audiences as readonly string[], seconds: seconds as number };
}

interface RawWish {
  readonly audiences: unknown;
  readonly seconds: unknown;
  readonly isBound: boolean;
}

function fromJson(body: unknown): RawWish {
  const spec = isRecord(body) && isRecord(body.spec) ? body.spec : {};
  const { audiences, expirationSeconds, boundObjectRef } = spec;
  const isBound = boundObjectRef !== undefined && boundObjectRef !== null;
  return { audiences: audiences ?? [], seconds: expirationSeconds ?? secondsDefault, isBound };
}

function fromProtobuf(review: Fields): RawWish {
  const fields = readRepeated(review.get(2) ?? Buffer.alloc(0));
  const seconds = fields.get(4)?.findLast((value) => typeof value === 'number');
  return { audiences: textsOf(fields.get(1)), seconds: seconds ?? secondsDefault, isBound: fields.has(3) };
}

function textsOf(values: readonly (Buffer | number)[] = []): string[] {
  return values.flatMap((value) => (Buffer.isBuffer(value) ? [value.toString()] : []));
}

/** The token to be reviewed, and for whom. */
export function readTokenReview(body: unknown): { readonly token: string; readonly audiences: readonly string[] } {
  if (Buffer.isBuffer(body)) {
    const spec = readEnvelope(body).get(2) ?? Buffer.alloc(0);
    const audiences = textsOf(readRepeated(spec).get(2));
    return { token: textField(readFields(spec), 1), audiences };
  }
  const spec = isRecord(body) && isRecord(body.spec) ? body.spec : {};
  const audiences = Array.isArray(spec.audiences) ? spec.audiences.filter((text) => typeof text === 'string') : [];
  return { token: typeof spec.token === 'string' ? spec.token : '', audiences };
}
