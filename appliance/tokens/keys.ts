/**
 * The keys that sign tokens: a file of PEM blocks, the first of which signs and all of which are believed, so that a key can be replaced
 * without a break. Made, for its owner alone, when there is none. I/O. Source: RFC 7518 (ES256), RFC 7638 (key ids).
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { calculateJwkThumbprint, exportJWK, exportPKCS8, generateKeyPair } from 'jose';
import { hasCode } from '../lib/errors.ts';

export interface TokenKeys {
  readonly signing: { readonly id: string; readonly key: KeyObject };
  /** By key id. */
  readonly believed: ReadonlyMap<string, KeyObject>;
}

const block = /-----BEGIN [A-Z ]+-----[\s\S]+?-----END [A-Z ]+-----/g;

/** The keys of `file`, which is made when it is not there. Throws what names the file and what is wrong with it. */
export async function readTokenKeys(file: string): Promise<TokenKeys> {
  const text = await readOrMake(file);
  try {
    return await parseTokenKeys(text);
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** Private keys and, behind the first, public ones too; P-256 all of them. */
export async function parseTokenKeys(text: string): Promise<TokenKeys> {
  const blocks = text.match(block) ?? [];
  const [first] = blocks;
  if (first === undefined) throw new Error('holds no key in PEM');
  if (first.includes('PUBLIC KEY')) throw new Error('the first key signs and must be a private one');
  const believed = new Map<string, KeyObject>();
  for (const pem of blocks) {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('all keys must be EC keys on P-256');
    believed.set(await calculateJwkThumbprint(await exportJWK(key)), key);
  }
  const [id] = believed.keys();
  return { signing: { id: id!, key: createPrivateKey(first) }, believed };
}

/** Of two that make it at once one wins, and both go on with what it has made. */
async function readOrMake(file: string): Promise<string> {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.new`;
  writeFileSync(draft, `${(await exportPKCS8(privateKey)).trim()}\n`, { mode: 0o600, flag: 'wx', flush: true });
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    unlinkSync(draft);
  }
  return readFileSync(file, 'utf8');
}
