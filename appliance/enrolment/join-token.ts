/**
 * The text an administrator carries to a new host: where the API is, the fingerprint of the authority to trust, and a secret that is good
 * for a certificate. One word, with a version in front. Pure.
 */
import { isRecord } from '../lib/is-record.ts';

export interface JoinToken {
  /** `https://ADDRESS:PORT`, in the order in which they are tried. */
  readonly api: readonly string[];
  /** SHA-256 of the authority's certificate (DER), lower-case hex. */
  readonly pin: string;
  readonly id: string;
  readonly secret: string;
  /** The only name that it is good for; any new name without. */
  readonly node?: string;
}

const prefix = 'calico-join.v1.';
/** What goes into the header `Authorization: Bearer`; nothing else that is accepted there begins so. */
const bearerPrefix = 'calico-join:';
export const joinId = /^[a-z0-9]{10}$/;
const secretForm = /^[A-Za-z0-9_-]{43}$/;
const apiForm = /^https:\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]{1,253}):\d{1,5}$/;

export function printJoinToken(token: JoinToken): string {
  return prefix + Buffer.from(JSON.stringify(token)).toString('base64url');
}

/** The token, or what is wrong with the text, without repeating it. */
export function parseJoinToken(text: string): JoinToken | { readonly problem: string } {
  if (!text.startsWith('calico-join.')) return { problem: 'a join token begins with calico-join.' };
  if (!text.startsWith(prefix)) return { problem: 'a join token of another version; use the calicoctl of the server' };
  const rest = text.slice(prefix.length);
  if (rest.length > 8192 || !/^[A-Za-z0-9_-]+$/.test(rest)) return { problem: 'the join token is damaged' };
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(rest, 'base64url').toString());
  } catch {
    return { problem: 'the join token is damaged or cut short' };
  }
  return isJoinToken(value) ? value : { problem: 'the join token is damaged' };
}

function isJoinToken(value: unknown): value is JoinToken {
  if (!isRecord(value)) return false;
  const { api, pin, id, secret, node } = value;
  const isListed = Array.isArray(api) && api.length > 0 && api.every((url) => matches(apiForm, url));
  const isKnown = matches(/^[0-9a-f]{64}$/, pin) && matches(joinId, id) && matches(secretForm, secret);
  return isListed && isKnown && (node === undefined || typeof node === 'string');
}

function matches(form: RegExp, value: unknown): boolean {
  return typeof value === 'string' && form.test(value);
}

export function printJoinBearer({ id, secret }: Pick<JoinToken, 'id' | 'secret'>): string {
  return `${bearerPrefix}${id}:${secret}`;
}

/** Undefined for bearer tokens of other sorts; empty texts for one that is ours and damaged. */
export function parseJoinBearer(text: string): { readonly id: string; readonly secret: string } | undefined {
  if (!text.startsWith(bearerPrefix)) return undefined;
  const [id = '', secret = '', ...more] = text.slice(bearerPrefix.length).split(':');
  return joinId.test(id) && secretForm.test(secret) && more.length === 0 ? { id, secret } : { id: '', secret: '' };
}
