/**
 * What the store knows of hosts that join: the tokens (of the secret a hash only) and the certificates that were given. The decision to
 * give one is a single transaction, so that one use is one use whoever races for it. I/O through the store.
 */
import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { Compare, Entry, Store } from '../datastore/store.ts';
import { AppError } from '../lib/errors.ts';

export interface TokenRecord {
  readonly id: string;
  readonly secretSha256: string;
  readonly node?: string;
  readonly usesLeft: number;
  readonly createdMs: number;
  readonly expiresMs: number;
}

/** Of the newest certificate a host was given. */
export interface CertificateRecord {
  readonly node: string;
  readonly expiresMs: number;
  /** The token it came by; absent when it was renewed. */
  readonly token?: string;
}

export interface NewToken {
  readonly node?: string;
  readonly ttlMs: number;
  readonly uses: number;
}

const root = '/calico/appliance/v1/';
const tokensPrefix = `${root}join-tokens/`;
const certificatesPrefix = `${root}node-certificates/`;
const nodesPrefix = '/calico/resources/v3/projectcalico.org/nodes/';
const attemptsMax = 20;
/** A used or expired token is still told apart from one that never was, for this long. */
const rememberedMs = 24 * 3_600_000;

export async function createToken(
  store: Store,
  { node, ttlMs, uses }: NewToken,
  nowMs: number,
): Promise<{ readonly record: TokenRecord; readonly secret: string }> {
  await forgetOldTokens(store, nowMs);
  const secret = randomBytes(32).toString('base64url');
  const id = Array.from({ length: 10 }, () => randomInt(36).toString(36)).join('');
  const record: TokenRecord = {
    id,
    secretSha256: hashOf(secret),
    ...(node === undefined ? {} : { node }),
    usesLeft: uses,
    createdMs: nowMs,
    expiresMs: nowMs + ttlMs,
  };
  await store.put(tokenKey(id), print(record));
  return { record, secret };
}

/** All of them, the oldest first. */
export async function listTokens(store: Store): Promise<readonly TokenRecord[]> {
  const { entries } = await store.range({ key: Buffer.from(tokensPrefix), rangeEnd: endOf(tokensPrefix) });
  const records = entries.map((entry) => read<TokenRecord>(entry));
  return records.sort((a, b) => a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1));
}

/** False when there is no such token. */
export async function revokeToken(store: Store, id: string): Promise<boolean> {
  return (await store.delete({ key: tokenKey(id) })).deleted > 0;
}

/** Why a token is not to be taken; undefined when it is. */
export async function tokenProblem(
  store: Store,
  id: string,
  secret: string,
  nowMs: number,
): Promise<string | undefined> {
  const entry = await readEntry(store, tokenKey(id));
  if (entry === undefined) return 'there is no such join token, or it was revoked';
  const record = read<TokenRecord>(entry);
  if (!timingSafeEqual(Buffer.from(hashOf(secret)), Buffer.from(record.secretSha256)))
    return 'the secret of the join token is wrong';
  if (record.expiresMs <= nowMs) return 'the join token has expired';
  return record.usesLeft > 0 ? undefined : 'the join token has been used up';
}

export interface Grant {
  readonly node: string;
  /** The join token; undefined for a host that renews what it has. */
  readonly token: string | undefined;
  readonly expiresMs: number;
  readonly nowMs: number;
}

/**
 * Uses the token once and notes the certificate, both or neither. ENROLMENT_REFUSED, which says why: the token has gone meanwhile, is for
 * another host, or the host exists and the token does not name it. STORE_CONFLICT after too many others were faster.
 */
export async function grant(store: Store, { node, token, expiresMs, nowMs }: Grant): Promise<void> {
  const certificate: CertificateRecord = { node, expiresMs, ...(token === undefined ? {} : { token }) };
  const put = { type: 'put', key: certificateKey(node), value: print(certificate) } as const;
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const use = token === undefined ? undefined : await planUse(store, token, node, nowMs);
    const compare = use?.compare ?? [];
    const success = use === undefined ? [put] : [put, use.put];
    if ((await store.txn({ compare, success, failure: [] })).succeeded) return;
  }
  throw new AppError('STORE_CONFLICT', 'too many hosts join by this token at once; try again', { retry: 'later' });
}

async function planUse(store: Store, id: string, node: string, nowMs: number) {
  const entry = await readEntry(store, tokenKey(id));
  const record = entry === undefined ? undefined : read<TokenRecord>(entry);
  if (entry === undefined || record === undefined || record.expiresMs <= nowMs || record.usesLeft < 1)
    throw refused('the join token has been used up, has expired or was revoked');
  if (record.node !== undefined && record.node !== node) throw refused(`the join token is for node ${record.node}`);
  const seen = [entry, await readEntry(store, certificateKey(node)), await readEntry(store, nodeKey(node))] as const;
  if (record.node === undefined) refuseExisting(node, seen[1], seen[2], nowMs);
  const keys = [tokenKey(id), certificateKey(node), nodeKey(node)];
  // an agent writes its Node all the time: what counts of that is whether it is there
  const compare = keys.map((key, i): Compare => {
    const isNode = i === 2;
    const operand = (isNode ? seen[i]?.createRevision : seen[i]?.modRevision) ?? 0;
    return { key, target: isNode ? 'create' : 'mod', operand, result: 'equal' };
  });
  const put = { type: 'put', key: tokenKey(id), value: print({ ...record, usesLeft: record.usesLeft - 1 }) } as const;
  return { compare, put };
}

/** A token for any new host must not make somebody an old one. */
function refuseExisting(node: string, certificate: Entry | undefined, known: Entry | undefined, nowMs: number): void {
  const hint = `; a token made with --node ${node} lets it join anew`;
  if (certificate !== undefined && read<CertificateRecord>(certificate).expiresMs > nowMs)
    throw refused(`node ${node} already has a certificate that is good${hint}`);
  if (known !== undefined) throw refused(`node ${node} already exists${hint}`);
}

async function forgetOldTokens(store: Store, nowMs: number): Promise<void> {
  for (const { id, expiresMs } of await listTokens(store))
    if (expiresMs + rememberedMs < nowMs) await revokeToken(store, id);
}

async function readEntry(store: Store, key: Buffer): Promise<Entry | undefined> {
  return (await store.range({ key })).entries[0];
}

const tokenKey = (id: string) => Buffer.from(tokensPrefix + id);
const certificateKey = (node: string) => Buffer.from(certificatesPrefix + node);
const nodeKey = (node: string) => Buffer.from(nodesPrefix + node);

function endOf(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  end[end.length - 1]! += 1;
  return end;
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function print(record: TokenRecord | CertificateRecord): Buffer {
  return Buffer.from(JSON.stringify(record));
}

function read<T>(entry: Entry): T {
  return JSON.parse(entry.value.toString()) as T;
}

function refused(why: string): AppError {
  return new AppError('ENROLMENT_REFUSED', why);
}
